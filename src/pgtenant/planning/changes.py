"""The changes: typed, side-effect-free descriptions of one difference each.

A closed union (`Change`), consumed with `match` and `assert_never`. What a change
means in SQL is decided in `planning.sql`, when it runs in `planning.order`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from pgtenant.catalog.model import Auth
from pgtenant.planning.marker import Marker
from pgtenant.planning.privileges import ObjectKind


class Risk(StrEnum):
    """What a change can cost whoever uses the instance."""

    CREATE = "create"
    GRANT = "grant"
    ALTER = "alter"
    REVOKE = "revoke"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True)
class RoleAttributes:
    """The attributes that are kept as declared."""

    login: bool
    createdb: bool
    connection_limit: int
    createrole: bool = False
    superuser: bool = False
    replication: bool = False
    bypassrls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """A change of a role itself.

    Attributes:
        entry: the key of the entry it is made for.
        role: the role.
    """

    entry: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRole(RoleChange):
    """Make a login role, with its password or as a member of `rds_iam`, and its marker."""

    kind: ClassVar[str] = "create_role"
    risk: ClassVar[Risk] = Risk.CREATE
    createdb: bool
    connection_limit: int
    secret: str
    marker: Marker
    auth: Auth = Auth.PASSWORD


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterRole(RoleChange):
    """Bring attributes back to what is declared."""

    kind: ClassVar[str] = "alter_role"
    risk: ClassVar[Risk] = Risk.ALTER
    before: RoleAttributes
    after: RoleAttributes


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePassword(RoleChange):
    """Set the secret's password, because a login with it was refused."""

    kind: ClassVar[str] = "update_password"
    risk: ClassVar[Risk] = Risk.ALTER
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseIam(RoleChange):
    """Put a role into `rds_iam`, and take the password away that it could fall back to."""

    kind: ClassVar[str] = "use_iam"
    risk: ClassVar[Risk] = Risk.ALTER


@dataclass(frozen=True, slots=True, kw_only=True)
class UsePassword(RoleChange):
    """Take a role out of `rds_iam`, and set the secret's password."""

    kind: ClassVar[str] = "use_password"
    risk: ClassVar[Risk] = Risk.ALTER
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRole(RoleChange):
    """Write a role's comment.

    Attributes:
        late: it records that the grants and the schema stand, so it comes after them.
    """

    kind: ClassVar[str] = "mark_role"
    risk: ClassVar[Risk] = Risk.ALTER
    before: str | None
    after: str
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeMembership(RoleChange):
    """Take a membership away from a catalog role (`--authoritative`)."""

    kind: ClassVar[str] = "revoke_membership"
    risk: ClassVar[Risk] = Risk.REVOKE
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseChange:
    """A change of a database or of what is inside it.

    Attributes:
        entry: the key of the entry it is made for.
        database: the database.
        owner: the role that owns it, or will.
    """

    entry: str
    database: str
    owner: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateExtension(DatabaseChange):
    """Make an extension, on a login of the owner."""

    kind: ClassVar[str] = "create_extension"
    risk: ClassVar[Risk] = Risk.CREATE
    extension: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInitialSchema(DatabaseChange):
    """Run a schema once, on a login of the owner, and record that in the same transaction.

    Attributes:
        script: the schema's SQL.
        comment: the database's comment with the schema recorded.
    """

    kind: ClassVar[str] = "apply_schema"
    risk: ClassVar[Risk] = Risk.CREATE
    schema: str
    script: str
    secret: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantObjects(DatabaseChange):
    """Grant on named objects of one kind in one schema.

    Attributes:
        object_kind: what the names are.
        schema: where they lie; empty for schemas.
        names: sorted.
    """

    kind: ClassVar[str] = "grant_objects"
    risk: ClassVar[Risk] = Risk.GRANT
    role: str
    object_kind: ObjectKind
    schema: str
    names: tuple[str, ...]
    privileges: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeObjects(DatabaseChange):
    """Revoke on named objects of one kind in one schema; the fields are those of `GrantObjects`."""

    kind: ClassVar[str] = "revoke_objects"
    risk: ClassVar[Risk] = Risk.REVOKE
    role: str
    object_kind: ObjectKind
    schema: str
    names: tuple[str, ...]
    privileges: tuple[str, ...]
    grant_option_only: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeColumns(DatabaseChange):
    """Revoke on single columns of one table."""

    kind: ClassVar[str] = "revoke_columns"
    risk: ClassVar[Risk] = Risk.REVOKE
    role: str
    schema: str
    table: str
    privilege: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantDefault(DatabaseChange):
    """Grant on what the owner will make."""

    kind: ClassVar[str] = "grant_default"
    risk: ClassVar[Risk] = Risk.GRANT
    role: str
    object_kind: ObjectKind
    privileges: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeDefault(DatabaseChange):
    """Stop granting on what the owner will make.

    Attributes:
        object_kind: an `ObjectKind`'s value, or `function` or `type`.
        schema: the schema it is limited to, or empty for all.
        grant_option_only: take away only the right to pass the privilege on.
    """

    kind: ClassVar[str] = "revoke_default"
    risk: ClassVar[Risk] = Risk.REVOKE
    role: str
    object_kind: str
    schema: str
    privileges: tuple[str, ...]
    grant_option_only: bool = False


Change = (
    CreateRole
    | AlterRole
    | UpdatePassword
    | UseIam
    | UsePassword
    | MarkRole
    | RevokeMembership
    | CreateDatabase
    | HandOverDatabase
    | TakeOverDatabase
    | AlterDatabase
    | MarkDatabase
    | GrantDatabase
    | RevokeDatabase
    | CreateExtension
    | RunInitialSchema
    | GrantObjects
    | RevokeObjects
    | RevokeColumns
    | GrantDefault
    | RevokeDefault
)


def database_of(change: Change) -> str:
    """Return the database a change is about, or empty for a role's own."""
    return change.database if isinstance(change, DatabaseChange) else ""


def role_of(change: Change) -> str:
    """Return the role a change is about: the grantee where there is one, else the owner."""
    match change:
        case RoleChange():
            return change.role
        case GrantDatabase() | RevokeDatabase() | GrantObjects() | RevokeObjects():
            return change.role
        case GrantDefault() | RevokeDefault() | RevokeColumns():
            return change.role
        case _:
            return change.owner
