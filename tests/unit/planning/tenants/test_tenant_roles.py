"""Tenants' own roles in a plan: who is in them and how."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtenant.planning.diff.strangers import find_strangers
from pgtenant.planning.effects import effect_of
from pgtenant.planning.evidence import shown
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Membership, Observed, Role
from pgtenant.planning.plan import Plan, make_plan
from pgtenant.planning.simulate import RefusedError, simulate
from pgtenant.planning.sql.render import render
from pgtenant.planning.sql.text import as_text
from pgtenant.planning.tenants.found import Found, Relation, Same, Schema
from unit.planning.examples import ADMIN, crm, kinds, provisioned, with_contents, with_role
from unit.planning.tenants.test_judgement import GOOD, ISOLATION

APART = replace(ISOLATION, roles_in="crm")
CRM = crm(isolation=APART)
NAME = "tenant_a@crm"
WAY = Membership("crm_user", ADMIN, inherit=False, set=True)
MAKER = Membership(ADMIN, "rdsadmin", inherit=False, set=False, admin=True)
OF_ALL = replace(GOOD, owner="")


def own(*memberships: Membership, **changes: object) -> Role:
    mark = Marker("dev", "crm", tenant="tenant_a", database="crm")
    role = Role(NAME, login=False, comment=mark.text(), memberships=memberships)
    return replace(role, **changes)  # type: ignore[arg-type]


def server(role: Role, major: int = 17, facts: Relation = OF_ALL, owner: str = NAME) -> Observed:
    """Return a server with one tenant of one table."""
    found = Found(
        schemas=(Schema("tenant_a", owner),),
        relations=(Same(facts, (("tenant_a", "orders"),)),),
    )
    observed = with_contents(provisioned(CRM, major), tenants=found)
    return replace(observed, tenants={role.name: role})


def told(plan: Plan) -> list[str]:
    return [item.message for item in plan.drift]


def texts(plan: Plan) -> list[str]:
    return [as_text(s.text) for change in plan.changes for s in render(change)]


def converged(observed: Observed) -> Observed:
    """Carry out a plan, after which nothing is left to do; every change is seen to be in effect."""
    plan = make_plan(observed, CRM)
    after = simulate(observed, plan)
    assert make_plan(after, CRM).changes == ()
    assert all(shown(effect_of(change), after) for change in plan.changes)
    return after


@pytest.mark.parametrize("major", [15, 17])
def test_a_tenant_that_is_as_it_should_be_needs_nothing(major: int) -> None:
    observed = server(own(WAY, MAKER), major)
    plan = make_plan(with_role(observed, "crm_user", member_of=(NAME,)), CRM)
    assert plan.changes == ()
    assert told(plan) == []


def test_a_way_that_is_missing_or_inherits_is_mended() -> None:
    for rows in ((), (replace(WAY, set=False),), (replace(WAY, inherit=True),)):
        observed = server(own(*rows))
        plan = make_plan(observed, CRM)
        assert kinds(plan) == ["join_tenants"]
        assert texts(plan) == [f'GRANT "{NAME}" TO "crm_user" WITH INHERIT FALSE, SET TRUE']
        converged(observed)
    by_another = server(own(WAY, replace(WAY, grantor="rdsadmin", inherit=True)))
    plan = make_plan(by_another, CRM)
    assert plan.changes == ()
    [one] = plan.drift
    assert one.statement == (
        f'REVOKE INHERIT OPTION FOR "{NAME}" FROM "crm_user" GRANTED BY "rdsadmin"'
    )


def test_on_15_the_login_inherits_nothing_and_owns_the_schema_public() -> None:
    observed = with_role(server(own(WAY), 15), "crm_user", inherit=True)
    assert texts(make_plan(observed, CRM)) == ['ALTER ROLE "crm_user" NOINHERIT']
    converged(observed)
    contents = observed.databases["crm"].contents
    assert contents is not None
    assert contents.public is not None
    group = replace(contents.public, owner="pg_database_owner")
    observed = with_role(with_contents(observed, public=group), "crm_user", inherit=False)
    assert texts(make_plan(observed, CRM)) == [
        'ALTER ROLE "crm_user" INHERIT',
        'ALTER SCHEMA "public" OWNER TO "crm_user"',
        'ALTER ROLE "crm_user" NOINHERIT',
    ]
    after = converged(observed)
    assert not after.roles["crm_user"].inherit


def test_tables_of_the_application_go_to_the_tenant_and_are_secured() -> None:
    observed = server(own(WAY), facts=replace(OF_ALL, owner="crm_user", forced=False))
    plan = make_plan(observed, CRM)
    assert kinds(plan) == ["give_tables", "secure_tables"]
    assert [text for text in texts(plan) if "search_path" not in text] == [
        f'SET LOCAL ROLE "{NAME}"',
        'GRANT USAGE ON SCHEMA "tenant_a" TO "crm_user"',
        'SET LOCAL ROLE "crm_user"',
        f'ALTER TABLE "tenant_a"."orders" OWNER TO "{NAME}"',
        f'SET LOCAL ROLE "{NAME}"',
        'REVOKE USAGE ON SCHEMA "tenant_a" FROM "crm_user"',
        f'SET LOCAL ROLE "{NAME}"',
        'ALTER TABLE "tenant_a"."orders" FORCE ROW LEVEL SECURITY',
    ]
    converged(observed)
    assert told(plan) == []
    strangers = server(own(WAY), facts=replace(OF_ALL, owner="alice", forced=False))
    assert make_plan(strangers, CRM).changes == ()
    assert "tenant_a.orders belongs to alice" in "\n".join(told(make_plan(strangers, CRM)))


def test_nothing_is_mended_where_the_schema_is_not_the_tenants() -> None:
    observed = server(own(WAY), facts=replace(OF_ALL, owner="crm_user"), owner="crm_user")
    plan = make_plan(observed, CRM)
    assert plan.changes == ()
    said = "\n".join(told(plan))
    assert "tenant_a belongs to crm_user, not to the tenant's own role" in said
    assert "is the role of the tenant in tenant_a, and owns no such schema" in said


def test_what_makes_a_tenants_role_more_than_that_is_shown() -> None:
    intruder = Membership("alice", ADMIN, inherit=True, set=True)
    powers = own(WAY, MAKER, intruder, login=True, createdb=True, member_of=("pg_monitor",))
    plan = make_plan(server(powers), CRM)
    assert plan.changes == ()
    assert sorted(told(plan)) == [
        "alice is a member of it and can act as that tenant",
        "is a tenant's role, and a member of pg_monitor",
        "is a tenant's role, and has LOGIN, CREATEDB",
    ]


def test_without_the_mode_or_the_entry_its_roles_are_told() -> None:
    observed = server(own(WAY))
    plan = make_plan(observed, crm(isolation=ISOLATION))
    assert any(NAME in message and "role_per_tenant" in message for message in told(plan))
    gone = list(find_strangers(observed, replace(CRM, databases=())))
    assert any(one.role == NAME and "no entry declares it" in one.message for one in gone)


def test_what_postgresql_would_refuse_is_refused() -> None:
    observed = server(own())
    plan = make_plan(observed, CRM)
    with pytest.raises(RefusedError, match="does not exist"):
        simulate(replace(observed, tenants={}), plan)
