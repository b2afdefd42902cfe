"""Zalando's and movetokube's operators."""

from __future__ import annotations

import pytest
from psycopg import sql

from support.instance import Instance
from support.oracle import assert_allowed, assert_denied, sent, versions
from support.orders import BILLING, EDITOR, ORDERS, READER
from support.project import Project
from support.siege import as_tenant, can_log_in

POWERS = (
    "SELECT rolcreaterole, rolcreatedb, rolcanlogin FROM pg_roles WHERE rolname = 'orders_user'"
)


def test_default_privileges_of_a_role_that_makes_nothing(
    project: Project, instance: Instance
) -> None:
    """Default privileges were set for a group role, or for the operator itself, while migrations
    ran as the login of the owner, so that readers and writers saw none of its tables
    (https://github.com/zalando/postgres-operator/issues/1170,
    https://github.com/movetokube/postgres-operator/issues/318,
    https://github.com/ansible/ansible/issues/50877)."""
    project.write(ORDERS | EDITOR | READER)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE t (id serial)")
    assert_allowed(project, "orders_editor", "orders", "INSERT INTO t DEFAULT VALUES")
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM t")
    assert_denied(project, "orders_reader", "orders", "INSERT INTO t DEFAULT VALUES")


def test_old_databases_get_no_default_privileges(project: Project, instance: Instance) -> None:
    """Only new databases got default privileges, and in those that were there before the role setup
    readers saw nothing (https://github.com/zalando/postgres-operator/issues/1948,
    https://github.com/zalando/postgres-operator/issues/2068)."""
    project.write(ORDERS | READER)
    project.converge()
    as_tenant(
        instance,
        "orders_user",
        "orders",
        "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM orders_reader",
        "ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM orders_reader",
        "CREATE SCHEMA app",
        "CREATE TABLE app.missed ()",
    )
    assert_denied(project, "orders_reader", "orders", "SELECT FROM app.missed")
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE SCHEMA b", "CREATE TABLE b.later ()")
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM app.missed, b.later")


def test_names_that_are_not_quoted(project: Project, instance: Instance) -> None:
    """Names were not quoted everywhere: one with a dash ended in `syntax error at or near "-"` when
    half of the roles had been made, and elsewhere the rest of a name after a quote ran as SQL
    (https://github.com/zalando/postgres-operator/issues/2745,
    https://github.com/zalando/postgres-operator/issues/1741,
    https://github.com/cyrilgdn/terraform-provider-postgresql/pull/528,
    https://github.com/ClickHouse/ClickHouse/pull/119103)."""
    project.settings = {
        "naming": {"database_name": "^[a-z][a-z0-9-]{2,62}$", "username": "^[a-z][a-z0-9-]{2,62}$"}
    }
    entries = {
        "app": {"database_name": "app-new", "username": "app-new-owner"},
        "app-ro": {
            "database_name": "app-new",
            "username": "app-new-reader",
            "access_level": "reader",
        },
    }
    project.write(entries)
    project.converge()
    hostile = 'x"; ALTER ROLE "app-new-reader" CREATEROLE; --'
    for schema, name in (("a-b", "t-1"), (hostile, "$$ %s ' {}")):
        table = sql.Identifier(schema, name)
        as_tenant(
            instance,
            "app-new-owner",
            "app-new",
            sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)),
            sql.SQL("CREATE TABLE {} (n int)").format(table),
            sql.SQL('REVOKE ALL ON {} FROM "app-new-reader"').format(table),
        )
        project.converge()
        query = sql.SQL("SELECT n FROM {}").format(table)
        assert_allowed(project, "app-new-reader", "app-new", query)
    made = "SELECT rolcreaterole FROM pg_roles WHERE rolname = 'app-new-reader'"
    assert instance.su(made) == [(False,)]


def test_powers_that_leave_the_manifest_stay(project: Project, instance: Instance) -> None:
    """A role whose flags were taken out of the manifest kept them on the server
    (https://github.com/zalando/postgres-operator/issues/2467)."""
    project.write(ORDERS)
    project.converge()
    instance.su("ALTER ROLE orders_user CREATEROLE")
    project.write({"orders": ORDERS["orders"] | {"createdb": False}})
    project.converge()
    assert instance.su(POWERS) == [(False, False, True)]
    # Only a superuser can take this one back, and is told how.
    instance.su("ALTER ROLE orders_user SUPERUSER")
    assert project.apply().code == 4
    (blocked,) = project.plan().json["blocked"]
    instance.su(blocked["statement"].encode())
    project.converge()


def test_users_that_leave_the_manifest_go_unseen(project: Project, instance: Instance) -> None:
    """Roles that left the manifest stayed on the server, able to log in, and nothing marked them
    (https://github.com/zalando/postgres-operator/pull/1457,
    https://github.com/zalando/postgres-operator/issues/2046)."""
    project.write(ORDERS | READER)
    project.converge()
    project.write(ORDERS)
    project.converge()
    for run in (project.plan(), project.plan("--detailed-exitcode")):
        assert run.code == 0
        (left,) = [d for d in run.json["drift"] if d["kind"] == "retired"]
        assert left["role"] == "orders_reader"
    assert can_log_in(instance, "orders_reader", "orders")


def test_a_restart_makes_new_passwords(project: Project, instance: Instance) -> None:
    """After a restart on old data the operator generated new passwords into the secrets, and the
    server kept the old ones (https://github.com/zalando/postgres-operator/issues/1115)."""
    project.write(ORDERS)
    project.converge()
    secret = project.secret_path("orders/postgres").read_bytes()
    before = versions(instance, ["orders"])
    project.converge()
    assert project.secret_path("orders/postgres").read_bytes() == secret
    assert versions(instance, ["orders"]) == before
    # The secret is the truth: one that really is new reaches the server.
    project.write_secret("orders/postgres", "orders_user", "fake-new-one", "orders")
    project.converge()
    instance.connect("orders_user", "fake-new-one", "orders").close()


def test_a_resource_that_comes_back(project: Project, instance: Instance) -> None:
    """When a database's resource was deleted and made again, its tables belonged to the operator,
    and the application met `permission denied`
    (https://github.com/movetokube/postgres-operator/issues/8)."""
    project.write(ORDERS | READER)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE t ()")
    before = versions(instance, ["orders"])
    for entries in (BILLING, ORDERS | READER | BILLING):
        project.write(entries)
        project.converge()
    assert versions(instance, ["orders"])["orders.pg_class"] == before["orders.pg_class"]
    assert_allowed(project, "orders_user", "orders", "ALTER TABLE t ADD n int")
    assert_allowed(project, "orders_reader", "orders", "SELECT n FROM t")


@pytest.mark.major(min=16)
def test_the_admin_is_granted_to_itself(project: Project, instance: Instance) -> None:
    """Where the admin itself was the owner, the operator granted the admin to the admin, which
    PostgreSQL 16 refuses with `permission denied to grant role`
    (https://github.com/movetokube/postgres-operator/issues/161)."""
    instance.su("CREATE DATABASE orders OWNER platform_admin")
    project.write(ORDERS)
    mark = instance.log_mark()
    taken = project.run("adopt", "-e", "dev", "orders", "--take-ownership")
    assert taken.code == 0, taken.output
    project.converge()
    granted = [s for s in sent(instance.log_since(mark)) if s.startswith('GRANT "platform_admin"')]
    assert granted == []
    assert_allowed(project, "orders_user", "orders", "CREATE TABLE t ()")
