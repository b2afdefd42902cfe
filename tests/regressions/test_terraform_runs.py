"""Terraform's and Pulumi's provider: connections, passwords, what is there already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from psycopg import sql

from support.instance import Instance
from support.oracle import assert_allowed, changing, versions
from support.orders import BILLING, ORDERS, READER
from support.project import Project, password_of
from support.siege import can_log_in

STORED = "SELECT rolpassword FROM pg_authid WHERE rolname = 'orders_user'"


def test_connections_run_out(project: Project, instance: Instance) -> None:
    """The provider held up to twenty connections to each database until the server had none left,
    and with `max_connections = 1` it never came to an end
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/131,
    https://github.com/cyrilgdn/terraform-provider-postgresql/issues/462,
    https://github.com/cyrilgdn/terraform-provider-postgresql/issues/514)."""
    # Two are the budget; a session outlives its connection a little.
    instance.su("ALTER ROLE platform_admin CONNECTION LIMIT 6")
    project.settings = {"server": {"connections": 2}}
    project.write({f"e{n}": {"database_name": f"db{n}", "username": f"user{n}"} for n in range(6)})
    mark = instance.log_mark()
    project.converge()
    assert "too many connections" not in instance.log_since(mark)


def test_passwords_in_the_plan_file(project: Project, instance: Instance, tmp_path: Path) -> None:
    """The state keeps every role's password in clear
    (https://github.com/hashicorp/terraform-provider-postgresql/issues/86,
    https://github.com/cyrilgdn/terraform-provider-postgresql/issues/519)."""
    project.write(ORDERS)
    saved = tmp_path / "plan.json"
    assert project.plan("--out", str(saved)).code == 0
    assert project.run("apply", str(saved)).code == 0
    (stored,) = instance.su(STORED)[0]
    kept = saved.read_text() + "".join(
        path.read_text() for path in (tmp_path / "governance").rglob("*") if path.is_file()
    )
    for secret in (password_of("orders_user"), instance.admin.password, stored):
        assert secret not in kept
    assert "SCRAM-SHA-256$" not in kept


def test_the_role_exists_already(project: Project, instance: Instance) -> None:
    """A role that was there already ended the apply with `role already exists`, and neither was it
    used nor the rest made (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/57,
    https://github.com/hashicorp/terraform-provider-postgresql/issues/107)."""
    instance.su("CREATE ROLE orders_user LOGIN CREATEDB VALID UNTIL '2099-01-01'")
    before = "SELECT xmin::text, rolvaliduntil FROM pg_authid WHERE rolname = 'orders_user'"
    untouched = instance.su(before)
    project.write(ORDERS | BILLING)
    assert project.apply().code == 4
    assert_allowed(project, "billing_user", "billing", "CREATE TABLE t ()")
    assert instance.su(before) == untouched
    (blocked,) = project.plan().json["blocked"]
    assert "pgtenant adopt -e dev orders" in blocked["reason"]


def test_an_import_sets_every_password(project: Project, instance: Instance) -> None:
    """After an import of roles in production, the plan showed every password as changed, also where
    it was right (https://github.com/hashicorp/terraform-provider-postgresql/issues/16)."""
    with instance.connect(instance.admin.user, instance.admin.password, "platform") as admin:
        create = sql.SQL("CREATE ROLE orders_user LOGIN CREATEDB PASSWORD {}")
        admin.execute(create.format(sql.Literal(password_of("orders_user"))))
    instance.su("CREATE DATABASE orders OWNER orders_user")
    project.write(ORDERS)
    stored = instance.su(STORED)
    assert project.run("adopt", "-e", "dev", "--all").code == 0
    mark = instance.log_mark()
    project.converge()
    assert instance.su(STORED) == stored
    assert [s for s in changing(instance.log_since(mark)) if "PASSWORD" in s] == []


def test_a_password_changed_by_hand_goes_unseen(project: Project, instance: Instance) -> None:
    """Who is no superuser cannot read passwords, so the provider stopped looking, and one that
    somebody had changed on the server stayed
    (https://github.com/hashicorp/terraform-provider-postgresql/pull/66)."""
    project.write(ORDERS)
    project.converge()
    instance.su("ALTER ROLE orders_user PASSWORD 'fake-typed-by-hand'")
    assert [c["kind"] for c in project.plan().json["changes"]] == ["update_password"]
    project.converge()
    assert can_log_in(instance, "orders_user", "orders")


def test_a_replica_by_mistake(private_instance: Callable[..., Instance], tmp_path: Path) -> None:
    """On a read replica not even a plan was possible, because every look at the server began with
    `BEGIN READ WRITE`, and writes failed in the middle of a run after a failover
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/433,
    https://github.com/zalando/postgres-operator/pull/3100,
    https://github.com/canonical/postgresql-operator/pull/1765)."""
    instance = private_instance()
    project = Project(root=tmp_path, instance=instance)
    project.write(ORDERS)
    project.converge()
    instance.server.stop()
    (instance.server.data_directory / "standby.signal").touch()
    instance.server.start()
    assert instance.su("SELECT pg_is_in_recovery()") == [(True,)]
    assert project.plan("--detailed-exitcode").code == 0
    project.write(ORDERS | READER)
    assert project.plan("--detailed-exitcode").code == 2
    before = versions(instance, ["orders"])
    refused = project.apply()
    assert refused.code == 1
    assert "read-only" in refused.json["error"]["message"] + refused.json["error"]["hint"]
    assert versions(instance, ["orders"]) == before
    instance.su("SELECT pg_promote()")
    project.converge()
