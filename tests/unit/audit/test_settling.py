"""What a killed run had committed is told from what it had not, at every step of a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pgtenant.audit.history import Open, PastRun, Place
from pgtenant.audit.intent import Planned, read_planned
from pgtenant.audit.lookback import History, Lost
from pgtenant.audit.record import Status
from pgtenant.planning.desired import Desired
from pgtenant.planning.observed import (
    ObjectGrant,
    ObjectGroup,
    Observed,
    PasswordState,
)
from pgtenant.planning.plan import Plan, make_plan
from pgtenant.planning.privileges import ObjectKind
from pgtenant.planning.simulate import simulate
from pgtenant.usecases.recorder import Settlement
from pgtenant.usecases.settle import ByPlan, Finding, planned_by, settlement_of
from unit.planning.examples import (
    EDITOR,
    READER,
    SCHEMA,
    crm,
    empty_server,
    provisioned,
    with_contents,
    with_role,
)

HERE = Place("dev", "db:5432")


def killed(planned: tuple[Planned, ...], *recorded: str, command: str = "apply") -> PastRun:
    """A run with no end, as it is read back from a journal."""
    run = PastRun(seq=7, run_id="x", command=command, began="2026-01-16", actor="n", place=HERE)
    for one in map(read_planned, (group.as_dict() for group in planned)):
        run.planned |= {intent.id: Open(intent, one) for intent in one.intents}
    run.closed = set(recorded)
    return run


def settle(
    run: PastRun, observed: Observed, desired: Desired, only: frozenset[str] | None = None
) -> Settlement:
    plan = make_plan(observed, desired, only=only)
    judge = ByPlan(plan, observed, desired, only)
    return settlement_of(History(runs=(run,)), judge, desired, HERE)


def settled(settlement: Settlement) -> list[str]:
    found: list[Any] = [row.settles for row in settlement.rows]
    return [key for one in found for key in one["changes"]]


def transactions(plan: Plan) -> int:
    return sum(len(group.transactions) for group in plan.groups)


def first(plan: Plan, count: int) -> Plan:
    """The plan as far as its first transactions; these examples have one group."""
    (group,) = plan.groups
    return replace(plan, groups=(replace(group, transactions=group.transactions[:count]),))


@pytest.mark.parametrize("authoritative", [False, True])
def test_at_every_transaction(authoritative: bool) -> None:
    desired = crm(initial_schema=SCHEMA, extensions=("hstore",), authoritative=authoritative)
    empty = empty_server()
    plan = make_plan(empty, desired)
    planned = planned_by(plan, desired)
    ids = [intent.id for group in planned for intent in group.intents]
    assert len(set(ids)) == len(plan.changes)
    for done in range(transactions(plan) + 1):
        part = first(plan, done)
        observed = simulate(empty, part) if done else empty
        made = ids[: len(part.changes)]
        for recorded in range(len(made) + 1):
            settlement = settle(killed(planned, *made[:recorded]), observed, desired)
            assert sorted(settled(settlement)) == sorted(made[recorded:])
            assert {row.status for row in settlement.rows} <= {Status.WARNING}
            (found,) = settlement.looked_at
            assert found["in_effect"] == len(made) - recorded
            assert found["needed"] == len(ids) - len(made)
            assert found["unknown"] == 0
            assert settlement.unsettled == ()


def table(*names: str, to: tuple[str, ...] = ()) -> ObjectGroup:
    reads = tuple(ObjectGrant(name, "SELECT", "crm_user") for name in to)
    return ObjectGroup(ObjectKind.TABLE, "public", names, reads)


def test_an_application_that_makes_tables_meanwhile_changes_nothing() -> None:
    desired = crm(READER)
    observed = with_contents(provisioned(desired), groups=(table("a", "b"),))
    planned = planned_by(make_plan(observed, desired), desired)
    run = killed(planned)
    more = with_contents(observed, groups=(table("a", "b", "c"),))
    assert settled(settle(run, more, desired)) == []
    granted = table("a", "b", to=("crm_etl", "crm_ro"))
    done = with_contents(observed, groups=(granted, table("c")))
    settlement = settle(run, done, desired)
    assert len(settled(settlement)) == len(run.planned) == 2
    assert "carried out by run x, which ended before it could" in settlement.rows[0].message


def test_what_was_dropped_was_not_therefore_granted() -> None:
    desired = crm(READER)
    observed = with_contents(provisioned(desired), groups=(table("a"),))
    run = killed(planned_by(make_plan(observed, desired), desired))
    settlement = settle(run, with_contents(observed, groups=()), desired)
    assert settlement.looked_at[0]["unknown"] == len(run.planned) == 2
    assert all("what it was about may be gone" in row.message for row in settlement.rows)


def test_half_of_a_grant_tells_nothing() -> None:
    desired = crm(READER)
    observed = with_contents(provisioned(desired), groups=(table("a", "b"),))
    run = killed(planned_by(make_plan(observed, desired), desired))
    granted = table("a", to=("crm_etl", "crm_ro"))
    half = with_contents(observed, groups=(granted, table("b")))
    settlement = settle(run, half, desired)
    assert {"a part of it is still to be done" in row.message for row in settlement.rows} == {True}
    assert settlement.looked_at[0]["unknown"] == 2


def test_a_catalog_that_asks_for_something_else_hides_what_was_done() -> None:
    desired = crm(READER)
    observed = with_contents(provisioned(desired), groups=(table("a"),))
    run = killed(planned_by(make_plan(observed, desired), desired))
    alone = Desired("dev", (replace(desired.databases[0], members=()),))
    settlement = settle(run, observed, alone)
    assert settlement.looked_at[0]["in_effect"] == 0
    assert settlement.looked_at[0]["unknown"] == 2
    assert all("can't be known any more" in row.message for row in settlement.rows)


def test_what_a_run_does_not_look_at_stays_open() -> None:
    desired = crm(EDITOR)
    empty = empty_server()
    plan = make_plan(empty, desired)
    run, observed = killed(planned_by(plan, desired)), simulate(empty, plan)
    settlement = settle(run, observed, desired, frozenset({"crm"}))
    (left,) = settlement.unsettled
    assert left == {"run_id": "x", "seq": 7, "entries": ["crm-etl", "crm-ro"]}
    assert {row.entry for row in settlement.rows} == {"crm"}
    blocked = with_role(observed, "crm_ro", comment=None)
    settlement = settle(run, blocked, desired)
    assert settlement.unsettled[0]["entries"] == ["crm-ro"]
    bootstrapped = killed(planned_by(plan, desired), command="bootstrap")
    assert settle(bootstrapped, observed, desired).rows == ()


def test_a_password_that_can_not_be_proven_stays_open() -> None:
    desired = crm()
    wrong = with_role(provisioned(desired), "crm_user", password=PasswordState.WRONG)
    plan = make_plan(wrong, desired)
    assert [change.kind for change in plan.changes] == ["update_password"]
    run = killed(planned_by(plan, desired))
    full = with_role(wrong, "crm_user", password=PasswordState.UNPROVEN)
    assert settle(run, full, desired).unsettled[0]["entries"] == ["crm"]
    right = with_role(wrong, "crm_user", password=PasswordState.CURRENT)
    settlement = settle(run, right, desired)
    assert len(settled(settlement)) == 1
    assert settlement.looked_at[0]["unknown"] == 1  # its secret may have changed back
    assert "can't be known any more: that a password fits" in settlement.rows[0].message


def test_what_is_out_of_reach_is_said() -> None:
    history = History(lost=(Lost(3, "old"),), complete=False)
    nobody = settlement_of(history, lambda *_: (Finding.LATER, ""), crm(), HERE)
    assert ["run old" in row.message for row in nobody.rows] == [True, False]
    assert nobody.unsettled == ()
