"""Databases, as the whole instance sees them."""

from __future__ import annotations

from dataclasses import dataclass

from pgtenant.planning import marker
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed.contents import Contents


@dataclass(frozen=True, slots=True, order=True)
class DatabaseGrant:
    """One privilege in a database's ACL; a NULL ACL is expanded to PostgreSQL's default.

    Attributes:
        grantee: a role, or `privileges.PUBLIC`.
        privilege: `CONNECT`, `CREATE` or `TEMPORARY`.
        grantor: who granted it; a revoke only takes away what its own grantor gave.
        grantable: whether it came `WITH GRANT OPTION`.
    """

    grantee: str
    privilege: str
    grantor: str
    grantable: bool = False


@dataclass(frozen=True, slots=True)
class Database:
    """One row of `pg_database`.

    Attributes:
        acl: its privileges, sorted; a NULL ACL expanded.
        comment: its whole comment.
        settings: `ALTER DATABASE … SET` entries.
        oid: tells it from one that had its name before; 0 for one that nobody has seen.
        contents: what is inside, or None when it was not or could not be entered.
        unread: why it could not be entered, or empty.
        trusted: whether `contents` is what markers say, and nobody looked.
    """

    name: str
    owner: str
    allow_connections: bool = True
    connection_limit: int = -1
    is_template: bool = False
    acl: tuple[DatabaseGrant, ...] = ()
    comment: str | None = None
    settings: tuple[str, ...] = ()
    oid: int = 0
    contents: Contents | None = None
    unread: str = ""
    trusted: bool = False

    @property
    def marker(self) -> Marker | None:
        """The marker in its comment. Its owner can rewrite it: information only."""
        return marker.parse(self.comment)

    @property
    def invalid(self) -> bool:
        """Whether a `DROP DATABASE` of it died half-way; PostgreSQL then lets nobody alter it."""
        return self.connection_limit == -2

    def holds(self, grantee: str, privilege: str) -> bool:
        """Return whether the ACL gives `privilege` to `grantee` by name."""
        return any(g.grantee == grantee and g.privilege == privilege for g in self.acl)
