"""Many runs at once on one instance, as processes: together they do what one does alone."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from support import hygiene
from support.instance import Instance
from support.oracle import sent
from support.processes import APPLY, finish, holding, start, until_waiting
from support.project import Project
from support.siege import Rows, can_log_in, state

pytestmark = pytest.mark.slow

ENTRIES: dict[str, dict[str, Any]] = {
    "orders": {
        "database_name": "orders",
        "username": "orders_user",
        "initial_schema": "basic-app",
        "extensions": ["pgcrypto"],
    },
    "orders_rw": {"database_name": "orders", "username": "orders_rw", "access_level": "editor"},
    "orders_ro": {"database_name": "orders", "username": "orders_ro", "access_level": "reader"},
    "billing": {"database_name": "billing", "username": "billing_user"},
    "search": {"database_name": "search", "username": "search_user", "connection_limit": 9},
}
DATABASES = ("orders", "billing", "search")


def of_one_run(project: Project) -> Rows:
    """Return the catalogs as a single run makes them, and take all of it away again."""
    instance = project.instance
    before = hygiene.baseline(instance)
    project.write(ENTRIES)
    project.converge()
    alone = state(instance, *DATABASES)
    hygiene.clean(instance, *before)
    return alone


def created(log: str) -> list[str]:
    return sorted(s.split()[2].strip('"') for s in sent(log) if s.startswith("CREATE DATABASE"))


@pytest.mark.every_major
@pytest.mark.parametrize("number", [2])
def test_two_at_once(project: Project, instance: Instance, number: int) -> None:
    _together(project, instance, number)


def test_eight_at_once(project: Project, instance: Instance) -> None:
    _together(project, instance, 8)


def _together(project: Project, instance: Instance, number: int) -> None:
    alone = of_one_run(project)
    mark = instance.log_mark()
    results = finish(*[start(project, *APPLY) for _ in range(number)])
    log = instance.log_since(mark)
    assert [r.code for r in results] == [0] * number, [r.output for r in results]
    assert state(instance, *DATABASES) == alone
    assert created(log) == sorted(DATABASES)
    assert "ERROR" not in log.replace("ERROR:  database", "")
    counts = sorted(r.json["summary"]["no_change"] for r in results)
    assert counts == [0, *[len(ENTRIES)] * (number - 1)]
    for entry in ENTRIES.values():
        assert can_log_in(instance, entry["username"], entry["database_name"])
    verified = project.run("audit", "verify", "-e", "dev")
    assert verified.code == 0, verified.output
    rows = project.audit_rows()  # those of the single run too
    assert len({row["run_id"] for row in rows}) == number + 1
    assert project.plan("--detailed-exitcode").code == 0


def test_who_can_not_wait_is_told_who_works(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    with holding(instance, "LOCK TABLE pg_shdescription IN EXCLUSIVE MODE") as superuser:
        first = start(project, *APPLY)
        until_waiting(instance, "COMMENT ON ROLE %", len(DATABASES))
        ((holder,),) = instance.su(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )
        others = finish(*[start(project, *APPLY, "--lock-timeout", "300ms") for _ in range(3)])
        superuser.commit()
        (worked,) = finish(first)
    assert worked.code == 0, worked.output
    assert [other.code for other in others] == [1, 1, 1]
    for other in others:
        assert f"pid {holder}, user platform_admin, host 127.0.0.1, since 2" in other.err
        assert f"pg_terminate_backend({holder})" in other.err
        assert "Traceback" not in other.err
    assert project.run("audit", "verify", "-e", "dev").code == 0
    project.converge()


def test_two_projects_with_two_environments(
    project: Project, instance: Instance, tmp_path: Path
) -> None:
    """They have nothing in common but the server, and still work one after the other."""
    other = Project(root=tmp_path / "other", instance=instance, env="test")
    other.root.mkdir()
    other.settings = {"environments.test": {"approval": False}}
    other.write({"stock": {"database_name": "stock", "username": "stock_user"}})
    project.write(ENTRIES)
    with holding(instance, "LOCK TABLE pg_shdescription IN EXCLUSIVE MODE") as superuser:
        first = start(project, *APPLY)
        until_waiting(instance, "COMMENT ON ROLE %", len(DATABASES))
        ours = ("apply", "-e", "test", "--format", "json")
        (stopped,) = finish(start(other, *ours, "--lock-timeout", "300ms"))
        waiting = start(other, *ours)
        superuser.commit()
        results = finish(first, waiting)
    assert stopped.code == 1
    assert "another run holds the instance" in stopped.err
    assert [r.code for r in results] == [0, 0], [r.output for r in results]
    for one in (project, other):
        assert one.run("plan", "-e", one.env, "--detailed-exitcode").code == 0
        assert one.run("audit", "verify", "-e", one.env).code == 0


@pytest.fixture
def delegated(project: Project, tmp_path: Path) -> Project:
    """The same catalog, with the delegated admin, whose secret names another database."""
    project.write(ENTRIES)
    assert project.run("bootstrap", "-e", "dev").code == 0
    with project.instance.connect(*dataclasses.astuple(project.instance.admin)) as admin:
        admin.execute("CREATE DATABASE annex")
        admin.execute("GRANT CONNECT ON DATABASE annex TO pgtenant_admin")
    path = project.secret_path("rds/provisioner")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dbname": "annex"}))
    other = dataclasses.replace(project, root=tmp_path / "delegated", settings={})
    other.root.mkdir()
    (other.root / ".secrets").symlink_to(project.root / ".secrets")
    other.settings = {"secrets": {"admin": "goldenpath/{env}/rds/provisioner"}}
    other.write(ENTRIES, secrets=False)
    return other


@pytest.mark.every_major
def test_master_and_delegated_admin_in_two_databases(
    project: Project, instance: Instance, delegated: Project
) -> None:
    mark = instance.log_mark()
    runs = [start(one, *APPLY) for one in (project, delegated) * 2]
    results = finish(*runs)
    # Who comes second may lack what the first one holds, and says so before any change.
    assert created(instance.log_since(mark)) == sorted(DATABASES)
    for result in results:
        assert result.code == 0 or "may not carry out this plan" in result.err, result.output
    assert 0 in {result.code for result in results}


@pytest.mark.parametrize("lock_database", ["platform", "annex"])
def test_the_other_admin_is_told_where_the_lock_is(
    project: Project, instance: Instance, delegated: Project, lock_database: str
) -> None:
    with holding(instance, "LOCK TABLE pg_shdescription IN EXCLUSIVE MODE") as superuser:
        here, there = project, delegated
        if lock_database == "annex":
            here, there = there, here
        first = start(here, *APPLY)
        until_waiting(instance, "COMMENT ON ROLE %", len(DATABASES))
        (stopped,) = finish(start(there, *APPLY, "--lock-timeout", "300ms"))
        superuser.commit()
        (worked,) = finish(first)
    assert worked.code == 0, worked.output
    assert stopped.code == 1
    user = {"platform": "platform_admin", "annex": "pgtenant_admin"}[lock_database]
    assert f"user {user}, host unknown, since unknown" in stopped.err
    assert f"the run lock in the database {lock_database}" in stopped.err
    assert "[server] maintenance_database" in stopped.err
    assert "pg_read_all_stats" in stopped.err
    assert "interference" not in stopped.err


def test_one_configured_database_for_both(
    project: Project, instance: Instance, delegated: Project
) -> None:
    delegated.settings["server"] = {"maintenance_database": "platform"}
    delegated.write_settings()
    mark = instance.log_mark()
    delegated.converge()
    log = instance.log_since(mark)
    tried = [line for line in log.splitlines() if "pg_try_advisory_lock" in line]
    assert tried
    assert all("pgtenant_admin@platform" in line for line in tried)
    assert project.plan("--detailed-exitcode").code in {0, 2}
