"""A whole verification: its results, its findings and what they come to."""

from __future__ import annotations

from dataclasses import dataclass

from pgtenant.access.holes import Hole, HoleKind
from pgtenant.errors import ExitCode
from pgtenant.verify.causes import Cause, causes
from pgtenant.verify.findings import Finding, Severity
from pgtenant.verify.model import Result, Verdict


@dataclass(frozen=True, slots=True)
class Count:
    """How many pairs there are, and how many of them were attempted.

    Attributes:
        proven: how many the catalogs were asked about: all of them, always.
    """

    total: int
    attempted: int
    proven: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found.

    Attributes:
        results: sorted.
        holes: what the analysis of the catalogs found; None where it was not made.
        findings: about the instance itself.
        connections: each role against each database.
        impersonations: each role against each other one.
        seed: of the samples.
        roles: how many roles were to log in.
        databases: how many databases the instance has.
        server_version: `server_version_num`.
        encrypted: how many sessions were encrypted, and how many there were.
        sealed: databases that nobody can enter and that were not tried.
    """

    environment: str
    results: tuple[Result, ...]
    holes: tuple[Hole, ...] | None
    findings: tuple[Finding, ...]
    connections: Count
    impersonations: Count
    seed: int
    roles: int
    databases: int
    server_version: int
    encrypted: tuple[int, int]
    sealed: tuple[str, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code: what is not proven must not look green."""
        return ExitCode.FAILED if self.failures or self.unproven else ExitCode.CONVERGED

    @property
    def failures(self) -> int:
        """How many causes break the promise of isolation."""
        return self._causes(Severity.FAILURE)

    @property
    def unproven(self) -> int:
        """How many attempts proved nothing, and databases nobody looked into."""
        unread = sum(hole.kind is HoleKind.NOT_LOOKED_INTO for hole in self.holes or ())
        return self.count(Verdict.NOT_PROVEN) + unread

    @property
    def warnings(self) -> int:
        """How many things only the instance's owner can close, or are no hole yet."""
        return self._causes(Severity.WARNING)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What is not as it should be, each hole once, whoever found it."""
        return causes(self.results, self.holes or (), self.findings)

    @property
    def verdicts(self) -> dict[str, int]:
        """How many attempts have each verdict."""
        return {str(verdict): self.count(verdict) for verdict in Verdict}

    def count(self, verdict: Verdict) -> int:
        """Return how many attempts have a verdict."""
        return sum(result.verdict is verdict for result in self.results)

    def _causes(self, severity: Severity) -> int:
        return sum(cause.severity is severity for cause in self.causes)
