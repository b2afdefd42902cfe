"""One criterion and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What a check came to."""

    PASSED = "passed"
    FAILED = "failed"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of an acceptance.

    Attributes:
        criterion: `AC1` to `AC10`; empty for what is asked besides.
        subject: what it is about.
        expected: what has to be so.
        found: what is so; empty where nobody could say.
        evidence: who said so, or why nobody could.
    """

    criterion: str
    subject: str
    expected: str
    found: str
    evidence: str
    status: Status


def accepted(checks: Iterable[Check]) -> bool:
    """Return whether everything passed; what could not be asked has not."""
    return all(check.status is Status.PASSED for check in checks)


def outcome(*, right: bool) -> Status:
    """Return what an answer proves."""
    return Status.PASSED if right else Status.FAILED
