"""How each database of an instance is doing: its place on the map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pgtenant.access.holes import Severity as HoleSeverity
from pgtenant.access.model import Database
from pgtenant.planning.changes import database_of
from pgtenant.planning.findings import DriftKind
from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.providers import SYSTEM_DATABASES, is_provider
from pgtenant.report.html.model import Report
from pgtenant.verify.findings import Severity


class State(StrEnum):
    """The states of a database, what hurts first."""

    BLOCKED = "blocked"
    OPEN = "finding"
    UNPROVEN = "not proven"
    UNDECLARED = "undeclared"
    CHANGES = "changes planned"
    DRIFT = "drift"
    WARNING = "warning"
    DECLARED = "as declared"
    UNMANAGED = "not managed"
    INSTANCE = "the instance's"


class Belongs(StrEnum):
    """Whose databases there are, in the order of the map."""

    DECLARED = "Declared in the catalog"
    UNDECLARED = "Made by applications, not declared"
    STRANGERS = "Of roles that are not managed"
    INSTANCE = "The instance's own"


@dataclass(frozen=True, slots=True)
class Tile:
    """One database.

    Attributes:
        owner: who owns it, or is to own it.
        roles: how many roles the catalog declares for it.
        exists: whether it is there.
        public: what everyone may do on it.
        counts: how many things there are to say, by state.
    """

    name: str
    owner: str
    belongs: Belongs
    roles: int
    exists: bool
    public: tuple[str, ...]
    state: State
    counts: Counter[State]


def tiles(report: Report) -> tuple[Tile, ...]:
    """Return every database that is declared or there, by whose it is and by name."""
    said = _said(report)
    model = report.listing.model
    declared = {database.name: database for database in report.desired.databases}
    found = []
    for name in sorted(declared.keys() | model.databases.keys()):
        there = model.databases.get(name)
        wanted = declared.get(name)
        belongs = Belongs.DECLARED if wanted else _belongs(report, there)
        counts = said.get(name, Counter())
        found.append(
            Tile(
                name=name,
                owner=there.owner if there else wanted.owner.name if wanted else "",
                belongs=belongs,
                roles=len(wanted.roles) if wanted else 0,
                exists=there is not None,
                public=_public(there),
                state=_worst(counts, belongs),
                counts=counts,
            )
        )
    order = list(Belongs)
    return tuple(sorted(found, key=lambda tile: (order.index(tile.belongs), tile.name)))


def undeclared(report: Report) -> tuple[Tile, ...]:
    """Return the databases that applications made and nobody declared."""
    return tuple(tile for tile in tiles(report) if tile.belongs is Belongs.UNDECLARED)


def _worst(counts: Counter[State], belongs: Belongs) -> State:
    resting = {
        Belongs.DECLARED: State.DECLARED,
        Belongs.UNDECLARED: State.UNDECLARED,
        Belongs.STRANGERS: State.UNMANAGED,
        Belongs.INSTANCE: State.INSTANCE,
    }[belongs]
    order = list(State)
    return min((*(s for s, n in counts.items() if n), resting), key=order.index)


def _belongs(report: Report, database: Database | None) -> Belongs:
    model = report.listing.model
    owner = model.roles.get(database.owner) if database else None
    if database is None or owner is None:
        return Belongs.STRANGERS
    system = database.name in SYSTEM_DATABASES or database.is_template
    if system or database.name == model.maintenance_database or owner.bootstrap:
        return Belongs.INSTANCE
    if is_provider(owner.name) or owner.name == model.admin:
        return Belongs.INSTANCE
    ours = owner.marker is not None and owner.marker.environment == report.environment
    return Belongs.UNDECLARED if ours else Belongs.STRANGERS


def _public(database: Database | None) -> tuple[str, ...]:
    grants = database.grants if database else ()
    return tuple(sorted({g.privilege for g in grants if g.grantee == PUBLIC}))


def _said(report: Report) -> dict[str, Counter[State]]:
    found: dict[str, Counter[State]] = {}
    for database, state in _notes(report):
        if database:
            found.setdefault(database, Counter())[state] += 1
    return found


def _notes(report: Report) -> Iterator[tuple[str, State]]:
    yield from _planned(report)
    for hole in report.holes:
        failed = hole.severity is HoleSeverity.FAILURE
        yield hole.database, State.OPEN if failed else State.WARNING
    for finding in report.findings:
        if finding.severity is not Severity.NOTE:
            failed = finding.severity is Severity.FAILURE
            yield finding.database, State.OPEN if failed else State.WARNING
    yield from _attempted(report)


def _planned(report: Report) -> Iterator[tuple[str, State]]:
    """Yield what the plan says of declared databases."""
    homes = {r.entry: r.database for r in report.desired.roles}
    for database in report.desired.databases:
        if database.name not in report.listing.model.databases:
            yield database.name, State.CHANGES
    for blocked in report.plan.blocked:
        yield homes.get(blocked.entry, ""), State.BLOCKED
    for entry, _ in report.bad_secrets:
        yield homes.get(entry, ""), State.UNPROVEN
    for change in report.plan.changes:
        yield database_of(change) or homes.get(change.entry, ""), State.CHANGES
    for drift in report.plan.drift:
        if drift.kind is not DriftKind.UNDECLARED_DATABASE:
            yield drift.database or homes.get(drift.entry, ""), State.DRIFT


def _attempted(report: Report) -> Iterator[tuple[str, State]]:
    """Yield what a verification found; a role that proved nothing counts where it is at home."""
    homes = {r.name: r.database for r in report.desired.roles}
    for attempt in report.record["attempts"] if report.record else ():
        match attempt["verdict"]:
            case "failed":
                yield attempt["database"], State.OPEN
            case "warning":
                yield attempt["database"], State.WARNING
            case "not_proven":
                yield homes.get(attempt["role"], ""), State.UNPROVEN
            case _:
                pass
