"""Terraform's and Pulumi's provider: grants."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg

from support.instance import Instance
from support.oracle import (
    assert_allowed,
    assert_denied,
    changing,
    database_powers,
    table_powers,
    versions,
)
from support.orders import EDITOR, ORDERS, READER
from support.project import Project
from support.siege import as_tenant


def test_tuple_concurrently_updated_and_deadlocks(project: Project, instance: Instance) -> None:
    """Grants to several roles on one database ran side by side and failed with `tuple concurrently
    updated`, and once there were locks against that, with `deadlock detected`
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/223,
    https://github.com/cyrilgdn/terraform-provider-postgresql/issues/178,
    https://github.com/cyrilgdn/terraform-provider-postgresql/pull/640,
    https://github.com/pulumi/pulumi-postgresql/issues/897)."""
    project.write(ORDERS)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE t ()")
    members = {
        f"m{n}": READER["orders-ro"] | {"username": f"member_{n}", "access_level": level}
        for n, level in enumerate(("reader", "editor") * 3)
    }
    project.write(ORDERS | members)
    mark = instance.log_mark()
    project.converge()
    assert not re.search("tuple concurrently|deadlock", instance.log_since(mark))
    for entry in members.values():
        assert "SELECT" in table_powers(instance, entry["username"], "orders", "t")


@contextlib.contextmanager
def _repeating(
    project: Project, user: str, dbname: str, query: LiteralString
) -> Iterator[list[str]]:
    """Repeat a query in a role's own session during the block; collects what is refused."""
    over, begun = threading.Event(), threading.Event()
    refused: list[str] = []

    def read() -> None:
        with project.tenant(user, dbname) as session:
            while not over.is_set():
                try:
                    session.execute(query)
                except psycopg.DatabaseError as error:
                    refused.append(str(error))
                begun.set()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        assert begun.wait(10)
        yield refused
    finally:
        over.set()
        thread.join()


def test_privileges_vanish_for_an_instant(project: Project, instance: Instance) -> None:
    """A changed grant was revoked in one transaction and granted anew in the next, so that running
    applications met `permission denied`
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/208,
    https://github.com/cyrilgdn/terraform-provider-postgresql/issues/321)."""
    project.write(ORDERS | READER)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE one ()", "CREATE TABLE two ()")
    as_tenant(instance, "orders_user", "orders", "REVOKE ALL ON two FROM orders_reader")
    upgraded = {"orders-ro": READER["orders-ro"] | {"access_level": "editor"}}
    with _repeating(project, "orders_reader", "orders", "SELECT FROM one") as refused:
        mark = instance.log_mark()
        project.converge()
        project.write(ORDERS | upgraded)
        project.converge()
    assert refused == []
    revoked = [s for s in changing(instance.log_since(mark)) if s.startswith("REVOKE")]
    assert [s for s in revoked if not s.startswith('REVOKE "orders_user" FROM')] == []
    assert table_powers(instance, "orders_reader", "orders", "two") >= {"SELECT", "INSERT"}


def test_an_owner_with_all_is_drift_forever(project: Project, instance: Instance) -> None:
    """Each plan wanted to grant ALL again, because the server names the privileges one by one and
    an owner holds them without a grant
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/627,
    https://github.com/hashicorp/terraform-provider-postgresql/issues/166)."""
    project.write(ORDERS | EDITOR)
    project.converge()
    as_tenant(
        instance,
        "orders_user",
        "orders",
        "CREATE TABLE t (id serial)",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO orders_user",
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO orders_user",
        "GRANT ALL ON DATABASE orders TO orders_user",
    )
    before = versions(instance, ["orders"])
    plan = project.plan("--detailed-exitcode")
    assert (plan.code, plan.json["drift"]) == (0, [])
    project.converge()
    assert versions(instance, ["orders"]) == before


def test_a_new_table_makes_the_grants_look_undone(project: Project, instance: Instance) -> None:
    """As soon as the application had made a table, the plan showed the grants of all tables as not
    applied (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/106,
    https://github.com/cyrilgdn/terraform-provider-postgresql/issues/303)."""
    project.write(ORDERS | READER)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE early ()")
    as_tenant(instance, "orders_user", "orders", "CREATE SCHEMA app", "CREATE TABLE app.late ()")
    assert project.plan("--detailed-exitcode").code == 0
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM early", "SELECT FROM app.late")


def test_grants_do_not_reach_tables_that_are_there(project: Project, instance: Instance) -> None:
    """A role that was added to a database in use could read what was made later, and nothing that
    was there (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/283)."""
    project.write(ORDERS)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE there ()")
    project.write(ORDERS | READER)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE later ()")
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM there", "SELECT FROM later")


def test_a_table_dropped_meanwhile(project: Project, instance: Instance, tmp_path: Path) -> None:
    """Grants named a table that a migration had dropped, and each apply failed with `relation does
    not exist`
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/362,
    https://github.com/cyrilgdn/terraform-provider-postgresql/pull/665)."""
    project.write(ORDERS)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE kept ()", "CREATE TABLE gone ()")
    project.write(ORDERS | READER)
    saved = tmp_path / "plan.json"
    assert project.plan("--out", str(saved)).code == 0
    as_tenant(instance, "orders_user", "orders", "DROP TABLE gone")
    stale = project.run("apply", str(saved))
    assert stale.code == 1
    assert "does not exist" not in stale.err
    project.converge()
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM kept")
    as_tenant(instance, "orders_user", "orders", "DROP TABLE kept")
    assert project.plan("--detailed-exitcode").code == 0


def test_a_revoke_from_public_changes_nothing(project: Project, instance: Instance) -> None:
    """An admin that did not own the database revoked CONNECT from PUBLIC without an error and
    without any effect, and the database stayed open
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/133)."""
    project.write(ORDERS)
    project.converge()
    as_tenant(
        instance,
        "orders_user",
        "orders",
        "GRANT CONNECT, TEMPORARY ON DATABASE orders TO PUBLIC",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
    )
    assert database_powers(instance, "public", "orders") == {"CONNECT", "TEMPORARY"}
    project.converge()
    assert database_powers(instance, "public", "orders") == set()
    open_ = "SELECT has_schema_privilege('public', 'public', 'CREATE')"
    assert instance.su(open_, dbname="orders") == [(False,)]


def test_pg_database_owner_cannot_have_members(project: Project, instance: Instance) -> None:
    """To grant on schema public from PostgreSQL 15 on, the provider made itself a member of the
    schema's owner: `role "pg_database_owner" cannot have explicit members`
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/294,
    https://github.com/pulumi/pulumi-postgresql/issues/206)."""
    project.write(ORDERS | READER)
    project.converge()
    owner = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'"
    assert instance.su(owner, dbname="orders") == [("pg_database_owner",)]
    revoke: LiteralString = "REVOKE ALL ON SCHEMA public FROM PUBLIC, orders_reader"
    as_tenant(instance, "orders_user", "orders", revoke, "CREATE TABLE public.t ()")
    assert_denied(project, "orders_reader", "orders", "SELECT FROM public.t")
    mark = instance.log_mark()
    project.converge()
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM public.t")
    assert not [s for s in changing(instance.log_since(mark)) if "pg_database_owner" in s]


def test_one_table_of_somebody_else_ends_all_grants(project: Project, instance: Instance) -> None:
    """One table of another role in the schema made `GRANT … ON ALL TABLES` fail whole, or the
    provider tried to become a member of that role
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/51,
    https://github.com/lunarway/postgresql-controller/pull/385)."""
    project.write(ORDERS)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE mine ()")
    instance.su("CREATE TABLE public.foreign_one ()", dbname="orders")
    project.write(ORDERS | READER)
    project.converge()
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM mine")
    (note,) = [d for d in project.plan().json["drift"] if d["kind"] == "foreign_object"]
    assert "foreign_one" in note["message"]
    instance.su(note["statement"], dbname="orders")
    project.converge()
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM foreign_one")
