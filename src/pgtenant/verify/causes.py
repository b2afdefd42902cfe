"""One hole, whoever found it: attempts, the analysis of the catalogs, a look at the instance.

Each of the three names the statement that closes what it found. The analysis knows every grant with
its grantor, so that what an attempt says closes the same hole as well is replaced by what the
analysis says; from then on the same hole has the same statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pgtenant.access.holes import Hole, HoleKind
from pgtenant.access.model import Kind
from pgtenant.planning.privileges import PUBLIC
from pgtenant.verify.findings import Finding, Severity
from pgtenant.verify.model import Attempt, Closable, Cure, Held, Outcome, Result, Verdict, judged


class Origin(StrEnum):
    """What shows a hole."""

    ATTEMPT = "attempt"
    CATALOGS = "catalogs"
    INSTANCE = "instance"


@dataclass(slots=True)
class Cause:
    """One hole, or one thing to know.

    Attributes:
        results: the attempts that it let through, or that failed though they were promised.
        holes: what the analysis says of it.
        findings: what the instance itself shows of it.
    """

    results: list[Result] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def severity(self) -> Severity:
        """Return the worst that is said of it."""
        found = {finding.severity for finding in self.findings}
        found |= {Severity(str(hole.severity)) for hole in self.holes}
        failed = any(result.verdict is Verdict.FAILED for result in self.results)
        if failed or Severity.FAILURE in found:
            return Severity.FAILURE
        return Severity.WARNING if self.results or Severity.WARNING in found else Severity.NOTE

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Return what shows it."""
        parts = (self.results, self.holes, self.findings)
        return tuple(origin for origin, part in zip(Origin, parts, strict=True) if part)


_Key = tuple[object, ...]


def causes(
    results: Iterable[Result], holes: Iterable[Hole], findings: Iterable[Finding]
) -> tuple[Cause, ...]:
    """Return what is not as it should be, each hole once, in the order of the arguments.

    Args:
        results: of attempts, after `aligned`; what passed or is not proven is no cause.
        holes: what the analysis found.
        findings: what the instance shows.
    """
    found: dict[_Key, Cause] = {}
    for result in results:
        if result.verdict in {Verdict.FAILED, Verdict.WARNING}:
            found.setdefault(_key_of_result(result), Cause()).results.append(result)
    for hole in holes:
        key: _Key = (hole.where, hole.statement) if hole.statement else ("", hole)
        found.setdefault(key, Cause()).holes.append(hole)
    for finding in findings:
        cure = finding.cure
        key = ("", finding)
        if cure is not None and cure.statement:
            key = (cure.database, cure.statement)
        found.setdefault(key, Cause()).findings.append(finding)
    return tuple(found.values())


def aligned(results: Iterable[Result], holes: Sequence[Hole]) -> tuple[Result, ...]:
    """Return the results, each hole closed by what the analysis says closes it.

    Args:
        results: of attempts.
        holes: what the analysis found.
    """
    known = _Known(holes)
    return tuple(map(known.aligned, results))


class _Known:
    """What the analysis found, by what an attempt can be compared with."""

    def __init__(self, holes: Sequence[Hole]) -> None:
        self._statements = {hole.statement for hole in holes}
        self._of_objects: dict[tuple[str, Kind], list[Hole]] = {}
        self._of_roles: dict[str, list[Hole]] = {}
        for hole in holes:
            if hole.group is not None:
                place = hole.database, hole.group.kind
                self._of_objects.setdefault(place, []).append(hole)
            elif hole.kind is HoleKind.MEMBERSHIP:
                self._of_roles.setdefault(hole.who, []).append(hole)

    def aligned(self, result: Result) -> Result:
        cure, attempt = result.cure, result.attempt
        if cure is None or cure.held is None or cure.statement in self._statements:
            return result
        hole = self._behind(attempt, cure.held)
        if hole is None:
            return result
        return judged(attempt, result.observation, _cure_of(hole, cure))

    def _behind(self, attempt: Attempt, held: Held) -> Hole | None:
        """Return the grant that it is, or a membership, for want of a grant by name."""
        kinds = (held.kind, Kind.COLUMN) if held.kind is Kind.TABLE else (held.kind,)
        for kind in kinds:
            for hole in self._of_objects.get((attempt.database, kind), ()):
                if _explains(hole, held, attempt.role):
                    return hole
        return next(iter(self._of_roles.get(attempt.role, ())), None)


def _explains(hole: Hole, held: Held, role: str) -> bool:
    if hole.group is None:
        return False
    names = (hole.group.table,) if hole.group.kind is Kind.COLUMN else hole.group.names
    return (
        hole.who in {role, PUBLIC}
        and held.privilege in hole.privileges
        and hole.group.schema == held.schema
        and held.name in names
    )


def _cure_of(hole: Hole, cure: Cure) -> Cure:
    return replace(
        cure,
        statement=hole.statement,
        executor=hole.executor,
        closable=Closable(str(hole.closable_by)),
        path=hole.path,
        database=hole.where,
    )


def _key_of_result(result: Result) -> _Key:
    cure, attempt = result.cure, result.attempt
    if cure is not None and cure.statement and attempt.expected is Outcome.REFUSED:
        return cure.database, cure.statement
    return attempt.kind, attempt.database, attempt.target, attempt.expected
