"""What managed roles hold beyond the catalog: all of it is shown, none of it touched unasked."""

from __future__ import annotations

from typing import Any

import pytest

from support.instance import Instance
from support.project import Project, make_marked
from support.siege import SHOP, as_tenant, ask, holds


def _held(project: Project, *arguments: str) -> set[tuple[str, str]]:
    planned = project.plan(*arguments)
    assert planned.code == 0, planned.output
    return {(d["role"], d["statement"]) for d in planned.json["drift"] if d["kind"] == "privilege"}


def _changes(project: Project) -> list[Any]:
    changes: list[Any] = project.plan("--authoritative").json["changes"]
    return changes


@pytest.mark.every_major
def test_what_a_retired_reader_still_holds(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    project.converge()
    as_tenant(instance, "shop_user", "shop", "CREATE TABLE t (n int)")
    project.write({"shop": SHOP["shop"]})
    held = _held(project)
    assert {role for role, _ in held} == {"shop_reader"}
    statements = {statement for _, statement in held}
    assert 'REVOKE CONNECT ON DATABASE "shop" FROM "shop_reader"' in statements
    assert 'REVOKE SELECT ON TABLE "public"."t" FROM "shop_reader"' in statements
    assert 'REVOKE USAGE ON SCHEMA "public" FROM "shop_reader"' in statements
    assert _changes(project) == []
    project.converge("--authoritative")
    assert holds(instance, "shop_reader", "t", "SELECT", "shop")


@pytest.mark.every_major
def test_grants_to_another_managed_role(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    project.converge()
    make_marked(instance, "elsewhere", "elsewhere_entry")
    make_marked(instance, "outsider", "outsider_entry", environment="prod")
    as_tenant(
        instance,
        "shop_user",
        "shop",
        "CREATE TABLE t (n int)",
        "GRANT CONNECT ON DATABASE shop TO elsewhere, outsider",
        "GRANT SELECT ON t TO elsewhere, outsider",
    )
    assert _held(project) == {
        ("elsewhere", 'REVOKE CONNECT ON DATABASE "shop" FROM "elsewhere"'),
        ("elsewhere", 'REVOKE SELECT ON TABLE "public"."t" FROM "elsewhere"'),
    }
    assert _changes(project) == []


@pytest.mark.every_major
def test_functions_and_what_strangers_own(project: Project, instance: Instance) -> None:
    project.write(SHOP | {"other": {"database_name": "other", "username": "other_user"}})
    project.converge()
    as_tenant(
        instance,
        "shop_user",
        "shop",
        "CREATE FUNCTION f(a int, b text[]) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "GRANT EXECUTE ON FUNCTION f TO other_user",
    )
    ask(instance, b"CREATE TABLE public.alien (n int)", "shop")
    ask(instance, b"GRANT SELECT, INSERT ON public.alien TO other_user", "shop")
    held = _held(project)
    assert {role for role, _ in held} == {"other_user"}
    statements = {statement for _, statement in held}
    assert statements == {
        (
            'REVOKE EXECUTE ON ROUTINE "public"."f"("pg_catalog"."int4", "pg_catalog"."_text")'
            ' FROM "other_user"'
        ),
        'REVOKE INSERT, SELECT ON TABLE "public"."alien" FROM "other_user"',
    }
    project.converge()
    assert _held(project) == held
    for statement in statements:
        ask(instance, statement.encode(), "shop")
    assert _held(project) == set()
