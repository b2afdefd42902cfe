"""Which status may follow which, and what a run makes of an entry."""

from __future__ import annotations

import pytest

from pgtenant.requests.status import (
    Event,
    Status,
    after,
    can_move,
    following,
    further,
    outcome,
    retired,
)

ORDER = {
    "pending": "approved provisioning active failed decommissioning",
    "approved": "provisioning active failed decommissioning",
    "provisioning": "active failed",
    "active": "failed decommissioning",
    "failed": "provisioning active decommissioning",
    "decommissioning": "active decommissioned",
    "decommissioned": "",
}


@pytest.mark.parametrize("before", Status)
def test_what_may_follow(before: Status) -> None:
    assert set(following(before)) == set(map(Status, ORDER[before].split()))
    assert can_move(before, before)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["success", "no_change"], Status.ACTIVE),
        (["no_change"], Status.ACTIVE),
        (["success", "error"], Status.FAILED),
        (["blocked"], None),
        (["success", "blocked"], None),
        (["warning"], None),
        ([], None),
    ],
)
def test_the_outcome_of_a_run(statuses: list[str], expected: Status | None) -> None:
    assert outcome(statuses) is expected


@pytest.mark.parametrize(
    ("stage", "statuses", "expected"),
    [
        ("disable", ["success"], Status.DECOMMISSIONING),
        ("disable", ["no_change"], Status.DECOMMISSIONING),
        ("disable", ["success", "error"], Status.DECOMMISSIONING),
        ("disable", ["error"], None),
        ("disable", ["blocked"], None),
        ("disable --undo", ["success"], Status.ACTIVE),
        ("disable --undo", ["success", "error"], None),
        ("drop", ["success"], None),
    ],
)
def test_the_outcome_of_a_retirement(
    stage: str, statuses: list[str], expected: Status | None
) -> None:
    assert retired(stage, statuses) is expected


def test_only_a_retirement_brings_back_what_is_on_its_way_out() -> None:
    ran = Event(Status.ACTIVE, retirement=False)
    failed = Event(Status.FAILED, retirement=False)
    disabled = Event(Status.DECOMMISSIONING, retirement=True)
    undone = Event(Status.ACTIVE, retirement=True)
    dropped = Event(Status.DECOMMISSIONED, retirement=True)
    assert after(Status.PENDING, []) is Status.PENDING
    assert after(Status.PROVISIONING, [failed, ran]) is Status.ACTIVE
    assert after(Status.PROVISIONING, [ran, disabled, ran]) is Status.DECOMMISSIONING
    assert after(Status.DECOMMISSIONING, [ran]) is Status.DECOMMISSIONING
    assert after(Status.DECOMMISSIONING, [ran, disabled, undone]) is Status.ACTIVE
    assert after(Status.ACTIVE, [ran, disabled, dropped]) is Status.DECOMMISSIONED
    assert after(Status.DECOMMISSIONED, [undone, ran]) is Status.DECOMMISSIONED


@pytest.mark.parametrize("before", Status)
def test_at_least_moves_nothing_back_and_nothing_that_a_run_has_reached(before: Status) -> None:
    assert further(before, None) is before
    for least in (Status.APPROVED, Status.PROVISIONING):
        waits = before in {Status.PENDING, Status.APPROVED}
        later = [*Status].index(least) > [*Status].index(before)
        assert further(before, least) is (least if waits and later else before)
