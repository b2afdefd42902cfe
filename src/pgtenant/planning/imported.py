"""A live server described as a catalog, with what no entry can say."""

from __future__ import annotations

from dataclasses import dataclass

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.changes import Change, MarkDatabase, MarkRole
from pgtenant.planning.desired import Desired, DesiredDatabase
from pgtenant.planning.findings import Drift
from pgtenant.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a role's privileges are not those of one level.

    Attributes:
        beyond: what it holds and the level does not give.
        widening: what the level gives, and would open to the role.
    """

    level: AccessLevel
    beyond: tuple[Drift | Change, ...]
    widening: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A role that holds something in a database and gets no entry there.

    Attributes:
        misfits: of each level, when that is the reason.
    """

    role: str
    reason: str
    misfits: tuple[Misfit, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedDatabase:
    """A database and its entries.

    Attributes:
        declared: the owner's entry and its members.
        left_out: sorted by role.
        notes: what else is to be known.
    """

    declared: DesiredDatabase
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """What a server has, as a catalog.

    Attributes:
        databases: sorted by name.
        skipped: other databases, and why, sorted.
        desired: what the catalog asks for.
        after: what an apply would change once all of it was adopted.
    """

    databases: tuple[ImportedDatabase, ...]
    skipped: tuple[tuple[str, str], ...]
    desired: Desired
    after: Plan


def pending(imported: Imported, entry: str) -> tuple[Change, ...]:
    """Return what an apply would change for an entry after its adoption."""
    return tuple(
        change
        for change in imported.after.changes
        if change.entry == entry and not isinstance(change, MarkDatabase | MarkRole)
    )
