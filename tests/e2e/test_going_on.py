"""`--no-fail-fast` when several workers are at it, and when entries share a transaction."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg
import pytest

from support.oracle import assert_allowed
from support.processes import APPLY, finish, holding, start, until, until_waiting
from support.project import Project, Result

NO_COMMENTS = "LOCK TABLE pg_shdescription IN EXCLUSIVE MODE"
WITHOUT_THE_RUN_LOCK = """
SELECT pid FROM pg_stat_activity a
 WHERE application_name = 'pgtenant' AND wait_event_type = 'Lock'
   AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory')
"""
READ_BY_NEW_ROLES = """
SELECT s.dbid FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid
 WHERE right(r.rolname, 5) = '_late' AND s.classid = 'pg_default_acl'::regclass GROUP BY 1
"""
LEVELS = ("owner", "editor", "reader")


def applications(*names: str) -> dict[str, dict[str, Any]]:
    """Return a database for each name, with an owner, an editor and a reader."""
    return {
        f"{name}-{level}": {
            "database_name": name,
            "username": f"{name}_{level}",
            "access_level": level,
        }
        for name in names
        for level in LEVELS
    }


def failed(result: Result) -> Counter[str]:
    """Insist on a run that failed in order; return the users of its errors' rows."""
    assert result.code == 1, result.output
    assert "Traceback" not in result.err
    return Counter(r["username"] for r in result.json["records"] if r["status"] == "error")


@pytest.mark.slow
@pytest.mark.every_major
def test_a_lost_connection_costs_one_transaction(project: Project) -> None:
    """Of two workers the one that is not on the primary connection loses its own, and goes on."""
    names = tuple(f"app{n}" for n in range(6))
    project.settings = {"server": {"connections": 3, "lock_timeout": "60s"}}
    project.write(applications(*names))
    with holding(project.instance, NO_COMMENTS):
        run = start(project, *APPLY, "--no-fail-fast")
        until_waiting(project.instance, "COMMENT ON ROLE%", 2)
        (pid,) = until(project.instance, WITHOUT_THE_RUN_LOCK, [])
        project.instance.su("SELECT pg_terminate_backend(%s, 60000)", [pid])
    (result,) = finish(run)
    lost = failed(result)
    (home,) = {user.rpartition("_")[0] for user in lost}
    assert lost == dict.fromkeys([f"{home}_{level}" for level in LEVELS], 1)
    for name in set(names) - {home}:
        for level in LEVELS:
            assert_allowed(project, f"{name}_{level}", name)
    assert project.instance.su("SELECT FROM pg_roles WHERE rolname LIKE %s", [f"{home}%"]) == []
    project.converge()
    assert_allowed(project, f"{home}_reader", home)
    assert project.plan("--detailed-exitcode").code == 0


@pytest.mark.parametrize("go_on", [True, False])
def test_each_entry_tries_alone_what_they_could_not_do_together(
    project: Project, go_on: bool
) -> None:
    """Somebody else makes one of an application's roles while they are being made."""
    project.write(applications("orders"))
    with holding(project.instance, "CREATE ROLE orders_editor") as other:
        run = start(project, *APPLY, *(["--no-fail-fast"] if go_on else []))
        until_waiting(project.instance, "CREATE ROLE%")
        other.commit()
        (result,) = finish(run)
    made = project.instance.su(
        "SELECT rolname FROM pg_roles WHERE rolname ^@ 'orders_' AND rolcanlogin ORDER BY 1"
    )
    if not go_on:
        assert failed(result).keys() == {f"orders_{level}" for level in LEVELS}
        assert "error: role orders_editor (" in result.err
        messages = {r["username"]: r["message"] for r in result.json["records"]}
        assert messages["orders_editor"].startswith("role orders_editor (")
        assert "pg_authid_rolname_index" in messages["orders_editor"]
        for innocent in ("orders_owner", "orders_reader"):
            assert messages[innocent].startswith("undone: orders-editor failed in the same tr")
        assert made == []
        return
    assert failed(result) == {"orders_editor": 1}
    assert made == [("orders_owner",), ("orders_reader",)]
    assert_allowed(project, "orders_owner", "orders", "CREATE TABLE t ()")
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM t")
    assert project.plan().json["summary"]["blocked"] == 1  # it has no marker of ours


@pytest.mark.slow
def test_nobody_waits_behind_a_database_that_takes_long(project: Project) -> None:
    """Another worker enters the databases that were made ready together with it."""
    names = tuple(f"app{n}" for n in range(8))
    project.settings = {"server": {"connections": 3, "lock_timeout": "60s"}}
    project.write(applications(*names))
    project.converge()
    late = {
        f"{name}-late": {
            "database_name": name,
            "username": f"{name}_late",
            "access_level": "reader",
        }
        for name in names
    }
    project.write(applications(*names) | late)
    with psycopg.connect(project.instance.superuser_conninfo("app1")) as other:
        other.execute("LOCK TABLE pg_default_acl IN EXCLUSIVE MODE")
        run = start(project, *APPLY)
        until(project.instance, READ_BY_NEW_ROLES, [], len(names) - 1)
        other.rollback()
        (result,) = finish(run)
    assert result.code == 0, result.output
    for name in names:
        assert_allowed(project, f"{name}_late", name)
