"""Every kind of hole is found by an attempt, and closed by the statement that is printed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import sql

from support.instance import Instance
from support.project import Project, Result

from .shops import ENTRIES, assert_isolated, attempts, verify

pytestmark = pytest.mark.slow

Plant = Callable[[Project, Instance], None]


def _as_owner(project: Project, *statements: str) -> None:
    with project.tenant("orders_user", "orders") as owner:
        for statement in statements:
            owner.execute(statement)


def _public(project: Project, _: Instance) -> None:
    _as_owner(project, "GRANT CONNECT ON DATABASE orders TO PUBLIC")


def _direct(project: Project, _: Instance) -> None:
    _as_owner(project, "GRANT CONNECT ON DATABASE orders TO billing_user")


def _membership(_: Project, instance: Instance) -> None:
    instance.su("GRANT orders_user TO billing_user")


def _membership_through_a_group(_: Project, instance: Instance) -> None:
    instance.su("CREATE ROLE support")
    instance.su("GRANT orders_reader TO support")
    instance.su("GRANT support TO billing_user")


def _default_privilege(project: Project, _: Instance) -> None:
    _as_owner(
        project, "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT INSERT ON TABLES TO orders_reader"
    )


def _default_privilege_to_all(project: Project, _: Instance) -> None:
    _as_owner(project, "ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO PUBLIC")


def _definer(_: Project, instance: Instance) -> None:
    instance.su(
        "CREATE FUNCTION app.peek(n int) RETURNS int LANGUAGE sql SECURITY DEFINER"
        " BEGIN ATOMIC SELECT n; END",
        dbname="orders",
    )
    instance.su("ALTER FUNCTION app.peek(int) OWNER TO billing_user", dbname="orders")


def _plugin(project: Project, _: Instance) -> None:
    _as_owner(project, "CREATE DATABASE orders_plugin")


def _template1(_: Project, instance: Instance) -> None:
    instance.su("ALTER DATABASE template1 OWNER TO platform_admin")
    instance.su("GRANT CONNECT ON DATABASE template1 TO PUBLIC")


def _column(project: Project, _: Instance) -> None:
    _as_owner(project, "GRANT UPDATE (price) ON app.items TO orders_reader")


def _column_insert(project: Project, _: Instance) -> None:
    _as_owner(project, "GRANT INSERT (id) ON app.items TO orders_reader")


def _table(project: Project, _: Instance) -> None:
    _as_owner(project, "GRANT DELETE ON app.items TO PUBLIC")


def _schema(project: Project, _: Instance) -> None:
    _as_owner(project, "GRANT CREATE ON SCHEMA app TO orders_editor")


def _temporary(project: Project, _: Instance) -> None:
    _as_owner(project, "GRANT TEMPORARY ON DATABASE orders TO orders_reader")


def _createrole(_: Project, instance: Instance) -> None:
    instance.su("ALTER ROLE billing_user CREATEROLE")


def _nocreatedb(_: Project, instance: Instance) -> None:
    instance.su("ALTER ROLE billing_user NOCREATEDB")


HOLES: dict[str, tuple[Plant, tuple[str, str, str]]] = {
    "public": (_public, ("connect", "billing_user", "orders")),
    "direct grant": (_direct, ("connect", "billing_user", "orders")),
    "membership": (_membership, ("become", "billing_user", "billing")),
    "membership through a group": (
        _membership_through_a_group,
        ("become", "billing_user", "billing"),
    ),
    "default privilege": (_default_privilege, ("default_privilege", "orders_reader", "orders")),
    "default privilege to all": (
        _default_privilege_to_all,
        ("default_privilege", "PUBLIC", "orders"),
    ),
    "security definer": (_definer, ("execute", "orders_user", "orders")),
    "plugin database": (_plugin, ("connect", "billing_user", "orders_plugin")),
    "template1": (_template1, ("connect", "billing_user", "template1")),
    "column": (_column, ("update", "orders_reader", "orders")),
    "column insert": (_column_insert, ("insert", "orders_reader", "orders")),
    "table": (_table, ("delete", "orders_reader", "orders")),
    "schema": (_schema, ("create_table", "orders_editor", "orders")),
    "temporary": (_temporary, ("create_temporary", "orders_reader", "orders")),
    "createrole": (_createrole, ("attribute", "billing_user", "")),
    "no createdb": (_nocreatedb, ("attribute", "billing_user", "")),
}


@pytest.mark.parametrize("kind", HOLES)
def test_a_hole_is_found_and_closed_by_what_is_printed(
    shops: Project, instance: Instance, kind: str
) -> None:
    plant, expected = HOLES[kind]
    plant(shops, instance)
    found = verify(shops)
    assert found.code == 1
    failed = attempts(found, "failed")
    assert expected in {(a["kind"], a["role"], a["database"]) for a in failed}
    assert attempts(found, "not_proven") == []
    holes = [hole for hole in found.json["holes"] if hole["severity"] == "failure"]
    assert holes or kind == "no createdb"  # which is too little, and no access
    both = [hole for hole in holes if {"attempt", "catalogs"} <= set(hole["found_by"])]
    alone = {"membership through a group", "security definer"}  # of a group, of an owner
    assert len(both) == len(holes) - (kind in alone)
    assert found.json["summary"]["failures"] == max(1, len(holes))  # each once, whoever found it
    _close(shops, found)
    assert_isolated(shops)


@pytest.mark.every_major
def test_all_holes_at_once(shops: Project, instance: Instance) -> None:
    assert_isolated(shops)
    for plant, _ in HOLES.values():
        plant(shops, instance)
    found = verify(shops)
    assert found.code == 1
    failed = attempts(found, "failed")
    seen = {(a["kind"], a["role"], a["database"]) for a in failed}
    assert {expected for _, expected in HOLES.values()} <= seen
    text = shops.run("verify", "-e", "dev").out
    for attempt in failed:
        assert attempt["statement"].split()[0] in text
    for _ in range(3):  # what hides behind another hole shows once that is closed
        _close_as_superuser(instance, verify(shops))
    assert_isolated(shops)


def _close(project: Project, found: Result) -> None:
    """Run what was printed, each statement once, as whoever it names."""
    for item in _statements(found):
        with _login(project, item) as session:
            notices: list[psycopg.errors.Diagnostic] = []
            session.add_notice_handler(notices.append)
            session.execute(sql.SQL(item["statement"]))
        said = {notice.sqlstate for notice in notices}
        assert not {"01006", "01007"} & said, item  # it would have changed nothing


def _close_as_superuser(instance: Instance, found: Result) -> None:
    """Run all of what was printed.

    One object may be in several findings: once its new owner has it, its old one can't revoke
    anything there any more. What stays open, the next verification tells.
    """
    for item in _statements(found):
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            instance.su(sql.SQL(item["statement"]), dbname=item["database"] or "postgres")


def _statements(found: Result) -> list[dict[str, Any]]:
    more = [
        f for f in (*found.json["findings"], *found.json["holes"]) if f["severity"] == "failure"
    ]
    items = [*attempts(found, "failed"), *more]
    for item in items:
        assert item["statement"], item
        assert item["executor"], item
    return list({item["statement"]: item for item in items}.values())


def _login(project: Project, item: dict[str, Any]) -> psycopg.Connection[Any]:
    executor, database = item["executor"], item["database"]
    if executor in {entry["username"] for entry in ENTRIES.values()}:
        home = next(e["database_name"] for e in ENTRIES.values() if e["username"] == executor)
        return project.tenant(executor, home if " DATABASE " in item["statement"] else database)
    admin = project.instance.admin
    if executor == admin.user:
        return project.instance.connect(admin.user, admin.password, database or admin.dbname)
    dbname = database or "postgres"
    return psycopg.connect(project.instance.superuser_conninfo(dbname), autocommit=True)
