"""What a server shows of each change: nothing of what is gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgtenant.planning.bootstrap import Delegation, GrantAdmin, GrantGroup, Step
from pgtenant.planning.changes import (
    Change,
    RevokeColumns,
    RevokeDatabase,
    RevokeMembership,
    RevokeObjects,
    TakeOverDatabase,
    UseIam,
)
from pgtenant.planning.effects import Effect, effect_of, effect_of_step
from pgtenant.planning.evidence import shown, shown_by_delegation
from pgtenant.planning.observed import DatabaseGrant, ObjectGrant, ObjectGroup, PublicSchema
from pgtenant.planning.plan import make_plan
from pgtenant.planning.privileges import ObjectKind
from pgtenant.planning.simulate import simulate
from unit.planning.examples import (
    ADMIN,
    SCHEMA,
    crm,
    empty_server,
    provisioned,
    with_contents,
    with_database,
    with_role,
)

DESIRED = crm(initial_schema=SCHEMA, extensions=("hstore",))
WHERE: dict[str, Any] = {"entry": "crm", "database": "crm", "owner": "crm_user"}


def test_a_whole_plan_is_shown_once_it_has_run_and_not_where_all_of_it_is_gone() -> None:
    empty = empty_server()
    plan = make_plan(empty, DESIRED)
    done = simulate(empty, plan)
    assert {change.kind for change in plan.changes if not shown(effect_of(change), done)} == set()
    assert {change.kind for change in plan.changes if shown(effect_of(change), empty)} == set()
    unread = with_database(done, "crm", contents=None)
    hidden = {c.kind for c in plan.changes if not shown(effect_of(c), unread)}
    assert hidden >= {"create_extension", "grant_default", "grant_objects"}


def test_what_is_taken_away_is_shown_only_where_it_was() -> None:
    done = provisioned(DESIRED)
    held = with_database(
        with_role(done, "crm_ro", member_of=("crm_etl",)),
        "crm",
        acl=(
            *done.databases["crm"].acl,
            DatabaseGrant(grantee="crm_ro", privilege="CREATE", grantor="crm_user"),
        ),
    )
    held = with_contents(held, groups=(tables("a", ObjectGrant("crm_ro", "INSERT", "crm_user")),))
    taken = with_contents(done, groups=(tables("a"),))
    gone = replace(empty_server(), roles={"crm_ro": done.roles["crm_ro"]})
    changes: list[Change] = [
        RevokeMembership(entry="crm-ro", role="crm_ro", group="crm_etl"),
        RevokeDatabase(**WHERE, role="crm_ro", privileges=("CREATE",)),
        RevokeObjects(
            **WHERE,
            role="crm_ro",
            object_kind=ObjectKind.TABLE,
            schema="public",
            names=("a",),
            privileges=("INSERT",),
        ),
    ]
    for change in changes:
        effect = effect_of(change)
        assert not shown(effect, held), effect
        assert shown(effect, taken), effect
        assert not shown(effect, gone), effect
        nobody = replace(taken, roles={"crm_user": taken.roles["crm_user"]})
        assert not shown(effect, nobody), effect


def test_what_can_not_be_seen_is_not_shown() -> None:
    done = provisioned(DESIRED)
    columns = RevokeColumns(
        **WHERE, role="crm_ro", schema="public", table="a", privilege="SELECT", columns=("x",)
    )
    iam = UseIam(entry="crm", role="crm_user")
    other = TakeOverDatabase(**{**WHERE, "owner": "crm_etl"}, before="x")
    assert not any(shown(effect_of(change), done) for change in (columns, iam, other))
    assert shown(effect_of(iam), with_role(done, "crm_user", rds_iam=True))
    for target in ((), ("create_role",), ("grant_objects", "crm"), ("x", "crm_user", "y", "z")):
        assert not shown(Effect(target), done)


def test_a_schema_public_that_the_owner_may_not_grant_on_shows_nothing() -> None:
    done = with_contents(provisioned(DESIRED), groups=())
    effect = Effect(("grant_objects", "crm", "crm_ro", "schema", ""), ("public",), ("USAGE",))
    assert shown(effect, done)
    strangers = PublicSchema(owner="platform_admin", owned=False, open=False)
    assert not shown(effect, with_contents(done, public=strangers))
    assert not shown(effect, with_contents(done, public=None))


def test_a_bootstrap_is_shown_by_what_the_delegated_admin_holds() -> None:
    observed = with_role(provisioned(DESIRED), "boss", member_of=("rds_password",))
    state = Delegation(observed, "dev", "boss", "s", held=frozenset({"crm_user", "dropped"}))
    steps: dict[Step, bool] = {
        GrantAdmin(role="crm_user", to="boss"): True,
        GrantAdmin(role="crm_ro", to="boss"): False,
        GrantAdmin(role="dropped", to="boss"): False,
        GrantAdmin(role="crm_user", to=ADMIN): False,
        GrantGroup(group="rds_password", role="boss"): True,
        GrantGroup(group="rds_password", role="nobody"): False,
    }
    for step, expected in steps.items():
        assert shown_by_delegation(effect_of_step(step), state) is expected, step
    assert not shown_by_delegation(Effect(("store_secret",)), state)


def tables(name: str, *grants: ObjectGrant) -> ObjectGroup:
    return ObjectGroup(ObjectKind.TABLE, "public", (name,), grants)
