"""Privileges beyond the catalog: drift, and revoked only when that is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from support.instance import Instance
from support.oracle import assert_refused, database_powers, table_powers
from support.project import Project

ENTRIES = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "orders_rw": {
        "database_name": "orders",
        "username": "orders_editor",
        "access_level": "editor",
    },
    "orders_ro": {
        "database_name": "orders",
        "username": "orders_reader",
        "access_level": "reader",
    },
    "billing": {"database_name": "billing", "username": "billing_user"},
}


@pytest.fixture
def converged(project: Project) -> Project:
    project.write(ENTRIES)
    project.converge()
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("CREATE TABLE t (n int, secret text)")
    return project


def _drift(plan: Any) -> set[tuple[str, str]]:
    return {(item["kind"], item["role"]) for item in plan["drift"]}


@pytest.mark.every_major
def test_excess_is_drift_until_authoritative(converged: Project, instance: Instance) -> None:
    project = converged
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("GRANT INSERT, TRUNCATE ON t TO orders_reader")
        owner.execute("GRANT CREATE ON SCHEMA public TO orders_reader")
        owner.execute("ALTER DEFAULT PRIVILEGES GRANT UPDATE ON TABLES TO orders_reader")
        owner.execute("GRANT TEMPORARY ON DATABASE orders TO orders_reader")
    with project.tenant("billing_user", "billing") as owner:
        owner.execute("GRANT CONNECT ON DATABASE billing TO orders_reader")

    shown = project.plan("--detailed-exitcode")
    assert (shown.code, shown.json["changes"]) == (0, [])
    assert _drift(shown.json) == {
        ("privilege", "orders_reader"),
        ("default_privilege", "orders_reader"),
    }
    assert all(item["statement"].startswith(("REVOKE", "ALTER")) for item in shown.json["drift"])
    project.converge()
    assert table_powers(instance, "orders_reader", "orders", "t") == {
        "SELECT",
        "INSERT",
        "TRUNCATE",
    }
    assert database_powers(instance, "orders_reader", "billing") == {"CONNECT"}

    asked = project.plan("--authoritative", "--detailed-exitcode")
    assert asked.code == 2
    assert {change["risk"] for change in asked.json["changes"]} == {"revoke"}
    project.converge("--authoritative")
    assert table_powers(instance, "orders_reader", "orders", "t") == {"SELECT"}
    assert database_powers(instance, "orders_reader", "orders") == {"CONNECT"}
    assert_refused(project, "orders_reader", "billing")
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("CREATE TABLE later ()")
    assert table_powers(instance, "orders_reader", "orders", "later") == {"SELECT"}
    after = project.plan("--authoritative", "--detailed-exitcode")
    assert (after.code, after.json["changes"], after.json["drift"]) == (0, [], [])


def test_what_was_passed_on_is_revoked_with_cascade(converged: Project, instance: Instance) -> None:
    project = converged
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("GRANT SELECT, INSERT ON t TO orders_editor WITH GRANT OPTION")
    with project.tenant("orders_editor", "orders") as editor:
        editor.execute("GRANT INSERT ON t TO orders_reader")
    assert table_powers(instance, "orders_reader", "orders", "t") == {"SELECT", "INSERT"}
    assert project.plan("--detailed-exitcode").code == 0
    planned = project.plan("--authoritative").json["changes"]
    assert any("CASCADE" in change["sql"] for change in planned)
    project.converge("--authoritative")
    assert table_powers(instance, "orders_reader", "orders", "t") == {"SELECT"}
    assert table_powers(instance, "orders_editor", "orders", "t") == {
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
    }
    after = project.plan("--authoritative")
    assert (after.json["changes"], after.json["drift"]) == ([], [])


def test_a_level_that_falls_takes_what_it_passed_on(converged: Project, instance: Instance) -> None:
    project = converged
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("GRANT DELETE ON t TO orders_editor WITH GRANT OPTION")
    with project.tenant("orders_editor", "orders") as editor:
        editor.execute("GRANT DELETE ON t TO orders_reader")
    project.write(ENTRIES | {"orders_rw": ENTRIES["orders_rw"] | {"access_level": "reader"}})
    revokes = [c for c in project.plan().json["changes"] if c["risk"] == "revoke"]
    assert any("CASCADE" in change["sql"] for change in revokes)
    project.converge()
    for role in ("orders_editor", "orders_reader"):
        assert table_powers(instance, role, "orders", "t") == {"SELECT"}
    assert project.plan("--detailed-exitcode").code == 0


def test_memberships_are_drift(converged: Project, instance: Instance) -> None:
    project = converged
    instance.su("GRANT billing_user TO orders_reader")
    instance.su("GRANT rds_password TO orders_editor")
    shown = project.plan("--detailed-exitcode")
    assert shown.code == 0
    memberships = [item for item in shown.json["drift"] if item["kind"] == "membership"]
    assert {item["role"] for item in memberships} == {"orders_reader", "orders_editor"}
    project.converge()
    assert _is_member(instance, "orders_reader", "billing_user")


@pytest.mark.every_major
def test_no_revoke_is_claimed_that_did_not_happen(converged: Project, instance: Instance) -> None:
    """From 16 on the admin may revoke only what it granted, and PostgreSQL merely warns."""
    instance.su("GRANT billing_user TO orders_reader")
    result = converged.apply("--authoritative")
    claimed = [r for r in result.json["records"] if r["status"] == "success"]
    gone = not _is_member(instance, "orders_reader", "billing_user")
    assert gone is bool(claimed), result.output
    seen = [i for i in converged.plan("--authoritative").json["drift"] if i["kind"] == "membership"]
    assert gone is not bool(seen)


def test_a_membership_between_our_roles_is_revoked(converged: Project, instance: Instance) -> None:
    project = converged
    with instance.connect(*_admin(instance)) as admin:
        admin.execute("GRANT billing_user TO orders_reader")
    assert project.plan("--detailed-exitcode").code == 0
    project.converge("--authoritative")
    assert not _is_member(instance, "orders_reader", "billing_user")


def _is_member(instance: Instance, member: str, group: str) -> bool:
    ((held,),) = instance.su("SELECT pg_has_role(%s, %s, 'MEMBER')", [member, group])
    return bool(held)


def _admin(instance: Instance) -> tuple[str, str, str]:
    admin = instance.admin
    return admin.user, admin.password, admin.dbname


def test_privileges_on_single_columns_are_seen(converged: Project, instance: Instance) -> None:
    with converged.tenant("orders_user", "orders") as owner:
        owner.execute('CREATE TABLE "odd; name" (a int, "b)" int)')
        owner.execute("GRANT UPDATE (secret), SELECT (n) ON t TO orders_reader")
        owner.execute('GRANT UPDATE (a, "b)") ON "odd; name" TO orders_reader WITH GRANT OPTION')
    with converged.tenant("orders_reader", "orders") as reader:
        reader.execute('GRANT UPDATE (a) ON "odd; name" TO orders_editor')
    shown = converged.plan().json
    assert shown["changes"] == []
    statements = {item["statement"] for item in shown["drift"]}
    assert (
        'REVOKE UPDATE ("secret") ON TABLE "public"."t" FROM "orders_reader" CASCADE' in statements
    )

    assert converged.apply("--authoritative").code == 0
    [(left,)] = instance.su(
        "SELECT count(*) FROM pg_attribute"
        " WHERE attrelid IN ('t'::regclass, '\"odd; name\"'::regclass)"
        " AND EXISTS (SELECT FROM aclexplode(attacl) WHERE privilege_type = 'UPDATE')",
        dbname="orders",
    )
    assert left == 0
    assert converged.plan("--authoritative").json["changes"] == []
