"""What can be wrong with an instance itself, besides what its roles were seen to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pgtenant.verify.model import Cure


class FindingKind(StrEnum):
    """What a finding is about."""

    OPEN_DATABASE = "open_database"
    UNDECLARED_DATABASE = "undeclared_database"
    SQUATTED_DATABASE = "squatted_database"
    STALE_SESSION = "stale_session"
    POWER = "power"
    MEMBERSHIP = "membership"
    DROPPED_GRANTOR = "dropped_grantor"
    LARGE_ACL = "large_acl"
    RETIRED_ROLE = "retired_role"
    SAMPLED = "sampled"
    NO_PASSWORD = "no_password"  # noqa: S105 - what was not asked for


class Severity(StrEnum):
    """How much a finding matters."""

    FAILURE = "failure"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something about the instance.

    Attributes:
        database: empty for none.
        role: empty for none.
        message: what is there.
        cure: what mends it, or None.
        pid: of a session, or 0.
    """

    severity: Severity
    kind: FindingKind
    database: str
    role: str
    message: str
    cure: Cure | None = None
    pid: int = 0


def rank(finding: Finding) -> tuple[str, str, str, str, str, int]:
    """Return what findings are sorted by: failures first, as it happens to be in the alphabet."""
    order = (finding.severity, finding.kind, finding.database, finding.role, finding.message)
    return (*order, finding.pid)


def failed(found: Iterable[Finding]) -> bool:
    """Return whether any finding breaks the promise of isolation."""
    return any(finding.severity is Severity.FAILURE for finding in found)
