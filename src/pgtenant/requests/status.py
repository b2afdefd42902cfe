"""The life of a request, as the catalog of resources records it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """Where a request is."""

    PENDING = "pending"
    APPROVED = "approved"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    FAILED = "failed"
    DECOMMISSIONING = "decommissioning"
    DECOMMISSIONED = "decommissioned"


_NEXT: Final[Mapping[Status, frozenset[Status]]] = {
    Status.PENDING: frozenset({Status.APPROVED, Status.DECOMMISSIONING}),
    Status.APPROVED: frozenset({Status.PROVISIONING, Status.DECOMMISSIONING}),
    Status.PROVISIONING: frozenset({Status.ACTIVE, Status.FAILED}),
    Status.ACTIVE: frozenset({Status.FAILED, Status.DECOMMISSIONING}),
    Status.FAILED: frozenset({Status.PROVISIONING, Status.DECOMMISSIONING}),
    # A database that is only disabled can come back.
    Status.DECOMMISSIONING: frozenset({Status.DECOMMISSIONED, Status.ACTIVE}),
    Status.DECOMMISSIONED: frozenset(),
}
# What a merge and a run have passed through by the time that anybody records them.
_IMPLIED: Final = frozenset({Status.APPROVED, Status.PROVISIONING})
_BEFORE_A_RUN: Final = frozenset({Status.PENDING, Status.APPROVED})
LEAVING: Final = frozenset({Status.DECOMMISSIONING, Status.DECOMMISSIONED})
"""What only a retirement moves."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a run has made of an entry.

    Attributes:
        retirement: whether it was a run of `pgtenant retire`.
    """

    to: Status
    retirement: bool


def can_move(now: Status, to: Status) -> bool:
    """Tell whether a status may follow another.

    A merge approves and a run provisions: these two are passed without being recorded.
    """
    reached, frontier = {now}, {now}
    while frontier:
        following = {new for one in frontier for new in _NEXT[one]} - reached
        reached |= following
        frontier = following & _IMPLIED
    return to in reached


def following(now: Status) -> tuple[Status, ...]:
    """Return every other status that may come next, in the order of a life."""
    return tuple(one for one in Status if one is not now and can_move(now, one))


def further(now: Status, at_least: Status | None) -> Status:
    """Return what an entry that no run has reached is, if it is to be at least so far."""
    if at_least is None or now not in _BEFORE_A_RUN or at_least not in following(now):
        return now
    return at_least


def after(now: Status, events: Iterable[Event]) -> Status:
    """Return what an entry is after what runs have made of it, the oldest first.

    One that is on its way out is brought back by a retirement's `--undo`, and by nothing else.
    """
    for event in events:
        if can_move(now, event.to) and (event.retirement or now not in LEAVING):
            now = event.to
    return now


def outcome(statuses: Iterable[str]) -> Status | None:
    """Tell what the audit statuses of an entry's last run make of it; None for nothing.

    A dry run has done nothing, and an entry that is blocked waits for somebody.
    """
    seen = set(statuses)
    if "error" in seen:
        return Status.FAILED
    return Status.ACTIVE if seen & {"success", "no_change"} and "blocked" not in seen else None


def retired(stage: str, statuses: Collection[str]) -> Status | None:
    """Tell what the audit statuses of a retirement make of an entry; None for nothing.

    Args:
        stage: what `pgtenant retire` was asked for; after `--stage drop` it is not gone yet.
        statuses: of the entry's rows.
    """
    if not {"success", "no_change", "warning"} & {*statuses}:
        return None
    if stage == "disable":  # also when sessions could not be ended: it is one transaction
        return Status.DECOMMISSIONING
    return Status.ACTIVE if stage == "disable --undo" and "error" not in statuses else None
