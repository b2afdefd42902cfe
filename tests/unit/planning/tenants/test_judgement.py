"""Every way in which tenants can be less apart than they should be is found and explained."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtenant.planning.sql.text import as_text
from pgtenant.planning.tenants.findings import WHY, Finding, Problem
from pgtenant.planning.tenants.found import (
    Column,
    ForeignKey,
    Found,
    Function,
    Held,
    Key,
    Policy,
    Preset,
    Relation,
    RelationKind,
    Relative,
    Same,
    Schema,
    Trigger,
    Unheld,
    View,
    Way,
)
from pgtenant.planning.tenants.judgement import judged
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.statements import secure

ISOLATION = Isolation("tenant_", "app.current_tenant", "tenant_id")
RIGHT = (
    "(tenant_id = ( SELECT (NULLIF(current_setting('app.current_tenant'::text, true),"
    " ''::text))::uuid AS \"nullif\"))"
)
STORY = "(tenant_id = (current_setting('app.current_tenant'::text))::uuid)"
POLICY = Policy("tenant_isolation", True, "*", (), RIGHT, RIGHT)
GOOD = Relation(
    kind=RelationKind.TABLE,
    owner="app_user",
    row_security=True,
    forced=True,
    column=Column("uuid"),
    indexed=True,
    policies=(POLICY,),
    keys=(Key("orders_pkey", True, True),),
    foreign_keys=(ForeignKey("orders_customer_fkey", "", True, False),),
)
NAMES = (("tenant_a", "orders"), ("tenant_b", "orders"))


def judge(found: Found) -> tuple[Finding, ...]:
    return judged(found, ISOLATION, owner="app_user", database="qualisys_master")


def of_table(facts: Relation) -> tuple[Finding, ...]:
    return judge(Found(relations=(Same(facts, NAMES),)))


def test_nothing_is_found_where_all_is_as_it_should_be() -> None:
    assert of_table(GOOD) == ()
    assert list(secure(NAMES[0], GOOD, ISOLATION, "{}")) == []


def test_of_a_table_without_a_column_that_serves_nothing_else_is_advised() -> None:
    bare = replace(GOOD, row_security=False, forced=False, policies=(), indexed=False)
    others = Same(replace(GOOD, column=Column("character varying(40)")), NAMES)
    for column, statement in (
        (None, 'ALTER TABLE "tenant_a"."t" ADD COLUMN "tenant_id" text'),
        (Column("name"), ""),
    ):
        there = Same(replace(bare, column=column), (("tenant_a", "t"),))
        about = judge(Found(relations=(others, there)))
        [found] = [finding for finding in about if finding.names == there.names]
        assert (found.statement, found.ours) == (statement, False)
    [alone] = of_table(replace(bare, column=None, keys=(), foreign_keys=()))
    assert alone.statement == ""


def policy(**changes: object) -> Relation:
    return replace(GOOD, policies=(replace(POLICY, **changes),))  # type: ignore[arg-type]


BESIDE = Policy("all_rows", True, "r", ("reporting",), "true", None)
TABLES = {
    "no tenant column": (replace(GOOD, column=None), Problem.NO_COLUMN, False),
    "a type that is cut": (
        replace(GOOD, column=Column("character(5)")),
        Problem.COLUMN_TYPE,
        False,
    ),
    "a name is cut": (replace(GOOD, column=Column("name")), Problem.COLUMN_TYPE, False),
    "a loose collation": (
        replace(GOOD, column=Column("text", loose=True)),
        Problem.COLUMN_TYPE,
        False,
    ),
    "not enabled": (replace(GOOD, row_security=False), Problem.NO_ROW_SECURITY, True),
    "not forced": (replace(GOOD, forced=False), Problem.NOT_FORCED, True),
    "no policy": (replace(GOOD, policies=()), Problem.NO_POLICY, True),
    "no USING": (policy(using=None), Problem.POLICY_PARTIAL, True),
    "no WITH CHECK": (policy(check=None), Problem.POLICY_PARTIAL, True),
    "for one command": (policy(command="r"), Problem.POLICY_PARTIAL, True),
    "for one role": (policy(roles=("app_user",)), Problem.POLICY_PARTIAL, True),
    "restrictive": (policy(permissive=False), Problem.POLICY_PARTIAL, True),
    "the story's own": (policy(using=STORY, check=STORY), Problem.POLICY_WEAK, True),
    "everything": (policy(using="true"), Problem.POLICY_UNKNOWN, True),
    "another setting": (
        policy(using=RIGHT.replace("app.current_tenant", "app.other")),
        Problem.POLICY_UNKNOWN,
        True,
    ),
    "or": (policy(using=f"({RIGHT} OR (tenant_id IS NULL))"), Problem.POLICY_UNKNOWN, True),
    "a planted function": (
        policy(using=RIGHT.replace("current_setting(", "public.current_setting(")),
        Problem.POLICY_UNKNOWN,
        True,
    ),
    "written otherwise than read": (policy(check="true"), Problem.POLICY_UNKNOWN, True),
    "another permissive one": (
        replace(GOOD, policies=(BESIDE, POLICY)),
        Problem.POLICY_BESIDE,
        False,
    ),
    "no index": (replace(GOOD, indexed=False), Problem.NO_INDEX, False),
    "another owner": (replace(GOOD, owner="intern"), Problem.TABLE_OWNER, False),
    "truncate": (
        replace(GOOD, held=(Held("editor", ("SELECT", "TRUNCATE")),)),
        Problem.BEYOND_POLICIES,
        False,
    ),
    "a key": (replace(GOOD, keys=(Key("email_key", False, False),)), Problem.KEY, False),
    "a foreign key": (
        replace(GOOD, foreign_keys=(ForeignKey("f", "", False, False),)),
        Problem.FOREIGN_KEY,
        False,
    ),
    "a foreign key outside": (
        replace(GOOD, foreign_keys=(ForeignKey("f", "public.plans", False, False),)),
        Problem.FOREIGN_KEY_OUTSIDE,
        False,
    ),
    "a foreign key to a tenant": (
        replace(GOOD, foreign_keys=(ForeignKey("f", "tenant_b.orders", True, True),)),
        Problem.FOREIGN_KEY_OTHER_TENANT,
        False,
    ),
    "a sequence by its name": (
        replace(GOOD, by_name=("nextval('numbers'::text)",)),
        Problem.SEQUENCE_BY_NAME,
        False,
    ),
    "somebody's trigger": (
        replace(GOOD, triggers=(Trigger("t", "public.f", "intern"),)),
        Problem.TRIGGER,
        False,
    ),
    "rows that a table elsewhere shows": (
        replace(GOOD, relatives=(Relative("public.everything", above=True),)),
        Problem.INHERITANCE,
        False,
    ),
    "a partition elsewhere": (
        replace(GOOD, relatives=(Relative("public.first", above=False),)),
        Problem.INHERITANCE,
        False,
    ),
    "a rule": (replace(GOOD, rules=("also",)), Problem.RULE, False),
    "a shared sequence": (
        replace(GOOD, sequences=("public.numbers",)),
        Problem.SEQUENCE,
        False,
    ),
    "a materialized view": (
        replace(GOOD, kind=RelationKind.MATERIALIZED),
        Problem.MATERIALIZED_VIEW,
        False,
    ),
    "a foreign table": (
        replace(GOOD, kind=RelationKind.FOREIGN),
        Problem.FOREIGN_TABLE,
        False,
    ),
    "a partitioned table": (
        replace(GOOD, kind=RelationKind.PARTITIONED, forced=False),
        Problem.NOT_FORCED,
        True,
    ),
}


@pytest.mark.parametrize(("facts", "problem", "ours"), TABLES.values(), ids=TABLES.keys())
def test_one_thing_wrong_with_a_table(facts: Relation, problem: Problem, ours: bool) -> None:
    found = of_table(facts)
    assert {finding.problem for finding in found} == {problem}
    assert {finding.ours for finding in found} == {ours}
    assert found[0].names == NAMES
    assert found[0].why
    assert bool(list(secure(NAMES[0], facts, ISOLATION, "{}"))) is ours


def test_a_table_that_somebody_else_owns_is_not_mended() -> None:
    found = of_table(replace(GOOD, owner="intern", row_security=False))
    assert not any(finding.ours for finding in found)


@pytest.mark.parametrize("column", ["uuid", "integer", "bigint", "smallint"])
def test_a_cast_is_typed_to_the_column(column: str) -> None:
    facts = replace(GOOD, column=Column(column), policies=())
    text = " ".join(map(as_text, secure(NAMES[0], facts, ISOLATION, "{}")))
    assert (
        text.count(f"NULLIF(pg_catalog.current_setting('app.current_tenant', true), '')::{column}")
        == 2
    )


@pytest.mark.parametrize("column", ["text", "character varying", "character varying(5)"])
def test_a_text_is_compared_whole(column: str) -> None:
    facts = replace(GOOD, column=Column(column), policies=())
    (create, _) = map(as_text, secure(NAMES[0], facts, ISOLATION, "{}"))
    assert "''))" in create
    assert "::" not in create


def test_what_is_weak_is_told() -> None:
    found = of_table(policy(using=STORY, check=STORY))
    assert len(found) == 2
    assert "is an error where the setting is missing" in found[0].message
    assert "reads the setting for each row" in found[0].message


def test_a_mended_policy_leaves_no_moment_without_row_security() -> None:
    facts = replace(policy(using="true"), row_security=False, forced=False)
    sent = [as_text(s).split(" ON ")[0] for s in secure(NAMES[0], facts, ISOLATION, "{}")]
    assert sent == [
        'ALTER TABLE "tenant_a"."orders" ENABLE ROW LEVEL SECURITY',
        'ALTER TABLE "tenant_a"."orders" FORCE ROW LEVEL SECURITY',
        'DROP POLICY "tenant_isolation"',
        'CREATE POLICY "tenant_isolation"',
        "COMMENT",
    ]


VIEW = (("tenant_a", "open_orders"),)
DEFINER = Function("app_user", True, False, True)
OTHERS = {
    "a schema's owner": (Found(schemas=(Schema("tenant_a", "intern"),)), Problem.SCHEMA_OWNER),
    "a schema that is open": (
        Found(schemas=(Schema("tenant_a", "app_user", held=(Held("public", ("USAGE",)),)),)),
        Problem.SCHEMA_OPEN,
    ),
    "a schema to create in": (
        Found(schemas=(Schema("tenant_a", "app_user", held=(Held("ed", ("CREATE", "USAGE")),)),)),
        Problem.SCHEMA_OPEN,
    ),
    "a view of the owner": (
        Found(views=(Same(View("app_user", invoker=False), VIEW),)),
        Problem.VIEW_OWNER,
    ),
    "a view of a superuser": (
        Found(views=(Same(View("dba", invoker=False), VIEW),), bypassing=frozenset({"dba"})),
        Problem.VIEW_BYPASSES,
    ),
    "a function of a superuser": (
        Found(
            functions=(Same(replace(DEFINER, owner="dba"), VIEW),),
            bypassing=frozenset({"dba"}),
        ),
        Problem.FUNCTION_BYPASSES,
    ),
    "a function without a path": (
        Found(functions=(Same(replace(DEFINER, pinned_path=False), VIEW),)),
        Problem.FUNCTION_PATH,
    ),
    "a function that sets the tenant": (
        Found(functions=(Same(Function("app_user", False, True, False), VIEW),)),
        Problem.FUNCTION_SETS_TENANT,
    ),
    "the owner bypasses": (
        Found(unheld=(Unheld("app_user", Way.ITSELF, "app_user", False),)),
        Problem.ROLE_BYPASSES,
    ),
    "the owner becomes": (
        Found(unheld=(Unheld("app_user", Way.MEMBER, "dba", True),)),
        Problem.ROLE_BECOMES,
    ),
    "a default tenant": (Found(presets=(Preset("", everywhere=False),)), Problem.PRESET),
}


@pytest.mark.parametrize(("found", "problem"), OTHERS.values(), ids=OTHERS.keys())
def test_one_thing_wrong_beside_tables(found: Found, problem: Problem) -> None:
    assert [finding.problem for finding in judge(found)] == [problem]


def test_what_is_right_beside_tables() -> None:
    found = Found(
        schemas=(Schema("tenant_a", "app_user", held=(Held("ed", ("USAGE",)),)),),
        views=(Same(View("dba", invoker=True), VIEW),),
        functions=(Same(DEFINER, VIEW),),
        bypassing=frozenset({"dba"}),
    )
    assert judge(found) == ()


@pytest.mark.parametrize(
    ("preset", "statement"),
    [
        (Preset("", everywhere=False), 'ALTER DATABASE "qualisys_master" RESET {}'),
        (Preset("", everywhere=True), "ALTER ROLE ALL RESET {}"),
        (Preset("r", everywhere=False), 'ALTER ROLE "r" IN DATABASE "qualisys_master" RESET {}'),
        (Preset("r", everywhere=True), 'ALTER ROLE "r" RESET {}'),
    ],
)
def test_how_a_default_tenant_is_taken_away(preset: Preset, statement: str) -> None:
    (finding,) = judge(Found(presets=(preset,)))
    assert finding.statement == statement.format('"app"."current_tenant"')


def test_what_the_application_may_do_without_entering_a_tenant_is_found() -> None:
    apart = replace(ISOLATION, roles_in="qualisys_master")
    facts = replace(GOOD, owner="", held=(Held("app_user", ("SELECT",)),))
    own = apart.role_of("tenant_a") or ""
    schema = Schema("tenant_a", own, held=(Held("app_user", ("USAGE",)),))
    found = Found(schemas=(schema,), relations=(Same(facts, (("tenant_a", "t"),)),))
    judgement = judged(found, apart, owner="app_user", database="qualisys_master")
    assert [(one.problem, one.statement) for one in judgement] == [
        (Problem.NOT_ENTERED, 'REVOKE USAGE ON SCHEMA "tenant_a" FROM "app_user"'),
        (Problem.NOT_ENTERED, 'REVOKE ALL ON TABLE "tenant_a"."t" FROM "app_user"'),
    ]


def test_every_problem_is_explained_and_has_a_case() -> None:
    cases = {case[1] for case in TABLES.values()} | {case[1] for case in OTHERS.values()}
    cases.add(Problem.NOT_ENTERED)  # where each tenant has a role: the test above
    assert set(WHY) == set(Problem) == cases
