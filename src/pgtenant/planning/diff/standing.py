"""Where the making of a database stands."""

from __future__ import annotations

from enum import Enum, auto

from pgtenant.planning.desired import DesiredDatabase
from pgtenant.planning.observed import FRESH_CONTENTS, Contents, Observed


class Standing(Enum):
    """The stages that a crash can leave behind, and what is not ours at all."""

    MISSING = auto()
    HALF_MADE = auto()
    MADE = auto()
    FOREIGN = auto()


def standing(database: DesiredDatabase, observed: Observed) -> Standing:
    """Return how far `database` has come.

    It is our own half-made one only if the admin owns it, nobody can connect to it,
    and the marker of its owner-to-be names it: the three facts that a run leaves
    which died between `CREATE DATABASE` and the change of owner.
    """
    existing = observed.databases.get(database.name)
    if existing is None:
        return Standing.MISSING
    if existing.owner == database.owner.name:
        return Standing.MADE
    role = observed.roles.get(database.owner.name)
    mark = role.marker if role else None
    if (
        existing.owner == observed.server.admin.name
        and not existing.allow_connections
        and mark is not None
        and mark.creating == database.name
    ):
        return Standing.HALF_MADE
    return Standing.FOREIGN


def contents_of(database: DesiredDatabase, observed: Observed) -> Contents | None:
    """Return what is inside, or None where that is not known yet."""
    if standing(database, observed) in {Standing.MISSING, Standing.HALF_MADE}:
        return FRESH_CONTENTS
    existing = observed.databases.get(database.name)
    return existing.contents if existing else None
