"""What is inside a database: what only a connection to it can see."""

from __future__ import annotations

from dataclasses import dataclass

from pgtenant.planning.privileges import ObjectKind
from pgtenant.planning.tenants.found import Found


@dataclass(frozen=True, slots=True, order=True)
class ObjectGrant:
    """One privilege of a catalog role on the objects of a group.

    Attributes:
        role: the grantee, or `privileges.PUBLIC` for a schema.
        privilege: as `aclexplode` spells it.
        grantor: who granted it.
        grantable: whether it came `WITH GRANT OPTION`.
        regranted: whether the grantee passed it on, so that a revoke needs `CASCADE`.
    """

    role: str
    privilege: str
    grantor: str
    grantable: bool = False
    regranted: bool = False


@dataclass(frozen=True, slots=True)
class ObjectGroup:
    """Objects of one kind and schema that the database's owner owns and whose ACLs are equal.

    Only groups that differ from what the catalog asks for are observed: a schema of
    100,000 tables that need nothing is no group at all.

    Attributes:
        schema: the schema they lie in; empty for schemas themselves.
        names: sorted.
        grants: the privileges that catalog roles hold on each of them, sorted.
    """

    kind: ObjectKind
    schema: str
    names: tuple[str, ...]
    grants: tuple[ObjectGrant, ...]


@dataclass(frozen=True, slots=True, order=True)
class ColumnGrant:
    """One privilege of a catalog role on single columns of one of the owner's tables.

    Attributes:
        columns: sorted.
    """

    role: str
    schema: str
    table: str
    privilege: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class DefaultGrant:
    """One privilege in the owner's default privileges.

    Attributes:
        schema: the schema it is limited to, or empty for all.
        kind: an `ObjectKind`'s value, or `function` or `type`.
    """

    role: str
    schema: str
    kind: str
    privilege: str
    grantable: bool = False


@dataclass(frozen=True, slots=True, order=True)
class ForeignObject:
    """A schema or relation that belongs neither to the owner nor to an extension.

    Attributes:
        kind: `schema`, `table` or `sequence`.
        schema: where it lies; empty for a schema.
    """

    kind: str
    schema: str
    name: str
    owner: str


@dataclass(frozen=True, slots=True, order=True)
class ForeignGrant:
    """What a managed role holds on objects of a schema that someone else than the owner owns.

    Attributes:
        kind: an `ObjectKind`'s value.
        schema: where they lie; empty for schemas.
        privileges: sorted.
        names: sorted.
    """

    role: str
    kind: str
    schema: str
    owner: str
    privileges: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class FunctionGrant:
    """`EXECUTE` that a managed role was given by name.

    Attributes:
        arguments: the schema and name of each argument's type, in order.
    """

    role: str
    schema: str
    name: str
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PublicSchema:
    """The schema `public`, judged by its row in `pg_namespace` and not by the server's version.

    Attributes:
        owner: the role that owns it.
        owned: whether the database's owner may grant on it (owns it, or through
            `pg_database_owner`).
        open: whether `PUBLIC` may create objects in it.
    """

    owner: str
    owned: bool
    open: bool


@dataclass(frozen=True, slots=True)
class Contents:
    """What only a connection to the database itself can see.

    Attributes:
        public: the schema `public`, or None where it was dropped.
        groups: object groups that differ from the catalog, sorted.
        defaults: the owner's default privileges for catalog roles, sorted.
        columns: privileges of catalog roles on single columns, sorted.
        foreign: objects the owner can't grant on, sorted; at most a hundred.
        foreign_count: how many there are in all.
        foreign_grants: what managed roles hold on such objects, sorted.
        functions: what managed roles may execute by name, sorted.
        extensions: the names of the extensions in it.
        unnameable: objects that would need a grant or a revoke and whose names are no UTF-8, so
            that no statement can hold them; sorted.
        tenants: how the tenants in it are kept apart; None where it has none, or nobody looked.
    """

    public: PublicSchema | None
    groups: tuple[ObjectGroup, ...] = ()
    defaults: tuple[DefaultGrant, ...] = ()
    columns: tuple[ColumnGrant, ...] = ()
    foreign: tuple[ForeignObject, ...] = ()
    foreign_count: int = 0
    foreign_grants: tuple[ForeignGrant, ...] = ()
    functions: tuple[FunctionGrant, ...] = ()
    extensions: frozenset[str] = frozenset()
    unnameable: tuple[str, ...] = ()
    tenants: Found | None = None


FRESH_CONTENTS = Contents(
    public=PublicSchema(owner="pg_database_owner", owned=True, open=False),
    groups=(ObjectGroup(kind=ObjectKind.SCHEMA, schema="", names=("public",), grants=()),),
)
"""A database just made from `template0` on PostgreSQL 15 or newer."""
