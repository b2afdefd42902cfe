"""Which status may follow which, and what a run makes of an entry."""

from __future__ import annotations

import pytest

from pgtenant.requests.status import Status, can_move, following, further, outcome

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
    ("statuses", "after"),
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
def test_the_outcome_of_a_run(statuses: list[str], after: Status | None) -> None:
    assert outcome(statuses) is after


@pytest.mark.parametrize("before", Status)
def test_at_least_moves_nothing_back_and_nothing_that_a_run_has_reached(before: Status) -> None:
    assert further(before, None) is before
    for least in (Status.APPROVED, Status.PROVISIONING):
        waits = before in {Status.PENDING, Status.APPROVED}
        later = [*Status].index(least) > [*Status].index(before)
        assert further(before, least) is (least if waits and later else before)
