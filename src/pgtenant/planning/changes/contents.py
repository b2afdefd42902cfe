"""Changes of what is inside a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pgtenant.planning.changes.base import DatabaseChange, Risk
from pgtenant.planning.privileges import ObjectKind


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
