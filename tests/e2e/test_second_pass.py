"""What a run learns only after its own repairs, and what it says about what it left out."""

from __future__ import annotations

import contextlib
import threading
import time

import psycopg

from support.instance import Instance
from support.project import Project

ENTRIES = {
    "shop": {"database_name": "shop", "username": "shop_user"},
    "shop_ro": {"database_name": "shop", "username": "shop_reader", "access_level": "reader"},
}


def _break(project: Project, instance: Instance) -> None:
    """Take a grant away, give one too many, and close the database to us."""
    with project.tenant("shop_user", "shop") as owner:
        owner.execute("CREATE TABLE t1 (n int)")
        owner.execute("CREATE TABLE t2 (n int)")
        owner.execute("REVOKE SELECT ON t1 FROM shop_reader")
        owner.execute("GRANT INSERT ON t2 TO shop_reader")
    instance.su("ALTER DATABASE shop ALLOW_CONNECTIONS false")


def _may(instance: Instance, table: str, privilege: str) -> bool:
    [(answer,)] = instance.su(
        f"SELECT has_table_privilege('shop_reader', '{table}', '{privilege}')", dbname="shop"
    )
    return bool(answer)


def test_a_saved_plan_does_nothing_that_was_not_reviewed(
    project: Project, instance: Instance
) -> None:
    project.write(ENTRIES)
    project.converge()
    _break(project, instance)
    saved = str(project.root / "plan.json")
    project.plan("--authoritative", "--out", saved)

    applied = project.apply(saved)
    assert applied.code == 1
    assert "that it could not know" in applied.err
    assert not _may(instance, "t1", "SELECT")
    assert _may(instance, "t2", "INSERT")

    project.plan("--authoritative", "--out", saved)
    assert project.apply(saved).code == 0
    assert _may(instance, "t1", "SELECT")
    assert not _may(instance, "t2", "INSERT")


def test_an_entry_that_turns_out_to_be_blocked(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    project.converge()
    instance.su("ALTER SCHEMA public OWNER TO rdsadmin", dbname="shop")
    instance.su("GRANT CREATE ON SCHEMA public TO PUBLIC", dbname="shop")
    instance.su("ALTER DATABASE shop ALLOW_CONNECTIONS false")

    applied = project.apply()
    assert applied.code == 4
    statuses = {(r["username"], r["status"]) for r in applied.json["records"]}
    assert {("shop_user", "blocked"), ("shop_reader", "blocked")} <= statuses


def test_what_was_skipped_is_not_called_unchanged(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    project.settings["server"] = {"lock_timeout": "1s"}
    project.write(ENTRIES)
    project.converge()
    instance.su("ALTER ROLE shop_user NOCREATEDB")
    with project.tenant("shop_user", "shop") as owner:
        owner.execute("REVOKE CONNECT ON DATABASE shop FROM shop_reader")
    with psycopg.connect(instance.superuser_conninfo()) as other:
        other.execute("ALTER ROLE shop_user CONNECTION LIMIT -1")
        applied = project.apply("--no-fail-fast", "--lock-timeout", "30s")
        other.rollback()
    assert applied.code == 1
    rows = [(r["username"], r["status"]) for r in applied.json["records"]]
    assert ("shop_user", "error") in rows
    assert ("shop_reader", "warning") in rows
    assert ("shop_reader", "no_change") not in rows


def test_a_run_that_never_begins_leaves_a_row_for_each_entry(
    project: Project, instance: Instance
) -> None:
    project.write(ENTRIES)
    admin = instance.admin
    project.write_secret("rds/master", admin.user, "fake-wrong", admin.dbname)
    applied = project.apply()
    assert applied.code == 1
    assert [(r["username"], r["action"], r["status"]) for r in project.audit_rows()] == [
        ("shop_user", "run", "error"),
        ("shop_reader", "run", "error"),
    ]


def test_a_lost_run_lock_ends_the_run(project: Project, instance: Instance) -> None:
    schema = project.root / "schemas" / "slow.sql"
    schema.parent.mkdir()
    schema.write_text("SELECT pg_sleep(3); CREATE TABLE slow (n int)")
    entries = {
        "aaa": {"database_name": "aaa", "username": "aaa_user"},
        "bbb": {"database_name": "bbb", "username": "bbb_user", "initial_schema": "slow.sql"},
    }
    project.settings["server"] = {"connections": 4}
    project.write(entries)

    def end_the_lock_holder() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.Error):
                busy = instance.su(
                    "SELECT 1 FROM pg_stat_activity"
                    " WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
                )
                if busy:
                    break
            time.sleep(0.05)
        # The schema's own login holds an advisory lock too, in its own database.
        instance.su(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l"
            " JOIN pg_database d ON d.oid = l.database"
            " WHERE l.locktype = 'advisory' AND d.datname = 'platform'"
        )

    killer = threading.Thread(target=end_the_lock_holder)
    killer.start()
    applied = project.apply()
    killer.join()
    assert applied.code == 1
    assert "the connection that holds the run lock was lost" in applied.err, applied.err
    project.converge()
