"""Changes of a database as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pgtenant.planning.changes.base import DatabaseChange, Risk
from pgtenant.planning.marker import Marker


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDatabase(DatabaseChange):
    """Make a database that nobody can connect to yet; the one step outside a transaction."""

    kind: ClassVar[str] = "create_database"
    risk: ClassVar[Risk] = Risk.CREATE


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverDatabase(DatabaseChange):
    """Close a new database to `PUBLIC`, give it to its owner, mark it and open it.

    Attributes:
        admin: the admin, which keeps `CONNECT`.
        marker: for the database's comment.
        role_comment: the owner's comment without the note that a database is being made.
    """

    kind: ClassVar[str] = "configure_database"
    risk: ClassVar[Risk] = Risk.ALTER
    admin: str
    marker: Marker
    role_comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOverDatabase(DatabaseChange):
    """Give a database that somebody made by hand to the role of its entry (`adopt`).

    Attributes:
        before: the role that owns it now.
    """

    kind: ClassVar[str] = "take_over_database"
    risk: ClassVar[Risk] = Risk.ALTER
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterDatabase(DatabaseChange):
    """Let a database be connected to again. None leaves a property as it is.

    Attributes:
        allow_connections: `ALLOW_CONNECTIONS`.
        connection_limit: `CONNECTION LIMIT`; -1 for none.
        is_template: `IS_TEMPLATE`.
    """

    kind: ClassVar[str] = "alter_database"
    risk: ClassVar[Risk] = Risk.ALTER
    allow_connections: bool | None = None
    connection_limit: int | None = None
    is_template: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkDatabase(DatabaseChange):
    """Write a database's comment."""

    kind: ClassVar[str] = "mark_database"
    risk: ClassVar[Risk] = Risk.ALTER
    before: str | None
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantDatabase(DatabaseChange):
    """Grant on a database."""

    kind: ClassVar[str] = "grant_database"
    risk: ClassVar[Risk] = Risk.GRANT
    role: str
    privileges: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeDatabase(DatabaseChange):
    """Revoke on a database.

    Attributes:
        role: a role, or `privileges.PUBLIC`.
        grant_option_only: take away only the right to pass the privilege on.
        cascade: take it as well from whoever got it from `role`.
        undeclared: the database is not in the catalog; an application made it.
    """

    kind: ClassVar[str] = "revoke_database"
    risk: ClassVar[Risk] = Risk.REVOKE
    role: str
    privileges: tuple[str, ...]
    grant_option_only: bool = False
    cascade: bool = False
    undeclared: bool = False
