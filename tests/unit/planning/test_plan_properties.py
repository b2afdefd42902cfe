"""What holds for every plan, whatever the server and the catalog look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgtenant.catalog.model import AccessLevel, Auth
from pgtenant.planning.changes import (
    AlterRole,
    DatabaseChange,
    MarkRole,
    ReassignOwned,
    RevokeDatabase,
    RevokeDefault,
    RevokeObjects,
    Risk,
    RoleChange,
)
from pgtenant.planning.desired import Desired, DesiredRole
from pgtenant.planning.observed import Database, Observed
from pgtenant.planning.operated import is_operators
from pgtenant.planning.order import AsAdmin, Borrowing, phase_of
from pgtenant.planning.plan import make_plan
from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.simulate import simulate
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.script import script
from pgtenant.planning.sql.text import as_text
from pgtenant.planning.tenants.found import Same
from unit.planning.dice import Dice
from unit.planning.worlds import ADMIN, World, worlds

quick = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
thorough = settings(quick, max_examples=500)


def with_roles(desired: Desired, change: Callable[[DesiredRole], DesiredRole]) -> Desired:
    """Change every role of a catalog."""
    databases = (
        replace(d, owner=change(d.owner), members=tuple(change(m) for m in d.members))
        for d in desired.databases
    )
    return replace(desired, databases=tuple(databases))


def with_passwords(desired: Desired) -> Desired:
    """Let every role log in with a password of its own, which no server refuses."""
    return with_roles(
        desired,
        lambda one: replace(one, auth=Auth.PASSWORD, by_second=one.by_second and one.alternates),
    )


def operated(desired: Desired) -> Desired:
    """Let an operator keep the roles, which have one login each."""
    single = with_roles(
        with_passwords(desired), lambda one: replace(one, alternates=False, by_second=False)
    )
    return replace(single, operated=True)


def check_convergence(world: World) -> None:
    plan = make_plan(world.observed, world.desired, only=world.only)
    after = simulate(world.observed, plan)
    again = make_plan(after, world.desired, only=world.only)
    assert again.changes == ()
    assert set(again.blocked_entries) <= set(plan.blocked_entries)


@thorough
@given(worlds())
def test_one_pass_is_enough(world: World) -> None:
    check_convergence(world)


@thorough
@given(worlds(authoritative=True))
def test_one_pass_is_enough_when_authoritative(world: World) -> None:
    check_convergence(world)


@quick
@given(worlds())
def test_beside_an_operator_one_pass_is_enough_and_nothing_is_borrowed(world: World) -> None:
    desired = operated(world.desired)
    plan = make_plan(world.observed, desired, only=world.only)
    assert not [c for c in plan.changes if is_operators(c, world.observed)]
    borrowed = {
        transaction.place.session.role
        for group in plan.groups
        for transaction in group.transactions
        if isinstance(transaction.place.session, Borrowing)
    }
    assert not {role for role in borrowed if plan.lending.needed(role)}
    check_convergence(World(world.observed, desired, world.only))


@quick
@given(worlds())
def test_a_selected_entry_does_not_stop_the_rest_from_converging(world: World) -> None:
    selected = simulate(
        world.observed, make_plan(world.observed, world.desired, only=world.only or frozenset())
    )
    check_convergence(World(selected, world.desired, None))


@quick
@given(worlds())
def test_an_empty_server_converges_and_stays(world: World) -> None:
    observed = world.observed
    empty = Observed(
        server=observed.server,
        roles={},
        databases={"platform": Database(name="platform", owner=ADMIN)},
    )
    desired = with_passwords(world.desired)
    plan = make_plan(empty, desired)
    assert plan.blocked == ()
    assert {c.risk for c in plan.changes} <= {Risk.CREATE, Risk.GRANT, Risk.ALTER}
    after = make_plan(simulate(empty, plan), desired)
    assert (after.changes, after.blocked) == ((), ())
    # Extensions that can't be had are all that is left to say.
    assert {str(d.kind) for d in after.drift} <= {"extension", "membership"}


@quick
@given(worlds(), st.data())
def test_the_order_of_reading_does_not_matter(world: World, data: st.DataObject) -> None:
    mixed = mix(Dice(data.draw), world.observed)
    plan = make_plan(world.observed, world.desired, only=world.only)
    assert make_plan(mixed, world.desired, only=world.only) == plan


def mix(dice: Dice, value: Any) -> Any:
    """Shuffle every mapping and sequence of `value`."""
    if isinstance(value, Mapping):
        return {key: mix(dice, value[key]) for key in dice.shuffled(sorted(value))}
    if isinstance(value, Same):
        return value  # one look at a table, whose name is a pair
    if isinstance(value, tuple):
        return tuple(dice.shuffled([mix(dice, item) for item in value]))
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(
            **{f.name: mix(dice, getattr(value, f.name)) for f in fields(value) if f.init}
        )
    return value


@quick
@given(worlds(tenants=True), st.data())
def test_tenants_are_secured_in_one_pass_in_whatever_order_they_are_read(
    world: World, data: st.DataObject
) -> None:
    check_convergence(World(world.observed, world.desired, None))
    mixed = mix(Dice(data.draw), world.observed)
    assert make_plan(mixed, world.desired) == make_plan(world.observed, world.desired)


@quick
@given(worlds())
def test_nothing_of_a_blocked_entry_changes(world: World) -> None:
    plan = make_plan(world.observed, world.desired, only=world.only)
    everything = make_plan(world.observed, world.desired)
    blocked = {*plan.blocked_entries, *everything.blocked_entries}
    assert not blocked & {change.entry for change in plan.changes}
    closed = {d.name for d in world.desired.databases if d.entry in blocked}
    touched = {c.database for c in plan.changes if isinstance(c, DatabaseChange)}
    assert not closed & touched
    if world.only is not None:
        assert {change.entry for change in plan.changes} <= world.only


@quick
@given(worlds())
def test_only_what_is_ours_is_touched(world: World) -> None:
    """Changes speak of declared or marked roles, and of databases those own or will own."""
    observed, desired = world.observed, world.desired
    marked = {n for n, r in observed.roles.items() if r.marker and r.marker.environment == "dev"}
    new = {r.name for r in desired.roles} - set(observed.roles)
    for change in make_plan(observed, desired, only=world.only).changes:
        if isinstance(change, RoleChange):
            seconds = {r.second for r in desired.roles}
            assert change.role in (marked | new | seconds)
            assert change.role in {r.name for r in desired.roles} | seconds
        elif not change.entry:  # the instance's own databases are closed where the admin may
            assert isinstance(change, RevokeDatabase)
            assert change.database in {"platform", "postgres", "template1"}
            assert change.owner == ADMIN or observed.server.admin.superuser
            assert change.role == PUBLIC or change.grant_option_only
        else:
            assert change.owner in marked | new
            if isinstance(change, ReassignOwned):  # wherever it owns something
                assert change.role in marked
                continue
            there = observed.databases.get(change.database)
            assert there is None or there.owner in {change.owner, ADMIN}
            assert there is None or there.owner != ADMIN or not there.allow_connections


@quick
@given(worlds())
def test_groups_run_in_the_one_order_that_works(world: World) -> None:
    plan = make_plan(world.observed, world.desired, only=world.only)
    borrowed: dict[str, str] = {}
    for group in plan.groups:
        phases = [phase_of(c) for t in group.transactions for c in t.changes]
        assert phases == sorted(phases)
        late = [isinstance(c, MarkRole) and c.late for t in group.transactions for c in t.changes]
        assert late == sorted(late)
        for transaction in group.transactions:
            session = transaction.place.session
            assert transaction.place.transactional or len(transaction.changes) == 1
            if not isinstance(session, AsAdmin):
                # Two groups run at once; one role is not borrowed in both.
                assert borrowed.setdefault(session.role, group.database) == group.database


@quick
@given(worlds())
def test_a_loan_begins_and_ends_with_its_transaction(world: World) -> None:
    plan = make_plan(world.observed, world.desired, only=world.only)
    major = world.observed.server.major
    for group in plan.groups:
        for transaction in group.transactions:
            sent = script(transaction, plan.lending)
            texts = [as_text(s.text) for s in sent]
            session = transaction.place.session
            kinds = {c.kind for c in transaction.changes}
            if not isinstance(session, Borrowing):
                assert not any(s.as_owner for s in sent)
                assert not any(re.match("(RE)?SET .*ROLE", t) for t in texts)
                continue
            assert not kinds & {"apply_schema", "create_extension", "create_role"}
            role = session.role
            if plan.lending.needed(role):
                before = plan.lending.restore.get(role)
                assert texts[0] == as_text(statements.lend(role, ADMIN, major))
                assert texts[-1] == as_text(statements.give_back(role, ADMIN, major, before))
                texts, sent = texts[1:-1], sent[1:-1]
            acting = False
            for text, statement in zip(texts, sent, strict=True):
                if text == f'SET LOCAL ROLE "{role}"':
                    assert not acting
                    acting = True
                elif text == "RESET ROLE":
                    assert acting
                    acting = False
                else:
                    assert statement.change is not None
                    assert statement.as_owner == acting
            assert not acting


@quick
@given(worlds(authoritative=True))
def test_an_owner_keeps_what_ownership_implies(world: World) -> None:
    owners = {d.name: d.owner.name for d in world.desired.databases}
    for change in make_plan(world.observed, world.desired, only=world.only).changes:
        if isinstance(change, RevokeDatabase | RevokeObjects | RevokeDefault):
            assert change.role not in {change.owner, "pg_database_owner"}
            assert change.role != owners.get(change.database)
            assert change.role != ADMIN or change.kind == "revoke_database"
            if isinstance(change, RevokeDatabase) and change.role == ADMIN:
                assert change.grant_option_only


@quick
@given(worlds())
def test_only_a_superuser_mentions_superpowers(world: World) -> None:
    superuser = world.observed.server.admin.superuser
    for change in make_plan(world.observed, world.desired).changes:
        if isinstance(change, AlterRole):
            words = as_text(statements.alter_role(change))
            assert superuser or not re.search("SUPERUSER|REPLICATION|BYPASSRLS", words)


@quick
@given(worlds())
def test_nothing_is_revoked_for_being_beyond_the_catalog_unless_asked(world: World) -> None:
    desired = replace(world.desired, authoritative=False)
    levels = {r.name: r.level for r in desired.roles}
    for change in make_plan(world.observed, desired).changes:
        match change:
            case RevokeObjects(role="public") | RevokeDatabase():
                continue
            case RevokeObjects() | RevokeDefault():
                # A level fell: the marker still says editor, and the word is an editor's.
                if isinstance(change, RevokeObjects) and change.cascade:
                    continue
                role = world.observed.roles[change.role]
                assert role.marker is not None
                assert role.marker.access_level is AccessLevel.EDITOR
                assert levels[change.role] is AccessLevel.READER
                assert set(change.privileges) <= {"INSERT", "UPDATE", "DELETE", "USAGE"}
            case _:
                assert change.risk is not Risk.REVOKE


@quick
@given(worlds(authoritative=True))
def test_what_passes_for_clean_is_clean(world: World) -> None:
    """Judge the end state by itself, not by the diff: who holds what in the declared databases."""
    plan = make_plan(world.observed, world.desired)
    after = simulate(world.observed, plan)
    for database in world.desired.databases:
        if database.entry in plan.blocked_entries:
            continue
        there = after.databases[database.name]
        assert there.allow_connections
        assert not there.is_template
        assert there.connection_limit == -1
        held = {(g.grantee, g.privilege) for g in there.acl}
        assert "public" not in {grantee for grantee, _ in held}
        assert (ADMIN, "CONNECT") in held
        assert {w for g, w in held if g == database.owner.name} == {
            "CONNECT",
            "CREATE",
            "TEMPORARY",
        }
        catalog = {r.name: r.entry for r in world.desired.roles}
        members = {m.name for m in database.members}
        for name, entry in catalog.items():
            if name == database.owner.name or entry in plan.blocked_entries:
                continue
            expected = {"CONNECT"} if name in members else set()
            assert {w for g, w in held if g == name} == expected
        contents = there.contents
        if contents is None or contents.public is None:
            continue
        assert not (contents.public.open and contents.public.owned)
