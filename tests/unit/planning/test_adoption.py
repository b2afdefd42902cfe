"""What adoption marks, refuses and foretells, without a server."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from pgtenant.planning.adoption import Adoption, adopt
from pgtenant.planning.candidates import Session, State, Usage
from pgtenant.planning.changes import MarkDatabase, MarkRole, TakeOverDatabase
from pgtenant.planning.marker import parse
from pgtenant.planning.observed import DatabaseGrant, Observed, PasswordState
from pgtenant.planning.plan import make_plan
from pgtenant.planning.simulate import simulate
from unit.planning.examples import (
    ADMIN,
    crm,
    empty_server,
    kinds,
    provisioned,
    with_database,
    with_role,
)
from unit.planning.worlds import World, worlds

ALL = ("crm", "crm-etl", "crm-ro")
MINE = {"crm": Usage(may_hand_over=True)}


def unmarked() -> Observed:
    """Return a server that is as the catalog wants it but for the markers."""
    server = provisioned(crm())
    for name in ("crm_user", "crm_etl", "crm_ro"):
        server = with_role(server, name, comment=None)
    return with_database(server, "crm", comment=None)


def reasons(adoption: Adoption) -> dict[str, str]:
    return {b.entry: b.reason for b in adoption.plan.blocked}


def test_what_fits_needs_nothing_but_its_markers() -> None:
    server = unmarked()
    assert make_plan(server, crm()).blocked_entries == ALL
    adoption = adopt(server, crm(), {})
    assert sorted(kinds(adoption.plan)) == ["mark_database"] + 3 * ["mark_role"]
    assert (adoption.plan.blocked, adoption.after.changes) == ((), ())
    assert {c.state for c in adoption.candidates} == {State.ADOPT}
    after = make_plan(simulate(server, adoption.plan), crm())
    assert (after.changes, after.blocked) == ((), ())


def test_what_is_ours_stays_as_it_is() -> None:
    adoption = adopt(provisioned(crm()), crm(), {})
    assert adoption.plan.changes == ()
    assert {c.state for c in adoption.candidates} == {State.MANAGED}


def test_a_human_comment_is_kept() -> None:
    server = with_role(unmarked(), "crm_user", comment="ask the sales team")
    changes = adopt(server, crm(), {}, only={"crm"}).plan.changes
    (mark,) = [c for c in changes if isinstance(c, MarkRole)]
    assert mark.after.startswith("ask the sales team\n")
    assert parse(mark.after) is not None


def test_it_foretells_what_apply_changes() -> None:
    server = with_role(unmarked(), "crm_user", createrole=True, password=PasswordState.WRONG)
    public = DatabaseGrant("public", "CONNECT", "crm_user")
    acl = (*server.databases["crm"].acl, public)
    server = with_database(server, "crm", acl=tuple(sorted(acl)))
    adoption = adopt(server, crm(), {})
    assert kinds(adoption.after) == ["alter_role", "update_password", "revoke_database"]
    assert make_plan(simulate(server, adoption.plan), crm()) == adoption.after


def test_only_what_is_selected() -> None:
    server = unmarked()
    adoption = adopt(server, crm(), {}, only={"crm"})
    assert {c.entry for c in adoption.plan.changes} == {"crm"}
    assert reasons(adopt(server, crm(), {}, only={"crm-ro"}))["crm-ro"].startswith("waits for")


@pytest.mark.parametrize("superuser", [False, True])
@pytest.mark.parametrize("power", ["superuser", "replication", "bypassrls"])
def test_powers_are_refused_whoever_asks(power: str, superuser: bool) -> None:
    server = with_role(unmarked(), "crm_ro", **{power: True})
    admin = replace(server.server.admin, superuser=superuser)
    server = replace(server, server=replace(server.server, admin=admin))
    adoption = adopt(server, crm(), {})
    assert power.upper() in reasons(adoption)["crm-ro"]
    assert "crm-ro" not in {c.entry for c in adoption.plan.changes}


def test_another_environments_role_is_refused() -> None:
    other = '{"managed_by":"pgtenant","environment":"prod","entry":"crm"}'
    adoption = adopt(with_role(unmarked(), "crm_user", comment=other), crm(), {})
    assert "environment prod" in reasons(adoption)["crm"]
    assert adoption.plan.blocked_entries == ALL


@pytest.mark.parametrize("take", [False, True])
def test_a_database_of_the_admin(take: bool) -> None:
    server = with_database(unmarked(), "crm", owner=ADMIN)
    adoption = adopt(server, crm(), MINE, take_ownership=take)
    if take:
        takes = [c for c in adoption.plan.changes if isinstance(c, TakeOverDatabase)]
        assert [(c.before, c.owner) for c in takes] == [(ADMIN, "crm_user")]
        assert adoption.plan.blocked == ()
    else:
        assert "--take-ownership" in reasons(adoption)["crm"]
        assert adoption.plan.changes == ()
    shown = adopt(server, crm(), MINE, take_ownership=True).after
    assert adoption.after == shown


def test_a_strangers_database_is_refused() -> None:
    server = with_database(unmarked(), "crm", owner="alice")
    adoption = adopt(server, crm(), {"crm": Usage(may_hand_over=False)}, take_ownership=True)
    assert "belongs to alice" in reasons(adoption)["crm"]
    assert adoption.plan.changes == ()


def test_a_database_of_another_entry_is_refused() -> None:
    other = '{"managed_by":"pgtenant","environment":"dev","entry":"billing"}'
    server = with_role(unmarked(), "billing_user", comment=other)
    server = with_database(server, "crm", owner="billing_user")
    adoption = adopt(server, crm(), MINE, take_ownership=True)
    assert "billing" in reasons(adoption)["crm"]


def test_a_role_that_is_not_there_is_made_with_the_database_it_is_to_own() -> None:
    server = with_database(empty_server(), "crm", owner=ADMIN)
    adoption = adopt(server, crm(), MINE, only={"crm"}, take_ownership=True)
    assert kinds(adoption.plan) == ["create_role", "take_over_database", "mark_database"]
    assert adopt(empty_server(), crm(), {}).plan.changes == ()


def test_who_loses_access() -> None:
    used = Usage(
        sessions=(Session("alice", 2, through_public=True),),
        only_through_public=("alice", "crm_ro", ADMIN),
    )
    (owner, *_) = adopt(unmarked(), crm(), {"crm": used}).candidates
    assert owner.loses == ("alice",)


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_adoption_marks_and_nothing_else(world: World) -> None:
    observed, desired = world.observed, world.desired
    adoption = adopt(observed, desired, {}, only=world.only)
    assert all(isinstance(c, MarkRole | MarkDatabase) for c in adoption.plan.changes)
    assert not set(adoption.plan.blocked_entries) & {c.entry for c in adoption.plan.changes}
    after = simulate(observed, adoption.plan)
    again = adopt(after, desired, {}, only=world.only)
    assert again.plan.changes == ()
    for name, role in observed.roles.items():
        assert replace(after.roles[name], comment=role.comment) == role
