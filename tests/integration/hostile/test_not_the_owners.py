"""Objects that the owner of a database does not own, and a schema public from before 15."""

from __future__ import annotations

from typing import Any

from support.instance import Instance
from support.project import Project
from support.siege import SHOP, as_tenant, ask, holds


def test_one_foreign_table_among_many(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    project.converge()
    as_tenant(
        instance,
        "shop_user",
        "shop",
        "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM shop_reader",
        "CREATE TABLE t1 ()",
        "CREATE TABLE t2 (id serial)",
        "CREATE VIEW v AS SELECT 1 AS one",
    )
    for statement in (
        "CREATE TABLE public.alien (id serial)",
        "CREATE VIEW public.alien_view AS SELECT 1 AS one",
        "CREATE SEQUENCE public.alien_seq",
        "CREATE SCHEMA alien_schema",
        "CREATE EXTENSION citext",
        "CREATE TABLE public.of_extension ()",
        "ALTER EXTENSION citext ADD TABLE public.of_extension",
    ):
        ask(instance, statement.encode(), "shop")
    project.converge()
    for table in ("t1", "t2", "v"):
        assert holds(instance, "shop_reader", table, "SELECT", "shop")
    assert not holds(instance, "shop_reader", "alien", "SELECT", "shop")
    plan = project.plan("--detailed-exitcode")
    assert plan.code == 0
    foreign = {
        d["message"].split(" belongs")[0]: d
        for d in plan.json["drift"]
        if d["kind"] == "foreign_object"
    }
    assert set(foreign) == {
        "the table public.alien",
        "the table public.alien_view",
        "the sequence public.alien_seq",
        "the schema alien_schema",
    }
    for item in foreign.values():
        ask(instance, _statement(item).encode(), "shop")
    project.converge()
    assert holds(instance, "shop_reader", "alien", "SELECT", "shop")
    assert not [d for d in project.plan().json["drift"] if d["kind"] == "foreign_object"]


def _statement(item: dict[str, Any]) -> str:
    statement = item["statement"]
    assert isinstance(statement, str)
    assert " OWNER TO " in statement
    return statement


def test_public_from_before_15_blocks_until_its_owner_closes_it(
    project: Project, instance: Instance
) -> None:
    project.write(SHOP)
    project.converge()
    ask(instance, "ALTER SCHEMA public OWNER TO rdsadmin", "shop")
    ask(instance, "GRANT CREATE ON SCHEMA public TO PUBLIC", "shop")
    blocked = project.apply()
    assert blocked.code == 4
    item = next(b for b in project.plan().json["blocked"] if b["entry"] == "shop")
    assert "rdsadmin" in item["executor"]
    ask(instance, item["statement"].encode(), "shop")
    project.converge()
    plan = project.plan("--detailed-exitcode")
    assert plan.code == 0
    assert plan.json["blocked"] == []


def test_public_of_another_owner_that_is_closed_blocks_nothing(
    project: Project, instance: Instance
) -> None:
    project.write(SHOP)
    project.converge()
    ask(instance, "ALTER SCHEMA public OWNER TO rdsadmin", "shop")
    as_tenant(instance, "shop_user", "shop", "CREATE SCHEMA app", "CREATE TABLE app.t ()")
    ask(instance, "REVOKE ALL ON app.t FROM shop_reader", "shop")
    project.converge()
    assert holds(instance, "shop_reader", "app.t", "SELECT", "shop")
    assert project.plan("--detailed-exitcode").code == 0


def test_an_owner_that_opens_public_is_closed_again(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    project.converge()
    as_tenant(instance, "shop_user", "shop", "GRANT CREATE ON SCHEMA public TO PUBLIC")
    query = "SELECT has_schema_privilege('shop_reader', 'public', 'CREATE')"
    assert ask(instance, query, "shop") == [(True,)]
    project.converge()
    assert ask(instance, query, "shop") == [(False,)]
