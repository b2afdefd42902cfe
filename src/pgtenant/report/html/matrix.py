"""Who may do what in which database: one line for each role in each, from the whole listing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pgtenant.access.path import words
from pgtenant.access.rows import OWNER, Row
from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.providers import is_provider
from pgtenant.report.html.model import Report


class Power(StrEnum):
    """What a role may do in a database, in the words of its columns."""

    CONNECT = "Connect"
    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    OWN = "Own"


class Standing(StrEnum):
    """How what a role may do compares with what the catalog gives it."""

    BEYOND = "beyond the catalog"
    MISSING = "not there yet"
    OWN_MAKING = "made by itself"
    DECLARED = "as declared"
    UNMANAGED = "not managed"
    PLATFORM = "the platform's own"


_POWERS: Final[Mapping[tuple[str, str], Power]] = {
    ("database", "CONNECT"): Power.CONNECT,
    ("database", "CREATE"): Power.CREATE,
    ("database", OWNER): Power.OWN,
    ("schema", "CREATE"): Power.CREATE,
    ("table", "SELECT"): Power.READ,
    ("column", "SELECT"): Power.READ,
    **{
        (kind, privilege): Power.WRITE
        for kind in ("table", "column")
        for privilege in ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
    },
    **{
        (f"new_{kind}", privilege): power
        for kind, privilege, power in (
            ("table", "SELECT", Power.READ),
            ("table", "INSERT", Power.WRITE),
            ("table", "UPDATE", Power.WRITE),
            ("table", "DELETE", Power.WRITE),
        )
    },
}
"""By kind of object and privilege. Default privileges count: the tables are only to come."""


@dataclass(slots=True)
class _Found:
    powers: set[Power] = field(default_factory=set)
    stuck: set[Power] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one role may do in one database.

    Attributes:
        level: what the catalog declares, or empty.
        entry: the entry that does, or empty.
        powers: what it can use.
        stuck: what it holds and can't use, because it can't get in.
        paths: how it comes to all that, in words, the shortest first.
    """

    database: str
    role: str
    level: str
    entry: str
    powers: frozenset[Power]
    stuck: frozenset[Power]
    paths: tuple[str, ...]
    standing: Standing


def matrix(report: Report) -> tuple[Cell, ...]:
    """Return the cells, by database and role; superusers may everything and have none."""
    found = _found(report.listing.rows)
    declared = {(d.name, r.name): r for d in report.desired.databases for r in d.roles}
    beyond = {(hole.database, hole.who) for hole in report.holes}
    cells = []
    for key in sorted(found.keys() | declared.keys()):
        seen, entry = found.get(key, _Found()), declared.get(key)
        cells.append(
            Cell(
                database=key[0],
                role=key[1],
                level=str(entry.level) if entry else "",
                entry=entry.entry if entry else "",
                powers=frozenset(seen.powers),
                stuck=frozenset(seen.stuck - seen.powers),
                paths=tuple(sorted(seen.paths, key=lambda path: (len(path), path))),
                standing=_standing(report, *key, seen, beyond=key in beyond),
            )
        )
    return tuple(cells)


def superusers(report: Report) -> tuple[str, ...]:
    """Return the roles that may do everything everywhere, sorted."""
    return tuple(
        name for name, role in sorted(report.listing.model.roles.items()) if role.superuser
    )


def _found(rows: Iterable[Row]) -> dict[tuple[str, str], _Found]:
    found: dict[tuple[str, str], _Found] = {}
    for row in rows:
        if not row.database or (row.kind == "schema" and row.names == ("information_schema",)):
            continue
        powers = {
            _POWERS[row.kind, privilege]
            for privilege in row.privileges
            if (row.kind, privilege) in _POWERS
        }
        if not powers or (row.role == PUBLIC and row.kind not in {"database", "table", "column"}):
            continue
        cell = found.setdefault((row.database, row.role), _Found())
        (cell.powers if row.usable else cell.stuck).update(powers)
        cell.paths.add(words(row.path))
    for cell in found.values():
        if Power.OWN in cell.powers and Power.CONNECT in cell.powers:
            # What an owner's future tables allow it needs no grant for.
            cell.powers |= {Power.READ, Power.WRITE, Power.CREATE}
    return found


def _standing(report: Report, database: str, role: str, seen: _Found, *, beyond: bool) -> Standing:
    model, declared = report.listing.model, report.desired.by_name.get(role)
    if beyond:
        return Standing.BEYOND
    if declared is not None and declared.database == database:
        return Standing.DECLARED if Power.CONNECT in seen.powers else Standing.MISSING
    there = model.roles.get(role)
    bootstrap = there is not None and there.bootstrap
    owner = model.databases[database].owner if database in model.databases else ""
    if role == model.admin or is_provider(role, bootstrap=bootstrap):
        return Standing.PLATFORM
    if role == PUBLIC:
        public = is_provider(owner) or owner == model.admin
        boot = model.roles.get(owner)
        return Standing.PLATFORM if public or (boot and boot.bootstrap) else Standing.UNMANAGED
    managed = declared is not None or (there is not None and there.marker is not None)
    if managed:
        return Standing.OWN_MAKING if owner == role else Standing.BEYOND
    return Standing.UNMANAGED
