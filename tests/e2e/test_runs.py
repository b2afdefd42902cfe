"""Runs: which entries, which ids, what is recorded, and saved plans."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.instance import Instance
from support.oracle import changing, versions
from support.project import Project, password_of

ENTRIES = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "orders_ro": {
        "database_name": "orders",
        "username": "orders_reader",
        "access_level": "reader",
    },
    "billing": {"database_name": "billing", "username": "billing_user"},
}
COLUMNS = (
    "timestamp_utc,environment,build_id,run_id,database,username,action,status,duration_ms,message"
)


def _databases(instance: Instance) -> set[str]:
    rows = instance.su("SELECT datname FROM pg_database WHERE datname IN ('orders', 'billing')")
    return {name for (name,) in rows}


def test_only(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    result = project.converge("--only", "billing")
    assert _databases(instance) == {"billing"}
    assert {record["username"] for record in result.json["records"]} == {"billing_user"}
    alone = project.apply("--only", "orders_ro")  # the owner has not made the database yet
    assert alone.code == 4
    assert "orders" in alone.json["records"][0]["message"]
    project.converge("--only", "orders", "--only", "orders_ro")
    assert project.plan("--detailed-exitcode").code == 0


def test_only_needs_only_those_secrets(project: Project) -> None:
    project.write(ENTRIES)
    project.secret_path("orders/postgres").unlink()
    project.converge("--only", "billing")


def test_dry_run(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    before = versions(instance, [])
    mark = instance.log_mark()
    result = project.apply("--dry-run")
    assert result.code == 0
    assert {record["status"] for record in result.json["records"]} == {"dry_run"}
    assert {r["username"] for r in result.json["records"]} == {
        e["username"] for e in ENTRIES.values()
    }
    assert versions(instance, []) == before
    assert changing(instance.log_since(mark)) == []
    project.converge()
    again = project.apply("--dry-run")
    assert {record["status"] for record in again.json["records"]} == {"no_change"}


def test_ids_and_the_audit_file(project: Project, tmp_path: Path) -> None:
    project.write(ENTRIES)
    audit = tmp_path / "elsewhere" / "audit.csv"
    named = project.converge("--build-id", "b-7", "--run-id", "r-7", "--audit", str(audit))
    assert named.json["run_id"] == "r-7"
    assert audit.read_text().splitlines()[0] == COLUMNS
    with audit.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["build_id"], row["run_id"]) for row in rows} == {("b-7", "r-7")}
    assert [list(map(str, record.values())) for record in named.json["records"]] == [
        list(row.values()) for row in rows
    ]
    assert not project.audit.exists()

    project.environ = {"GITHUB_RUN_ID": "4711", "GITHUB_RUN_ATTEMPT": "2"}
    runs = [project.converge() for _ in range(2)]
    project.environ = {}
    runs.append(project.converge())
    ids = [run.json["run_id"] for run in runs]
    assert len(set(ids)) == 3
    assert [bool(re.match("4711-2-", run_id)) for run_id in ids] == [True, True, False]
    assert ids[2].startswith("local-")
    recorded = project.audit_rows()
    assert [row["build_id"] for row in recorded] == ["4711"] * 6 + ["manual"] * 3
    assert {row["username"] for row in recorded} == {
        entry["username"] for entry in ENTRIES.values()
    }
    for row in recorded:
        when = datetime.strptime(row["timestamp_utc"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        assert abs(datetime.now(UTC) - when) < timedelta(minutes=5)
        assert row["environment"] == "dev"
        assert row["duration_ms"].isdigit()


def test_every_step_has_its_row(project: Project) -> None:
    project.write(ENTRIES)
    project.converge()
    told = {(row["username"], row["action"]) for row in project.audit_rows()}
    assert told >= {
        ("orders_user", "create_role"),
        ("orders_user", "create_database"),
        ("orders_user", "configure_database"),
        ("orders_reader", "create_role"),
        ("orders_reader", "apply_grants"),
        ("billing_user", "create_database"),
    }


def test_a_saved_plan(project: Project, instance: Instance, tmp_path: Path) -> None:
    project.write(ENTRIES)
    saved = tmp_path / "plan.json"
    assert project.plan("--out", str(saved)).code == 0
    assert saved.stat().st_mode & 0o777 == 0o600
    assert not re.search("|".join(map(re.escape, _secrets(instance))), saved.read_text())
    done = project.run("apply", str(saved), "--format", "json")
    assert done.code == 0, done.output
    assert _databases(instance) == {"orders", "billing"}
    mark = instance.log_mark()
    stale = project.run("apply", str(saved), "--format", "json")
    assert stale.code == 1
    assert "stale" in stale.err
    assert "create_role" in stale.json["error"]["message"]
    assert changing(instance.log_since(mark)) == []


def test_a_stale_plan_says_what_moved(project: Project, instance: Instance, tmp_path: Path) -> None:
    project.write(ENTRIES)
    saved = tmp_path / "plan.json"
    project.plan("--out", str(saved))
    instance.su("CREATE ROLE billing_user")
    refused = project.run("apply", str(saved))
    assert refused.code == 1
    assert "billing" in refused.err
    assert _databases(instance) == set()
    instance.su("DROP ROLE billing_user")
    project.write(ENTRIES | {"orders": ENTRIES["orders"] | {"createdb": False}})
    refused = project.run("apply", str(saved))
    assert refused.code == 1
    assert "the catalog's entries have changed" in refused.err


@pytest.mark.parametrize("flag", ["--only", "--authoritative"])
def test_a_saved_plan_keeps_its_scope(
    project: Project, instance: Instance, tmp_path: Path, flag: str
) -> None:
    project.write(ENTRIES)
    project.converge("--only", "orders", "--only", "orders_ro")
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("CREATE TABLE t (); GRANT INSERT ON t TO orders_reader")
    saved = tmp_path / "plan.json"
    arguments = ["--only", "orders_ro"] if flag == "--only" else ["--authoritative"]
    project.plan(*arguments, "--out", str(saved))
    assert project.run("apply", str(saved)).code == 0
    ((held,),) = instance.su(
        "SELECT has_table_privilege('orders_reader', 't', 'INSERT')", None, "orders"
    )
    assert held is (flag == "--only")
    assert ("billing" in _databases(instance)) is (flag == "--authoritative")


def _secrets(instance: Instance) -> list[str]:
    users = [entry["username"] for entry in ENTRIES.values()]
    return [instance.admin.password, *map(password_of, users)]
