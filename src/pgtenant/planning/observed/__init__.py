"""What is there: the parts of a live server that a plan depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgtenant.planning.observed.contents import (
    FRESH_CONTENTS,
    ColumnGrant,
    Contents,
    DefaultGrant,
    ForeignGrant,
    ForeignObject,
    FunctionGrant,
    ObjectGrant,
    ObjectGroup,
    PublicSchema,
)
from pgtenant.planning.observed.databases import Database, DatabaseGrant
from pgtenant.planning.observed.pairing import Pairing, Setting
from pgtenant.planning.observed.roles import Membership, OwnGrant, PasswordState, Role
from pgtenant.planning.observed.server import Admin, Server

__all__ = [
    "FRESH_CONTENTS",
    "Admin",
    "ColumnGrant",
    "Contents",
    "Database",
    "DatabaseGrant",
    "DefaultGrant",
    "ForeignGrant",
    "ForeignObject",
    "FunctionGrant",
    "Membership",
    "ObjectGrant",
    "ObjectGroup",
    "Observed",
    "OwnGrant",
    "Pairing",
    "PasswordState",
    "PublicSchema",
    "Role",
    "Server",
    "Setting",
]


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that was read from one instance.

    Attributes:
        roles: by name; tenants' own ones are in `tenants`.
        elsewhere: the names of entries' secrets that lead to another server than this one.
        tenants: the roles that carry the marker of a tenant's own.
    """

    server: Server
    roles: Mapping[str, Role]
    databases: Mapping[str, Database]
    elsewhere: frozenset[str] = frozenset()
    tenants: Mapping[str, Role] = field(default_factory=dict)
    # Derived once: it is asked for again with every entry.
    _owned: Mapping[str, list[Database]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        owned: dict[str, list[Database]] = {}
        for _, database in sorted(self.databases.items()):
            owned.setdefault(database.owner, []).append(database)
        object.__setattr__(self, "_owned", owned)

    def managed(self, environment: str) -> Mapping[str, str]:
        """Map each role that carries a marker of `environment` to the entry it names."""
        marks = ((name, role.marker) for name, role in self.roles.items())
        return {n: mark.entry for n, mark in marks if mark and mark.environment == environment}

    def tenants_of(self, environment: str, database: str) -> Mapping[str, Role]:
        """Return the roles of a database's tenants, retired ones included, by name."""
        return {
            name: role
            for name, role in sorted(self.tenants.items())
            if role.marker is not None
            and (role.marker.environment, role.marker.database) == (environment, database)
        }

    def owned_by(self, role: str) -> tuple[Database, ...]:
        """Return the databases that `role` owns, sorted by name."""
        return tuple(self._owned.get(role, ()))
