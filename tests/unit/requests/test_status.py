"""Which status may follow which, and what a run makes of an entry."""

from __future__ import annotations

import pytest

from pgtenant.requests.status import Status, can_move, following, outcome

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
