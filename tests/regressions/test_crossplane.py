"""Crossplane's SQL provider."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from support import tls
from support.instance import Instance
from support.oracle import assert_allowed, connections, sent, table_powers, versions
from support.orders import BILLING, EDITOR, ORDERS, READER
from support.project import Project, password_of
from support.siege import as_tenant


def test_a_privilege_more_is_never_ready(project: Project, instance: Instance) -> None:
    """A grant counted as there only if the role held exactly what was declared, so that one
    privilege more, or ALL, was reconciled for ever
    (https://github.com/crossplane-contrib/provider-sql/issues/240,
    https://github.com/crossplane-contrib/provider-sql/issues/92)."""
    project.write(ORDERS | READER)
    project.converge()
    more = ("GRANT ALL ON DATABASE orders TO orders_reader", "CREATE TABLE t ()")
    as_tenant(instance, "orders_user", "orders", *more, "GRANT DELETE ON t TO orders_reader")
    plan = project.plan("--detailed-exitcode")
    assert plan.code == 0
    assert {d["kind"] for d in plan.json["drift"]} == {"privilege"}
    before = versions(instance, ["orders"])
    project.converge()
    assert versions(instance, ["orders"]) == before
    project.converge("--authoritative")
    assert table_powers(instance, "orders_reader", "orders", "t") == {"SELECT"}


def test_the_default_privileges_of_others_count(project: Project, instance: Instance) -> None:
    """Default privileges for the same role in another schema, or of another owner, were taken for
    the declared ones, which were shown as ready and never made
    (https://github.com/crossplane-contrib/provider-sql/issues/458)."""
    project.write(ORDERS)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE SCHEMA app")
    instance.su("CREATE ROLE orders_reader LOGIN")
    for others in (
        "FOR ROLE orders_user IN SCHEMA app GRANT SELECT ON TABLES",
        "FOR ROLE rdsadmin GRANT SELECT ON TABLES",
        "FOR ROLE rdsadmin GRANT USAGE ON SCHEMAS",
    ):
        query = f"ALTER DEFAULT PRIVILEGES {others} TO orders_reader"
        instance.su(query.encode(), dbname="orders")
    if instance.major >= 16:
        instance.su("GRANT orders_reader TO platform_admin WITH ADMIN TRUE, SET FALSE")
    project.write(ORDERS | READER)
    assert project.run("adopt", "-e", "dev", "orders-ro").code == 0
    project.converge()
    made = ("CREATE TABLE public.t ()", "CREATE SCHEMA b", "CREATE TABLE b.t ()")
    as_tenant(instance, "orders_user", "orders", *made)
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM public.t", "SELECT FROM b.t")


def test_default_privileges_on_schemas(project: Project, instance: Instance) -> None:
    """Default privileges on schemas were sent with `IN SCHEMA`, which PostgreSQL refuses, and in
    Ansible there was no way to say them, so that nobody saw a schema made later
    (https://github.com/crossplane-contrib/provider-sql/issues/378,
    https://github.com/ansible-collections/community.postgresql/issues/332)."""
    project.write(ORDERS | EDITOR | READER)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE SCHEMA later", "CREATE TABLE later.t ()")
    assert_allowed(project, "orders_editor", "orders", "INSERT INTO later.t DEFAULT VALUES")
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM later.t")


def test_a_grant_reaches_the_database_and_nothing_in_it(
    project: Project, instance: Instance
) -> None:
    """Grants were run in the provider's own database, so they could name other databases, and not
    a schema or a table in them (https://github.com/crossplane-contrib/provider-sql/pull/21,
    https://github.com/crossplane-contrib/provider-sql/issues/217)."""
    project.write(ORDERS | BILLING)
    project.converge()
    for user, dbname in (("orders_user", "orders"), ("billing_user", "billing")):
        as_tenant(instance, user, dbname, "CREATE TABLE t ()")
    instance.su("CREATE TABLE public.t ()", dbname="platform")
    elsewhere = versions(instance, ["platform", "billing"])
    project.write(ORDERS | BILLING | READER)
    project.converge()
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM t")
    inside = ("pg_class", "pg_default_acl", "pg_namespace")
    after = versions(instance, ["platform", "billing"])
    for dbname in ("platform", "billing"):
        for table in inside:
            assert after[f"{dbname}.{table}"] == elsewhere[f"{dbname}.{table}"]


def test_a_deleted_resource_drops_the_database(project: Project, instance: Instance) -> None:
    """Deleting the resource dropped the database with all that was in it, and the secret with its
    password (https://github.com/crossplane-contrib/provider-sql/issues/78,
    https://github.com/crossplane-contrib/provider-sql/issues/178)."""
    project.write(ORDERS | BILLING)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE kept AS SELECT 1 AS n")
    project.write(BILLING)
    mark = instance.log_mark()
    project.converge("--authoritative")
    assert not [s for s in sent(instance.log_since(mark)) if s.upper().startswith("DROP")]
    assert as_tenant(instance, "orders_user", "orders", "SELECT n FROM kept") == [(1,)]
    assert project.has_secret("orders/postgres")


def test_a_rotated_secret_never_reaches_the_server(project: Project, instance: Instance) -> None:
    """A new password in the secret was reported as synced, and the server kept the old one
    (https://github.com/crossplane-contrib/provider-sql/issues/131)."""
    project.write(ORDERS)
    project.converge()
    project.write_secret("orders/postgres", "orders_user", "fake-rotated", "orders")
    project.converge()
    instance.connect("orders_user", "fake-rotated", "orders").close()
    with pytest.raises(psycopg.OperationalError):
        instance.connect("orders_user", password_of("orders_user"), "orders")


def test_an_unknown_authority(project: Project, tmp_path: Path) -> None:
    """With verify-full as the new default, servers of RDS failed with `certificate signed by
    unknown authority` and not a word of what to do
    (https://github.com/crossplane-contrib/provider-sql/issues/102)."""
    (tmp_path / "other").mkdir()
    other = tls.make_authority(tmp_path / "other")
    project.settings = {"server": {"sslrootcert": str(other.ca_file)}}
    project.write(ORDERS)
    refused = project.apply()
    assert refused.code == 1
    assert "not signed by the CA" in refused.json["error"]["hint"]
    assert "sslrootcert" in refused.json["error"]["hint"]


def test_a_connection_for_each_aspect(
    private_instance: Callable[..., Instance], tmp_path: Path
) -> None:
    """Each reconciliation opened a connection for each aspect of each role, thousands in an hour
    with nothing to change (https://github.com/crossplane-contrib/provider-sql/issues/195,
    https://github.com/crossplane-contrib/provider-sql/issues/110)."""
    instance = private_instance(settings={"log_connections": "on"})
    project = Project(root=tmp_path, instance=instance)
    project.write(ORDERS | EDITOR | READER)
    project.converge()
    mark = instance.log_mark()
    project.converge()
    log = instance.log_since(mark)
    assert connections(log, "platform_admin") <= 3
    for user in ("orders_user", "orders_editor", "orders_reader"):
        assert connections(log, user) == 1
