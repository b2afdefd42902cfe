"""New passwords: on the server, in the secret, in the audit, and nowhere else."""

from __future__ import annotations

import json
import os
import time

import pytest

from e2e.rotate.shop import (
    SHOP,
    admitted,
    in_order,
    refused,
    rotate,
    rotated,
    stored,
    unchanged,
    write_shop,
)
from pgtenant.rotation.stages import PENDING, PREVIOUS
from support.instance import Instance
from support.project import Project


def test_one_entry_in_aws(aws_project: Project) -> None:
    write_shop(aws_project)
    aws_project.converge()
    before = stored(aws_project)
    (done,) = rotated(aws_project, "shop")
    after = in_order(aws_project)
    assert after["password"] != before["password"]
    assert stored(aws_project, stage=PREVIOUS) == before
    assert aws_project.moto is not None
    with aws_project.moto.secrets() as client:
        told = client.describe_secret(SecretId=aws_project.secret_name("shop/postgres"))
    assert told["VersionIdsToStages"][done["version"]] == ["AWSCURRENT"]


@pytest.mark.every_major
def test_one_entry(shop: Project, instance: Instance) -> None:
    before, other = stored(shop), stored(shop, "shop-ro/postgres")
    mark = instance.log_mark()
    (done,) = rotated(shop, "shop")
    assert (done["entry"], done["state"], done["resumed"]) == ("shop", "rotated", False)
    assert done["window_ms"] is not None
    assert done["version"]

    sent = instance.log_since(mark)
    after = in_order(shop)
    assert list(after) == list(before)
    for name in ("username", "host", "port", "dbname", "engine", "note"):
        assert after[name] == before[name]
    assert stored(shop, stage=PREVIOUS) == before
    refused(shop, before)
    assert stored(shop, "shop-ro/postgres") == other
    assert after["password"] not in sent
    assert "PASSWORD 'SCRAM-SHA-256$" in sent
    assert [s for s in sent.splitlines() if "ALTER ROLE" in s and "shop_reader" in s] == []


def test_all_of_them_again_and_again(shop: Project) -> None:
    seen: set[str] = set()
    for _ in range(2):
        assert [one["entry"] for one in rotated(shop, "--all")] == ["shop", "shop-ro"]
        seen |= {in_order(shop, f"{key}/postgres")["password"] for key in SHOP}
    assert len(seen) == 4


def test_the_audit_and_the_journal_tell_of_it(files: Project) -> None:
    rotated(files, "shop")
    row = files.audit_rows()[-1]
    assert (row["username"], row["database"]) == ("shop_user", "shop")
    assert (row["action"], row["status"]) == ("update_password", "success")
    assert "server and secret disagreed for" in row["message"]
    assert int(row["duration_ms"]) >= 0
    assert files.audit_rows()[-2]["action"] == "store_secret"
    verified = files.run("audit", "verify", str(files.audit))
    assert verified.code == 0, verified.output
    runs = files.run("audit", "runs", str(files.audit))
    assert "rotate" in runs.out


def test_text_for_people(files: Project) -> None:
    done = files.run("rotate", "-e", "dev", "shop")
    assert done.code == 0, done.output
    assert "shop_user has a new password" in " ".join(done.out.split())
    assert "1 password rotated." in done.out
    assert stored(files)["password"] not in done.output


def test_a_dry_run_changes_nothing(shop: Project) -> None:
    shop.settings = {"environments.dev": {"approval": True}}
    shop.write_settings()
    before = stored(shop)
    (one,) = rotated(shop, "shop", "--dry-run")
    assert one["state"] == "to_do"
    assert stored(shop) == before
    assert stored(shop, stage=PENDING) == {}
    admitted(shop, before)
    assert shop.audit_rows()[-1]["status"] == "dry_run"
    assert rotate(shop, "shop").code == 3
    assert stored(shop) == before


def test_due_by_risk(files: Project) -> None:
    assert {one["entry"]: one["state"] for one in rotated(files, "--due")} == {
        "shop": "not_due",
        "shop-ro": "not_due",
    }
    for name, days in (("shop/postgres", 15), ("shop-ro/postgres", 15)):
        age(files, name, days)
    assert {one["entry"]: one["state"] for one in rotated(files, "--due")} == {
        "shop": "rotated",
        "shop-ro": "not_due",
    }
    in_order(files)
    age(files, "shop-ro/postgres", 91)
    (one,) = rotated(files, "shop-ro", "--due")
    assert (one["state"], one["due"]["days"], one["due"]["is_due"]) == ("rotated", 90, True)
    files.settings = {"rotation": {"high": 1}}
    files.write_settings()
    age(files, "shop/postgres", 2)
    assert [one["state"] for one in rotated(files, "shop", "--due", "--dry-run")] == ["to_do"]


def age(project: Project, name: str, days: int) -> None:
    """Let a file be so many days older."""
    path = project.secret_path(name)
    then = path.stat().st_mtime - days * 86_400
    os.utime(path, (then, then))


@pytest.mark.slow
def test_a_marker_that_names_the_version_follows(aws_project: Project) -> None:
    project = aws_project
    write_shop(project)
    for flags in ([], ["--trust-markers"], ["--trust-markers"]):
        project.converge(*flags)
    (done,) = rotated(project, "shop")
    ((comment,),) = project.instance.su(
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 'shop_user'"
    )
    assert json.loads(comment)["secret"] == done["version"]
    unchanged(project)


@pytest.mark.parametrize(
    "arguments", [[], ["shop", "--all"], ["shop", "--admin"], ["--admin", "--all"]]
)
def test_what_is_to_be_rotated_has_to_be_said_once(files: Project, arguments: list[str]) -> None:
    assert rotate(files, *arguments).code == 64


def test_an_entry_that_nobody_knows(files: Project) -> None:
    result = rotate(files, "shopp")
    assert result.code == 64
    assert "has no entry shopp" in result.err


def test_two_rotations_of_alternating_logins_right_after_one_another(files: Project) -> None:
    """Whoever has not read the secret between them is kept out, which is said before and after."""
    write_shop(files, rotation="alternate")
    files.converge()

    def said(*arguments: str) -> str:
        result = rotate(files, "shop", *arguments)
        assert result.code == 0, result.output
        message = str(result.json["records"][-1]["message"])
        (one,) = result.json["rotation"]
        assert one["hasty"] is ("less than 60 minutes ago" in message)
        return message

    assert "less than 60 minutes ago" not in said()
    for dry_run in (["--dry-run"], []):
        message = said(*dry_run)
        assert "less than 60 minutes ago" in message
        assert "is refused as shop_user" in message
    path, earlier = files.secret_path("shop/postgres"), time.time() - 2 * 3600
    os.utime(path, (earlier, earlier))
    assert "less than 60 minutes ago" not in said()
    in_order(files)
