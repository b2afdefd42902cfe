"""Terraform's and Pulumi's provider: owners and memberships."""

from __future__ import annotations

import psycopg
import pytest

from support.instance import Instance
from support.oracle import assert_allowed, changing, versions
from support.orders import BILLING, ORDERS, READER
from support.project import Project
from support.siege import as_tenant, standing

OWNER = "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'orders'"


@pytest.mark.every_major
def test_must_be_able_to_set_role(project: Project, instance: Instance) -> None:
    """`CREATE DATABASE … OWNER` failed for an admin that is no superuser: with `must be able to SET
    ROLE` from PostgreSQL 16 on, with `must be member of role` before
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/407,
    https://github.com/hashicorp/terraform/issues/11362,
    https://github.com/crossplane-contrib/provider-sql/issues/90)."""
    project.write(ORDERS)
    project.converge()
    assert instance.su(OWNER) == [("orders_user",)]
    assert standing(instance) == []
    assert_allowed(project, "orders_user", "orders", "CREATE TABLE t ()", "CREATE SCHEMA app")


def test_a_failure_leaves_the_admin_a_member(project: Project, instance: Instance) -> None:
    """The admin took the owner's rights for the time of its work, and when the work failed, they
    stayed with it (https://github.com/hashicorp/terraform-provider-postgresql/issues/70,
    https://github.com/lunarway/postgresql-controller/issues/248)."""
    project.write(ORDERS)
    project.converge()
    project.write(ORDERS | READER)
    project.environ = {"PGTENANT_SERVER_LOCK_TIMEOUT": "200ms"}
    mark = instance.log_mark()
    with psycopg.connect(instance.superuser_conninfo("orders")) as other:
        other.execute("LOCK TABLE pg_default_acl IN EXCLUSIVE MODE")
        assert project.apply().code == 1
    assert [s for s in changing(instance.log_since(mark)) if s.startswith('GRANT "orders_user" TO')]
    assert standing(instance) == []
    project.environ = {}
    project.converge()
    assert standing(instance) == []


def _open_public(project: Project, instance: Instance) -> list[str]:
    """Give a run something to do for which it has to act as the owner; what it sent."""
    for user, dbname in (("orders_user", "orders"), ("billing_user", "billing")):
        as_tenant(instance, user, dbname, "ALTER SCHEMA public OWNER TO CURRENT_USER")
        as_tenant(instance, user, dbname, "GRANT CREATE ON SCHEMA public TO PUBLIC")
    mark = instance.log_mark()
    project.converge()
    sent = changing(instance.log_since(mark))
    assert len([s for s in sent if "ON SCHEMA" in s]) == 2
    return sent


@pytest.mark.major(max=15)
def test_a_membership_that_stood_before_is_revoked(project: Project, instance: Instance) -> None:
    """A membership of the admin that somebody else had granted was taken for the provider's own and
    revoked after the work (https://github.com/hashicorp/terraform-provider-postgresql/pull/59)."""
    project.write(ORDERS | BILLING)
    project.converge()
    instance.su("GRANT orders_user TO platform_admin")
    before = standing(instance)
    assert len(before) == 1
    _open_public(project, instance)
    assert standing(instance) == before


@pytest.mark.major(min=16)
def test_what_others_granted_is_revoked(project: Project, instance: Instance) -> None:
    """The provider tried to revoke a role from itself that the cloud had granted, and was refused
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/587)."""
    project.write(ORDERS | BILLING)
    project.converge()
    instance.su("GRANT orders_user TO platform_admin WITH INHERIT FALSE, SET TRUE")
    instance.su("GRANT billing_user TO platform_admin WITH INHERIT TRUE, SET FALSE")
    before = standing(instance)
    assert len(before) == 2
    sent = _open_public(project, instance)
    assert not [s for s in sent if '"orders_user" FROM "platform_admin"' in s]
    assert standing(instance) == before


def test_the_database_changes_hands_and_its_tables_do_not(
    project: Project, instance: Instance
) -> None:
    """Another owner in the configuration became the owner of the database, and its tables stayed
    with the one before
    (https://github.com/cyrilgdn/terraform-provider-postgresql/pull/458,
    https://github.com/movetokube/postgres-operator/issues/57,
    https://github.com/ansible/ansible/issues/29774)."""
    project.write(ORDERS)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE t ()")
    before = versions(instance, ["orders"])
    project.write({"orders-2": ORDERS["orders"] | {"username": "orders_other"}})
    assert project.apply().code == 4
    (blocked,) = project.plan().json["blocked"]
    assert "orders_user" in blocked["reason"]
    assert versions(instance, ["orders"]) == before
    assert_allowed(project, "orders_user", "orders", "SELECT FROM t", "CREATE TABLE u ()")


def test_a_role_that_leaves_is_dropped_in_part(project: Project, instance: Instance) -> None:
    """A role that left the configuration lost what it owned in the provider's own database, and was
    not dropped, because it owned more in others
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/203,
    https://github.com/cyrilgdn/terraform-provider-postgresql/issues/435)."""
    project.write(ORDERS | BILLING)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE DATABASE orders_more")
    for dbname in ("orders", "orders_more"):
        as_tenant(instance, "orders_user", dbname, "CREATE TABLE kept ()")
    project.converge()
    before = versions(instance, ["orders", "orders_more"])
    project.write(BILLING)
    project.converge()
    assert versions(instance, ["orders", "orders_more"]) == before
    left = {(d["role"], d["kind"]) for d in project.plan().json["drift"]}
    assert ("orders_user", "retired") in left
    for dbname in ("orders", "orders_more"):
        assert_allowed(project, "orders_user", dbname, "SELECT FROM kept")


def test_schema_public_belongs_to_nobody_one_can_be(project: Project) -> None:
    """Schema public of a new database belonged to the cloud's own superuser, and the application
    could not even drop it
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/325,
    https://github.com/neondatabase/neon/issues/2058)."""
    project.write(ORDERS | READER)
    project.converge()
    remade = ("DROP SCHEMA public", "CREATE SCHEMA public", "CREATE TABLE public.t ()")
    assert_allowed(project, "orders_user", "orders", *remade)
    project.converge()
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM public.t")
