"""Drift in words: what each kind is called, and whom a note is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.report.safe import name, shown

TITLES: Final[Mapping[DriftKind, str]] = {
    DriftKind.MISSING_DATABASE: "Databases that are gone",
    DriftKind.UNREAD_DATABASE: "Databases that could not be entered",
    DriftKind.EXPIRED: "Roles past their VALID UNTIL",
    DriftKind.PASSWORD: "Passwords not proven",
    DriftKind.SECRET: "Secrets that lead to another server",
    DriftKind.PRIVILEGE: "Privileges beyond the catalog (`--authoritative` revokes them)",
    DriftKind.DEFAULT_PRIVILEGE: (
        "Default privileges beyond the catalog (`--authoritative` revokes them)"
    ),
    DriftKind.MEMBERSHIP: "Memberships (`--authoritative` ends those between managed roles)",
    DriftKind.FOREIGN_OBJECT: "Objects that the database's owner does not own",
    DriftKind.UNDECLARED_DATABASE: "Databases that no entry declares",
    DriftKind.OPEN_DATABASE: "The instance's own databases, open to everyone",
    DriftKind.EXTENSION: "Extensions that are not there",
    DriftKind.INITIAL_SCHEMA: "Initial schemas",
    DriftKind.TENANCY: "Tenants",
    DriftKind.SETTING: "Settings of roles and databases",
    DriftKind.DISABLED: "Out of service (`pgtenant retire`)",
    DriftKind.REOPENED: "Out of service, and can be used all the same",
    DriftKind.RETIRED: "Retired? Managed roles without an entry",
    DriftKind.OTHER_ENVIRONMENT: "Roles of other environments",
}
"""The kinds in the order in which they are shown: what hurts first."""

REVOCABLE: Final = frozenset({DriftKind.PRIVILEGE, DriftKind.DEFAULT_PRIVILEGE})
"""The kinds that `--authoritative` mends by itself."""

_OF_A_ROLE: Final = REVOCABLE | {
    DriftKind.MEMBERSHIP,
    DriftKind.PASSWORD,
    DriftKind.EXPIRED,
    DriftKind.SECRET,
    DriftKind.DISABLED,
    DriftKind.REOPENED,
    DriftKind.RETIRED,
    DriftKind.OTHER_ENVIRONMENT,
}


def by_kind(drift: tuple[Drift, ...]) -> dict[DriftKind, list[Drift]]:
    """Return the notes of each kind that has any, sorted by entry."""
    found: dict[DriftKind, list[Drift]] = {}
    for kind in TITLES:
        notes = [item for item in drift if item.kind is kind]
        if notes:
            found[kind] = sorted(notes, key=lambda d: (d.entry, d.database, d.role, d.message))
    return found


def note(item: Drift) -> str:
    """Return one note on one line: its entry, what it is about, what is there."""
    about = _subject(item)
    lead = " · ".join(part for part in (name(item.entry) if item.entry else "", about) if part)
    return f"{lead}: {shown(item.message)}" if lead else shown(item.message)


def _subject(item: Drift) -> str:
    if item.role and (item.kind in _OF_A_ROLE or not item.database):
        where = f" in database {name(item.database)}" if item.database else ""
        return f"role {name(item.role)}{where}"
    return f"database {name(item.database)}" if item.database else ""
