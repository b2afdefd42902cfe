"""Servers that do not answer: a commit that no standby confirms, processes that were stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.instance import Instance
from support.oracle import assert_allowed
from support.processes import APPLY, finish, holding, start, until, until_waiting
from support.project import Project, Result
from support.siege import standing, state

pytestmark = pytest.mark.slow

ENTRIES = {"orders": {"database_name": "orders", "username": "orders_user"}}
NO_COMMENTS = "LOCK TABLE pg_shdescription IN EXCLUSIVE MODE"
UNCONFIRMED = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
STANDS = "committed on this server, but no synchronous standby has confirmed it"


@pytest.fixture
def alone(private_instance: Callable[..., Instance], tmp_path: Path) -> Project:
    """A server of the test's own; little patience, and one transaction after the other."""
    project = Project(root=tmp_path, instance=private_instance())
    project.settings = {"server": {"statement_timeout": "2s", "connections": 2}}
    project.write(ENTRIES)
    return project


@contextlib.contextmanager
def without_standby(instance: Instance) -> Iterator[None]:
    """Have the server wait for a standby that is not there."""
    try:
        _standbys(instance, "nobody")
        yield
    finally:
        _standbys(instance, "")


def _standbys(instance: Instance, names: str) -> None:
    instance.su(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'".encode())
    instance.su("SELECT pg_reload_conf()")
    setting = "SELECT 1 WHERE current_setting('synchronous_standby_names') = %s"
    until(instance, setting, [names])


def _unconfirmed(result: Result) -> list[tuple[str, str]]:
    """Insist on one clear error; return action and status of what the run recorded."""
    assert result.code == 1, result.output
    assert "Traceback" not in result.err
    error = result.json["error"]
    assert result.json.get("errors", [error]) == [error]
    assert STANDS in error["message"]
    assert "pg_stat_replication" in error["hint"]
    assert result.err.count("error: ") == 1
    return [(r["action"], r["status"]) for r in result.json["records"]]


@pytest.mark.every_major
def test_what_no_standby_confirms_stands(alone: Project) -> None:
    """A `COMMIT`, then a `CREATE DATABASE`; no later run takes either for unknown or undone."""
    instance = alone.instance
    with without_standby(instance):
        first, second = alone.apply(), alone.apply()
    assert _unconfirmed(first) == [
        ("create_role", "warning"),
        ("run", "error"),
        ("check", "warning"),
    ]
    assert _unconfirmed(second)[:2] == [("create_database", "warning"), ("run", "error")]
    assert STANDS in alone.audit_rows()[0]["message"]
    third = alone.converge()
    told = [(r["action"], r["status"]) for r in third.json["records"]]
    assert not {action for action, _ in told} & {"create_role", "create_database"}
    assert {status for _, status in told} == {"success"}
    assert alone.run("audit", "verify", "-e", "dev").code == 0
    assert_allowed(alone, "orders_user", "orders", "CREATE TABLE t ()")
    assert alone.plan("--detailed-exitcode").code == 0


def test_every_run_gets_one_further(alone: Project) -> None:
    """Nothing that was committed is made twice, and the end is that of a run that was confirmed."""
    instance, commits = alone.instance, 0
    with without_standby(instance):
        while (result := alone.apply()).code:
            statuses = [status for _, status in _unconfirmed(result)]
            assert statuses[1] == "error"
            commits += 1
            assert standing(instance) == []
            assert commits < 10
    made = [row for row in alone.audit_rows() if STANDS in row["message"]]
    assert commits == sum(row["action"] == "run" for row in made)
    after = state(instance, "orders")
    assert alone.converge().json["summary"]["success"] == 0
    assert state(instance, "orders") == after


@pytest.mark.parametrize("connections", [2, 8])
def test_no_other_entry_waits_as_long(alone: Project, connections: int) -> None:
    """Neither after it nor, when two were under way, with a message of its own."""
    alone.settings["server"]["connections"] = connections
    alone.write(ENTRIES | {"billing": {"database_name": "billing", "username": "billing_user"}})
    with without_standby(alone.instance):
        told = _unconfirmed(alone.apply("--no-fail-fast"))
    assert told.count(("create_role", "warning")) == (1 if connections == 2 else 2)
    assert told.count(("run", "error")) == 1
    alone.converge()


def test_somebody_else_cancels_the_wait(alone: Project) -> None:
    """PostgreSQL then reports success and a warning, long before the limit."""
    alone.settings["server"]["statement_timeout"] = "10min"
    alone.write_settings()
    with without_standby(alone.instance):
        run = start(alone, *APPLY)
        (pid,) = until(alone.instance, UNCONFIRMED, [])
        alone.instance.su("SELECT pg_cancel_backend(%s)", [pid])
        (result,) = finish(run)
    assert _unconfirmed(result)[:2] == [("create_role", "warning"), ("run", "error")]


def test_bootstrap_says_so_as_well(alone: Project) -> None:
    with without_standby(alone.instance):
        result = alone.run("bootstrap", "-e", "dev", "--format", "json")
    *told, last = _unconfirmed(result)
    assert ("create_role", "warning") in told
    assert last == ("run", "error")
    assert alone.run("bootstrap", "-e", "dev", "--format", "json").code == 0


def test_an_initial_schema_has_the_time_of_its_statements(alone: Project) -> None:
    """Each is within the timeout, and all together are not."""
    alone.settings["server"]["statement_timeout"] = "3s"
    (alone.root / "schemas").mkdir()
    (alone.root / "schemas" / "slow.sql").write_text("SELECT pg_sleep(1.8);" * 3)
    alone.write({"orders": ENTRIES["orders"] | {"initial_schema": "slow.sql"}})
    alone.converge()


@pytest.mark.parametrize("stopped", ["backend", "server"])
def test_a_process_that_was_stopped(alone: Project, stopped: str) -> None:
    """Neither the statement nor the request to cancel it is answered."""
    alone.settings["server"]["statement_timeout"] = "3s"
    alone.write_settings()
    instance = alone.instance
    with contextlib.ExitStack() as stack, holding(instance, NO_COMMENTS):
        run = start(alone, *APPLY)
        (pid,) = until_waiting(instance, "COMMENT ON ROLE %")
        for process in (pid, instance.server.pid if stopped == "server" else None):
            if process is not None:
                os.kill(process, signal.SIGSTOP)
                stack.callback(os.kill, process, signal.SIGCONT)
        (result,) = finish(run)
    assert result.code == 1, result.output
    assert "Traceback" not in result.err
    (error,) = result.json["errors"]
    assert "no answer within 5 s" in error["message"]
    assert "stopped" in error["hint"]
    assert ("create_role", "error") in [(r["action"], r["status"]) for r in result.json["records"]]
    alone.converge()


def test_a_server_that_takes_connections_and_says_nothing(alone: Project) -> None:
    alone.settings["server"]["connect_timeout"] = "2s"
    alone.write_settings()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        admin = alone.instance.admin
        port = silent.getsockname()[1]
        alone.write_secret("rds/master", admin.user, admin.password, admin.dbname, port=port)
        result = alone.apply()
    assert result.code == 1
    assert "timeout" in result.json["error"]["message"]
