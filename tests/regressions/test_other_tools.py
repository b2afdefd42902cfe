"""Other tools."""

from __future__ import annotations

import psycopg
import pytest

from support.instance import Instance
from support.oracle import assert_allowed, versions
from support.orders import BILLING, ORDERS, READER
from support.project import Project
from support.siege import memberships


def test_a_refused_password_is_tried_again(project: Project, instance: Instance) -> None:
    """Connectors took `password authentication failed` for a passing fault and logged in with the
    same wrong password over and over (https://github.com/debezium/debezium/pull/7762,
    https://github.com/PostHog/posthog/pull/64373)."""
    project.write(ORDERS)
    admin = instance.admin
    project.write_secret("rds/master", admin.user, "fake-and-wrong", admin.dbname)
    mark = instance.log_mark()
    refused = project.apply()
    assert refused.code == 1
    assert "password" in refused.json["error"]["message"]
    log = instance.log_since(mark)
    assert log.count("password authentication failed") == 1


def test_somebody_in_template1_stops_it(project: Project, instance: Instance) -> None:
    """`CREATE DATABASE` failed with `source database "template1" is being accessed by other users`
    as long as a monitor, or anybody at all, was connected to it
    (https://github.com/cybertec-postgresql/pgwatch2/issues/387,
    https://github.com/transact-rs/sqlx/issues/1283)."""
    project.write(ORDERS)
    with psycopg.connect(instance.superuser_conninfo("template1")):
        project.converge()
    assert_allowed(project, "orders_user", "orders", "CREATE TABLE t ()")


@pytest.mark.major(min=16)
def test_createrole_is_not_enough(project: Project, instance: Instance) -> None:
    """From PostgreSQL 16 on CREATEROLE manages only those roles that it has ADMIN on, and tools
    that counted on CREATEROLE failed in the middle of a run
    (https://github.com/dalibo/ldap2pg/issues/581,
    https://github.com/larskanis/pg-ldap-sync/issues/55)."""
    project.write(ORDERS)
    project.converge()
    # As after a restore: the same roles, made by somebody else.
    instance.su("REVOKE orders_user FROM platform_admin CASCADE")
    project.write(ORDERS | READER | BILLING)
    held = memberships(instance)
    before = versions(instance, ["orders"])
    stopped = project.apply()
    assert stopped.code == 1
    assert versions(instance, ["orders"]) == before
    assert memberships(instance) == held
    cure = 'GRANT "orders_user" TO "platform_admin" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE'
    assert cure in stopped.err.replace('\\"', '"')
    instance.su(cure.encode())
    project.converge()


@pytest.mark.major(min=16)
def test_admin_cannot_be_granted_back(project: Project, instance: Instance) -> None:
    """Who passes its ADMIN on a role on, from PostgreSQL 16 on cannot be given it again by the one
    who has it now: `ADMIN option cannot be granted back to your own grantor`
    (https://github.com/supabase/pg-toolbelt/issues/79)."""
    project.write(ORDERS)
    project.converge()
    delegate = {"secrets": {"admin": "goldenpath/{env}/rds/provisioner"}}
    for arguments in ([], ["--undo"], []):  # there, back, and there once more
        done = project.run("bootstrap", "-e", "dev", *arguments)
        assert done.code == 0, done.output
        if not arguments:
            project.settings = delegate
            project.write(ORDERS | BILLING)
            project.converge()
    instance.su("ALTER ROLE billing_user NOCREATEDB")
    project.converge()
