"""What owners, editors and readers can do, shown by their own logins."""

from __future__ import annotations

from typing import Any, LiteralString

import pytest

from support.instance import Instance
from support.oracle import assert_allowed, assert_denied, assert_refused, table_powers
from support.project import Project

OWNER = {"database_name": "orders", "username": "orders_user"}
EDITOR = {"database_name": "orders", "username": "orders_editor", "access_level": "editor"}
READER = {"database_name": "orders", "username": "orders_reader", "access_level": "reader"}
OTHER = {"database_name": "billing", "username": "billing_user"}
ALL = {"orders": OWNER, "orders_rw": EDITOR, "orders_ro": READER, "billing": OTHER}

Queries = tuple[LiteralString, ...]

MAKE: Queries = (
    "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int)",
    "CREATE SEQUENCE counter",
    "CREATE VIEW v AS SELECT n FROM t",
    "CREATE MATERIALIZED VIEW m AS SELECT n FROM t",
    "CREATE TABLE parted (day date, n int) PARTITION BY RANGE (day)",
    "CREATE TABLE part PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
)
READ: Queries = (
    "SELECT * FROM t",
    "SELECT * FROM v",
    "SELECT * FROM m",
    "SELECT * FROM parted",
    "SELECT * FROM part",
    "SELECT last_value FROM counter",
)
WRITE: Queries = (
    "INSERT INTO t (n) VALUES (1)",
    "UPDATE t SET n = 2",
    "DELETE FROM t",
    "INSERT INTO v VALUES (3)",
    "INSERT INTO parted VALUES ('2026-05-01', 1)",
    "INSERT INTO part VALUES ('2026-05-02', 1)",
    "SELECT nextval('counter')",
)
NOBODY: Queries = ("TRUNCATE t", "CREATE TABLE mine ()", "ALTER TABLE t ADD x int", "DROP VIEW v")
INTO: dict[str, Queries] = {
    "public": ("SET search_path = public",),
    "app": ("SET search_path = app",),
}


def _make(project: Project, *schemas: str) -> None:
    with project.tenant("orders_user", "orders") as owner:
        for schema in schemas:
            if schema == "app":
                owner.execute("CREATE SCHEMA app")
            owner.execute(INTO[schema][0])
            for query in MAKE:
                owner.execute(query)


def _check(project: Project, *schemas: str) -> None:
    for schema in schemas:
        into = INTO[schema]
        assert_allowed(project, "orders_editor", "orders", *into, *WRITE, *READ)
        assert_allowed(project, "orders_reader", "orders", *into, *READ)
        with project.tenant("orders_reader", "orders") as reader:
            reader.execute(into[0])
            _denied(reader, *WRITE, *NOBODY)
        with project.tenant("orders_editor", "orders") as editor:
            editor.execute(into[0])
            _denied(editor, *NOBODY)
    assert_refused(project, "billing_user", "orders")
    assert_refused(project, "orders_editor", "billing")
    assert_refused(project, "orders_reader", "billing")


def _denied(session: Any, *queries: LiteralString) -> None:
    import psycopg

    for query in queries:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(query)


@pytest.mark.every_major
def test_objects_made_after_provisioning(project: Project, instance: Instance) -> None:
    project.write(ALL)
    project.converge()
    _make(project, "public", "app")
    _check(project, "public", "app")
    # Default privileges covered it all, so the next run has nothing to do.
    assert project.plan("--detailed-exitcode").code == 0
    # Even to whoever would get in, the objects say no.
    instance.su("GRANT CONNECT ON DATABASE orders TO billing_user")
    assert_denied(project, "billing_user", "orders", "SELECT * FROM public.t")
    assert_denied(project, "billing_user", "orders", "SELECT * FROM app.t")


def test_objects_made_before_the_entries(project: Project) -> None:
    project.write({"orders": OWNER, "billing": OTHER})
    project.converge()
    _make(project, "public", "app")
    project.write(ALL)
    grants = project.plan("--detailed-exitcode")
    assert grants.code == 2
    assert {change["kind"] for change in grants.json["changes"]} >= {"create_role", "grant_objects"}
    project.converge()
    _check(project, "public", "app")
    assert project.plan("--detailed-exitcode").code == 0


def test_only_what_lacks_a_grant_gets_one(project: Project, instance: Instance) -> None:
    project.write(ALL)
    project.converge()
    _make(project, "public")
    instance.su("REVOKE INSERT ON t FROM orders_editor", dbname="orders")
    planned = project.plan().json["changes"]
    assert [(c["kind"], c["role"]) for c in planned] == [("grant_objects", "orders_editor")]
    assert "INSERT" in planned[0]["sql"]
    assert "parted" not in planned[0]["sql"]
    project.converge()
    _check(project, "public")


def test_the_owner_keeps_its_implied_privileges(project: Project, instance: Instance) -> None:
    """An ACL that appears with the first GRANT has to hold what was implied before."""
    project.write({"orders": OWNER})
    project.converge()
    _make(project, "public")
    everything = table_powers(instance, "orders_user", "orders", "public.t")
    project.write(ALL)
    project.converge()
    project.converge("--authoritative")
    assert table_powers(instance, "orders_user", "orders", "public.t") == everything
    assert everything >= {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES"}
    assert_allowed(
        project,
        "orders_user",
        "orders",
        "TRUNCATE t",
        "INSERT INTO t (n) VALUES (1)",
        "DROP VIEW v",
    )


@pytest.mark.every_major
def test_levels_converge_both_ways(project: Project, instance: Instance) -> None:
    project.write(ALL)
    project.converge()
    _make(project, "public", "app")
    for level in ("reader", "editor", "reader"):
        project.write(ALL | {"orders_rw": EDITOR | {"access_level": level}})
        plan = project.plan().json
        down = level == "reader"
        assert bool(plan["summary"]["revoke"]) is down
        assert bool(plan["summary"]["grant"]) is not down
        risks = {c["risk"] for c in plan["changes"] if c["kind"] != "mark_role"}
        assert risks == ({"revoke"} if down else {"grant"})
        project.converge()
        held = {
            table_powers(instance, "orders_editor", "orders", table) == table_powers_of(level)
            for table in ("public.t", "app.t", "public.v", "app.m", "public.part")
        }
        assert held == {True}
        assert project.plan("--detailed-exitcode").code == 0
        with project.tenant("orders_user", "orders") as owner:  # and what comes later
            owner.execute("DROP TABLE IF EXISTS later; CREATE TABLE later (n int)")
        assert table_powers(instance, "orders_editor", "orders", "later") == table_powers_of(level)


def table_powers_of(level: str) -> set[str]:
    return {"SELECT"} if level == "reader" else {"SELECT", "INSERT", "UPDATE", "DELETE"}
