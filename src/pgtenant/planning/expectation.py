"""What a database's catalog roles should hold on the owner's objects, as plain rows."""

from __future__ import annotations

from pgtenant.planning.desired import DesiredDatabase
from pgtenant.planning.privileges import ObjectKind, granted_by


def wanted_grants(database: DesiredDatabase) -> tuple[tuple[str, str, str], ...]:
    """Return (kind, role, privilege) for everything that should be granted, sorted.

    The reader of a server uses it to leave out what is already as it should be; whether
    something is missing is decided by the diff alone.
    """
    return tuple(
        sorted(
            (str(kind), member.name, privilege)
            for member in database.members
            for kind in ObjectKind
            for privilege in granted_by(member.level, kind)
        )
    )
