"""What a run did with an entry's tenants, as it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from pgtenant.planning.tenants.findings import Finding, rank
from pgtenant.planning.tenants.found import Name


class State(StrEnum):
    """What became of a tenant, or in a dry run would."""

    ADDED = "added"
    BROUGHT_UP = "brought_up"
    RETIRED = "retired"
    DROPPED = "dropped"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Told:
    """One tenant.

    Attributes:
        schema: where its tables are; of one that was dropped, were.
        files: of the template, that ran.
    """

    slug: str
    schema: str
    state: State
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tenants:
    """What was done so far.

    Attributes:
        entry: the key of the owner entry.
        tenants: in the order in which they were done.
        findings: what keeps tenants less apart than it should, and a run does not mend.
    """

    entry: str
    database: str
    owner: str
    tenants: tuple[Told, ...] = ()
    findings: tuple[Finding, ...] = ()


def gathered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with those that say the same of different objects as one, sorted."""
    same: dict[tuple[str, str], tuple[Finding, set[Name]]] = {}
    for finding in findings:
        _, names = same.setdefault((finding.problem, finding.message), (finding, set()))
        names.update(finding.names)
    together = (replace(first, names=tuple(sorted(names))) for first, names in same.values())
    return tuple(sorted(together, key=rank))
