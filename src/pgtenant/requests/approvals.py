"""Whether those who have to approve a change have approved it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a review says; a mere comment is none."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Review:
    """One review.

    Attributes:
        commit: the head that was reviewed.
        at: when, in UTC, such as `2026-01-31T12:00:00Z`; empty when nobody knows.
    """

    login: str
    verdict: Verdict
    commit: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who has approved, by approver, and who has not.

    Attributes:
        approved: each approver whose approval is there, and the logins that gave it.
        missing: the other approvers, in the policy's order.
        against: the logins of members who ask for changes.
    """

    approved: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...]
    against: tuple[str, ...]

    @property
    def stands(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing and not self.against


def decide(
    approvers: Sequence[str],
    members: Mapping[str, Iterable[str]],
    reviews: Sequence[Review],
    *,
    head: str,
    own: Iterable[str],
    since: str = "",
) -> Decision:
    """Tell whether all have approved.

    What somebody reviewed last counts, and an approval only for the commit that would be merged.
    One person who is in two teams approves for both.

    Args:
        approvers: all that are needed.
        members: the logins that speak for each.
        reviews: the oldest first.
        head: the commit that would be merged.
        own: the logins whose own change it is; their approval counts for nothing.
        since: when what would be merged was last changed otherwise than by a commit, as a review
            says when it is from; no approval until then counts. Empty when it never was.
    """
    last = {one.login.lower(): one for one in reviews}
    excluded = {login.lower() for login in own}
    approved: dict[str, tuple[str, ...]] = {}
    against: set[str] = set()
    for approver in approvers:
        theirs = {login.lower() for login in members[approver]} - excluded
        found = [last[login] for login in sorted(theirs & last.keys())]
        good = [
            o
            for o in found
            if o.verdict is Verdict.APPROVED and o.commit == head and (not since or o.at > since)
        ]
        against |= {o.login for o in found if o.verdict is Verdict.CHANGES_REQUESTED}
        if good:
            approved[approver] = tuple(one.login for one in good)
    missing = tuple(one for one in approvers if one not in approved)
    return Decision(approved, missing, tuple(sorted(against)))


def login_of(requester: str) -> str:
    """Return the login that a requester's name can be: of `@jane`, `user:default/jane` too."""
    name = requester.strip().rpartition("/")[2]
    return name.rpartition(":")[2].removeprefix("@").strip()
