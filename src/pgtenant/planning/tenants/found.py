"""What an inspection found where tenants are: groups of equal facts, and who shares them.

Tenants of one template have the same tables, so that thousands of them are a handful of groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

Name: TypeAlias = tuple[str, str]
"""A schema, and a name in it."""

Facts = TypeVar("Facts")


class RelationKind(StrEnum):
    """What holds rows."""

    TABLE = "table"
    PARTITIONED = "partitioned table"
    MATERIALIZED = "materialized view"
    FOREIGN = "foreign table"


@dataclass(frozen=True, slots=True)
class Same(Generic[Facts]):
    """Objects of which the same is true.

    Attributes:
        names: sorted, at least one.
    """

    facts: Facts
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """The tenant column of a table.

    Attributes:
        type: as `format_type` has it.
        loose: whether different texts count as equal in it, by its collation.
    """

    type: str
    loose: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Policy:
    """One row of `pg_policy`.

    Attributes:
        command: `*` for all, or one of `r`, `a`, `w`, `d`.
        roles: whom it is for; empty for everybody.
        using: the expression as the server prints it, or None.
        check: likewise.
    """

    name: str
    permissive: bool
    command: str
    roles: tuple[str, ...]
    using: str | None
    check: str | None


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A primary key, or a unique or exclusion constraint or index.

    Attributes:
        has_column: whether the tenant column is part of it, compared with `=`.
    """

    name: str
    primary: bool
    has_column: bool


@dataclass(frozen=True, slots=True, order=True)
class ForeignKey:
    """A foreign key of a tenant's table.

    Attributes:
        target: the table it refers to when that is in another schema; empty for the tenant's own.
        paired: whether the tenant column refers to the tenant column.
        other_tenant: whether `target` is in another tenant's schema.
    """

    name: str
    target: str
    paired: bool
    other_tenant: bool


@dataclass(frozen=True, slots=True, order=True)
class Trigger:
    """A trigger whose function belongs to somebody else than the table.

    Attributes:
        function: with its schema.
        owner: whose that is.
    """

    name: str
    function: str
    owner: str


@dataclass(frozen=True, slots=True, order=True)
class Relative:
    """A table of another schema that has a partition or a child here, or is one of a table here.

    Attributes:
        name: with its schema.
        above: whether it is the one that shows the rows of both.
    """

    name: str
    above: bool


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """What a role other than the owner was granted; `public` for everybody."""

    role: str
    privileges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """What holds for a table, or for anything else with rows of its own.

    Attributes:
        owner: whose it is; where each tenant has a role of its own, empty for the schema's owner.
        row_security: `ENABLE ROW LEVEL SECURITY`.
        forced: `FORCE ROW LEVEL SECURITY`.
        column: the tenant column, or None without one.
        indexed: whether a valid, whole index begins with that column.
        policies: sorted.
        keys: sorted.
        foreign_keys: sorted.
        held: sorted; of what is held on single columns, `REFERENCES` alone.
        sequences: those in other schemas that its defaults take numbers from.
        by_name: its defaults that look a sequence up by a name each time; sorted.
        triggers: of somebody else's functions; sorted.
        rules: their names, sorted.
        relatives: in other schemas; sorted.
    """

    kind: RelationKind
    owner: str
    row_security: bool
    forced: bool
    column: Column | None
    indexed: bool
    policies: tuple[Policy, ...] = ()
    keys: tuple[Key, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    held: tuple[Held, ...] = ()
    sequences: tuple[str, ...] = ()
    by_name: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    rules: tuple[str, ...] = ()
    relatives: tuple[Relative, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A view that reads tenants' tables, or lies among them.

    Attributes:
        owner: see `Relation`.
        invoker: `security_invoker`: whoever asks is held by the policies, not the view's owner.
    """

    owner: str
    invoker: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A function that matters to row security.

    Attributes:
        owner: see `Relation`.
        definer: `SECURITY DEFINER`.
        sets_tenant: whether its own settings (`CREATE FUNCTION … SET`) have the tenant's.
        pinned_path: whether they have `search_path`.
    """

    owner: str
    definer: bool
    sets_tenant: bool
    pinned_path: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema that has the prefix.

    Attributes:
        comment: as it is; its owner writes it.
    """

    name: str
    owner: str
    comment: str | None = None
    held: tuple[Held, ...] = ()


class Way(StrEnum):
    """How a role comes to be one that no policy holds."""

    ITSELF = "itself"
    MEMBER = "member"


@dataclass(frozen=True, slots=True, order=True)
class Unheld:
    """One of the database's roles, and a role that row security does not hold.

    Attributes:
        role: the database's owner, an editor or a reader.
        becomes: the role with the attribute.
        superuser: whether that is `SUPERUSER`, not `BYPASSRLS`.
    """

    role: str
    way: Way
    becomes: str
    superuser: bool


@dataclass(frozen=True, slots=True, order=True)
class Preset:
    """A value that sessions have for the tenant's setting before they say who they are.

    Attributes:
        role: whose sessions; empty for everybody's.
        everywhere: in all databases, not only in this one.
    """

    role: str
    everywhere: bool


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that an inspection of one database says about its tenants."""

    schemas: tuple[Schema, ...] = ()
    relations: tuple[Same[Relation], ...] = ()
    views: tuple[Same[View], ...] = ()
    functions: tuple[Same[Function], ...] = ()
    unheld: tuple[Unheld, ...] = ()
    presets: tuple[Preset, ...] = ()
    bypassing: frozenset[str] = frozenset()
    """Every role of the instance with `SUPERUSER` or `BYPASSRLS`."""
