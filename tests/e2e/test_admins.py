"""Admins of other kinds: a superuser, a member already; and what application roles leave."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from support.instance import Instance
from support.oracle import assert_allowed, assert_refused, changing
from support.project import Project

ENTRIES = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "orders_rw": {
        "database_name": "orders",
        "username": "orders_editor",
        "access_level": "editor",
    },
    "billing": {"database_name": "billing", "username": "billing_user"},
}


def _loans(log: str) -> list[str]:
    return [
        statement
        for statement in changing(log)
        if statement.startswith(("GRANT", "REVOKE")) and " ON " not in statement
    ]


@pytest.mark.every_major
def test_a_superuser_borrows_nothing(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    server = instance.server
    project.write_secret("rds/master", server.superuser, server.superuser_password, "postgres")
    mark = instance.log_mark()
    project.converge()
    assert _loans(instance.log_since(mark)) == []
    assert (
        instance.su(
            "SELECT 1 FROM pg_auth_members m WHERE pg_get_userbyid(m.roleid) LIKE 'orders%'"
        )
        == []
    )
    assert_allowed(project, "orders_user", "orders", "CREATE TABLE t (n int)")
    assert_allowed(project, "orders_editor", "orders", "INSERT INTO t VALUES (1)")
    assert_refused(project, "billing_user", "orders")
    assert project.plan("--detailed-exitcode").code == 0


@pytest.mark.every_major
def test_a_member_already_keeps_its_membership(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    project.converge("--only", "orders")
    options = "" if instance.major < 16 else "WITH INHERIT FALSE, SET TRUE"
    instance.su(f"GRANT orders_user TO platform_admin {options}")
    ours = "SELECT m.*, m.xmin::text FROM pg_auth_members m WHERE roleid = 'orders_user'::regrole"
    before = instance.su(ours)
    mark = instance.log_mark()
    project.converge("--only", "orders", "--only", "orders_rw")
    assert [s for s in _loans(instance.log_since(mark)) if "orders_user" in s] == []
    assert instance.su(ours) == before


@pytest.mark.every_major
def test_roles_hold_nothing_outside_their_databases(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    project.converge()
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("CREATE SCHEMA app CREATE TABLE t ()")
    project.converge()
    for dbname in ("orders", "billing"):
        instance.su(sql.SQL("DROP DATABASE {}").format(sql.Identifier(dbname)))
    for role in ("orders_editor", "orders_user", "billing_user"):
        drop = sql.SQL("DROP ROLE {}").format(sql.Identifier(role))
        try:
            instance.su(drop)
        except psycopg.errors.DependentObjectsStillExist as error:
            pytest.fail(f"{role} still holds something: {error}")


def test_names_of_63_bytes(project: Project, instance: Instance) -> None:
    project.settings = {"naming": {"username": "^[a-z][a-z0-9_]*$"}}
    name = "a" * 62
    entries = {str(n): {"database_name": f"{name}{n}", "username": f"{name}{n}"} for n in range(3)}
    project.write({f"k{key}": fields for key, fields in entries.items()})
    project.converge()
    for n in range(3):
        assert_allowed(project, f"{name}{n}", f"{name}{n}", "CREATE TABLE t ()")
        assert_refused(project, f"{name}{n}", f"{name}{(n + 1) % 3}")
    assert project.plan("--detailed-exitcode").code == 0
    assert instance.su("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'aaa%'") == [(3,)]


def test_names_that_differ_after_byte_63(project: Project, instance: Instance) -> None:
    """However relaxed the policy, PostgreSQL would cut them to one name."""
    project.settings = {"naming": {"username": "^[a-z].*$", "database_name": "^[a-z].*$"}}
    name = "a" * 63
    project.write(
        {f"k{n}": {"database_name": f"db{n}", "username": f"{name}{n}"} for n in range(3)}
    )
    refused = project.apply()
    assert refused.code == 64
    assert refused.err.count("63 bytes") == 3
    project.write({"k": {"database_name": "dbx", "username": "ü" * 32}})
    assert project.apply().code == 64  # 64 bytes in 32 characters
    assert instance.su("SELECT 1 FROM pg_roles WHERE rolname LIKE 'aaa%'") == []
