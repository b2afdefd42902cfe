"""Tables of tenants that no policy holds, in a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtenant.catalog.model import Auth
from pgtenant.planning.changes import SecureTables
from pgtenant.planning.desired import Desired
from pgtenant.planning.effects import effect_of
from pgtenant.planning.evidence import shown
from pgtenant.planning.findings import DriftKind
from pgtenant.planning.observed import Observed
from pgtenant.planning.order import AsLogin
from pgtenant.planning.plan import Plan, make_plan
from pgtenant.planning.simulate import RefusedError, simulate
from pgtenant.planning.sql.render import render
from pgtenant.planning.sql.text import as_text
from pgtenant.planning.tenants.found import Column, Found, Name, Policy, Relation, Same, Schema
from pgtenant.planning.tenants.slugs import Tenant
from pgtenant.planning.trust import trusted_contents
from unit.planning.examples import crm, provisioned, with_contents, with_role
from unit.planning.tenants.test_judgement import GOOD, ISOLATION, STORY
from unit.planning.test_trust import held, noted

CRM = crm(isolation=ISOLATION)
MINE = replace(GOOD, owner="crm_user")
BARE = replace(MINE, row_security=False, forced=False, policies=())
TABLES = tuple((f"tenant_{letter}", "orders") for letter in "ab")
SCHEMAS = tuple(Schema(f"tenant_{letter}", "crm_user") for letter in "abcd")


def server(facts: Relation, names: tuple[Name, ...] = TABLES, desired: Desired = CRM) -> Observed:
    found = Found(schemas=SCHEMAS, relations=(Same(facts, names),))
    return with_contents(provisioned(desired), tenants=found)


def notes(plan: Plan) -> list[str]:
    return [item.message for item in plan.drift if item.kind is DriftKind.TENANCY]


def test_tables_that_are_as_they_should_be_need_nothing() -> None:
    plan = make_plan(server(MINE), CRM)
    assert plan.changes == ()
    assert notes(plan) == []


def test_declared_tenants_are_compared_and_not_made() -> None:
    def declaring(*slugs: str) -> Desired:
        declared = tuple(Tenant(f"tenant_{slug}", slug) for slug in slugs)
        return replace(CRM, databases=tuple(replace(d, declared=declared) for d in CRM.databases))

    assert notes(make_plan(server(MINE), declaring("a", "b", "c", "d"))) == []
    plan = make_plan(server(MINE), declaring("a", "b", "x", "y"))
    assert plan.changes == ()
    assert notes(plan) == [
        "tenant_c, tenant_d: there as tenants and not declared",
        ("x, y: declared as tenants and not there; `pgtenant tenant add -e dev crm` makes them"),
    ]
    many = make_plan(server(MINE), declaring(*"abcd", *(f"z{n:02}" for n in range(12))))
    assert "z09 and 2 more: declared" in notes(many)[0]


def test_a_later_table_is_secured_by_a_login_of_its_owner() -> None:
    plan = make_plan(server(BARE), CRM)
    [group] = plan.groups
    [transaction] = group.transactions
    assert transaction.place.session == AsLogin("crm_user", "goldenpath/dev/crm/postgres")
    [change] = transaction.changes
    texts = [as_text(statement.text) for statement in render(change)]
    assert texts[0] == "SET LOCAL search_path = pg_catalog"
    assert [text.split("(")[0] for text in texts[1:5]] == [
        'ALTER TABLE "tenant_a"."orders" ENABLE ROW LEVEL SECURITY',
        'ALTER TABLE "tenant_a"."orders" FORCE ROW LEVEL SECURITY',
        'CREATE POLICY "tenant_isolation" ON "tenant_a"."orders" USING ',
        (
            'COMMENT ON POLICY "tenant_isolation" ON "tenant_a"."orders" IS'
            ' \'{"managed_by":"pgtenant","environment":"dev","entry":"crm"}\''
        ),
    ]
    assert notes(plan) == []
    after = make_plan(simulate(server(BARE), plan), CRM)
    assert (after.changes, after.drift) == ((), ())


@pytest.mark.parametrize(
    "policy",
    [
        Policy("tenant_isolation", True, "*", (), STORY, STORY),
        Policy("tenant_isolation", True, "r", (), "true", None),
        Policy("tenant_isolation", False, "*", ("crm_ro",), "true", "true"),
    ],
)
def test_a_policy_that_is_not_ours_is_made_anew(policy: Policy) -> None:
    beside = Policy("reports", False, "r", (), "true", None)
    before = server(replace(MINE, policies=(beside, policy)))
    plan = make_plan(before, CRM)
    [change] = plan.changes
    words = [as_text(statement.text).split()[0] for statement in render(change)]
    assert words == ["SET", *["DROP", "CREATE", "COMMENT"] * 2]
    assert make_plan(simulate(before, plan), CRM).changes == ()


def test_fifty_tables_are_locked_at_once() -> None:
    names = tuple((f"tenant_{number % 4:d}", f"t{number:03d}") for number in range(120))
    schemas = tuple(Schema(f"tenant_{number}", "crm_user") for number in range(4))
    found = Found(schemas=schemas, relations=(Same(BARE, tuple(sorted(names))),))
    observed = with_contents(provisioned(CRM), tenants=found)
    plan = make_plan(observed, CRM)
    [group] = plan.groups
    sizes = [[len(c.tables) for c in t.changes] for t in group.transactions]  # type: ignore[union-attr]
    assert sizes == [[50], [50], [20]]
    assert make_plan(simulate(observed, plan), CRM).changes == ()


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (replace(BARE, column=None), "has no column tenant_id"),
        (replace(BARE, column=Column("name")), "of the type name"),
        (replace(BARE, owner="alice"), "belongs to alice"),
        (replace(MINE, indexed=False), "has no index"),
        (
            replace(MINE, policies=(*MINE.policies, Policy("x", True, "*", (), "true", None))),
            "another permissive policy, x",
        ),
    ],
)
def test_what_takes_a_person_is_shown(facts: Relation, says: str) -> None:
    plan = make_plan(server(facts), CRM)
    assert plan.changes == ()
    assert any(says in note for note in notes(plan))
    assert all(note.startswith("tenant_a.orders, tenant_b.orders: each ") for note in notes(plan))


def test_tables_that_no_login_of_the_owner_gets_to() -> None:
    names = (("tenant_a", "orders"), ("tenant_a", "or\udc80ders"), ("tenant_x", "orders"))
    observed = server(BARE, names)
    foreign = Found(
        schemas=(*SCHEMAS, Schema("tenant_x", "alice")),
        relations=observed.databases["crm"].contents.tenants.relations,  # type: ignore[union-attr]
    )
    plan = make_plan(with_contents(observed, tenants=foreign), CRM)
    [change] = plan.changes
    assert isinstance(change, SecureTables)
    assert change.tables == (("tenant_a", "orders"),)
    left = [note for note in notes(plan) if "no row security" in note]
    assert left == ["tenant_a.or\udc80ders, tenant_x.orders: each has no row security"]


def test_an_owner_without_a_password_secures_nothing() -> None:
    iam = crm(isolation=ISOLATION)
    [database] = iam.databases
    owner = replace(database.owner, auth=Auth.IAM)
    iam = replace(iam, databases=(replace(database, owner=owner),))
    observed = with_role(server(BARE), "crm_user", rds_iam=True)
    observed = replace(observed, server=replace(observed.server, iam=True))
    plan = make_plan(observed, iam)
    assert not any(isinstance(change, SecureTables) for change in plan.changes)
    assert any("has no row security" in note for note in notes(plan))


def test_where_nobody_looked_nothing_is_said() -> None:
    assert notes(make_plan(provisioned(CRM), CRM)) == []
    without = make_plan(server(BARE), crm())
    assert (without.changes, notes(without)) == ((), [])


def test_a_change_of_what_is_not_as_it_was_is_refused() -> None:
    plan = make_plan(server(BARE), CRM)
    for other in (server(MINE), server(replace(BARE, owner="alice")), server(BARE, TABLES[:1])):
        with pytest.raises(RefusedError):
            simulate(other, plan)


def test_the_server_shows_what_was_done() -> None:
    before = server(BARE)
    plan = make_plan(before, CRM)
    [effect] = map(effect_of, plan.changes)
    assert effect.details == ("enabled", "forced", "policy")
    assert shown(effect, simulate(before, plan))
    assert not shown(effect, before)
    assert not shown(effect, server(MINE, TABLES[:1]))
    assert not shown(effect, with_contents(before, tenants=None))
    for facts in (
        replace(MINE, row_security=False),
        replace(MINE, forced=False),
        replace(MINE, policies=()),
    ):
        assert not shown(effect, server(facts))


def test_no_marker_speaks_for_row_security() -> None:
    desired = replace(CRM, trust_markers=True)
    marked = noted(replace(crm(), trust_markers=True))
    assert "crm" in trusted_contents(marked, replace(crm(), trust_markers=True), held())
    assert trusted_contents(marked, desired, held()) == {}
    assert "inside" not in (noted(desired).roles["crm_user"].comment or "")
