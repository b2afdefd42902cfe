"""The steps of a retirement: a closed union, consumed with `match` and `assert_never`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    GrantDatabase,
    MarkRole,
    RevokeColumns,
    RevokeDatabase,
    RevokeDefault,
    RevokeObjects,
    TakeOverDatabase,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    """Take a role out of a database: its privileges, its defaults, and what it owns there.

    Attributes:
        entry: the key that its marker names.
        database: where; in the maintenance database also what all databases share.
        items: what is there, as PostgreSQL describes it, sorted.
    """

    kind: ClassVar[str] = "clean_up"
    entry: str
    role: str
    database: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDatabase:
    """Make the admin the owner, because nobody can be lent a role outside a transaction."""

    kind: ClassVar[str] = "release_database"
    entry: str
    database: str
    owner: str
    admin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDatabase:
    """Drop a database that the admin owns by now."""

    kind: ClassVar[str] = "drop_database"
    entry: str
    database: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropRole:
    """Drop a role that nothing depends on any more."""

    kind: ClassVar[str] = "drop_role"
    entry: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeDumper:
    """Make a login for the length of one dump.

    The owner's own would let its application in as well, and its secret may be gone.

    Attributes:
        of: the owner, for a login that may all that the owner may; empty for one that restores.
        comment: the marker by which the next run knows it.
    """

    kind: ClassVar[str] = "make_dumper"
    entry: str
    role: str
    of: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRowSecurity:
    """Let an owner read its own tables whole, or no more.

    Attributes:
        tables: each with its schema, sorted.
        forced: whether row security holds for the owner too.
    """

    kind: ClassVar[str] = "set_row_security"
    entry: str
    database: str
    tables: tuple[tuple[str, str], ...]
    forced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeScratch:
    """Make the database that a dump is restored into, like the one that was dumped.

    Attributes:
        like: the words of `CREATE DATABASE` that make it so, with their values.
    """

    kind: ClassVar[str] = "make_scratch"
    entry: str
    database: str
    like: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenScratch:
    """Close that database to `PUBLIC`, and give it to the login of the dump."""

    kind: ClassVar[str] = "open_scratch"
    entry: str
    database: str
    owner: str


Step = (
    AlterRole
    | MarkRole
    | AlterDatabase
    | TakeOverDatabase
    | GrantDatabase
    | RevokeDatabase
    | RevokeObjects
    | RevokeDefault
    | RevokeColumns
    | CleanUp
    | ReleaseDatabase
    | DropDatabase
    | DropRole
    | MakeDumper
    | SetRowSecurity
    | MakeScratch
    | OpenScratch
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Steps that commit together.

    Attributes:
        database: where, if not in the maintenance database.
        acting: the role that the owner's statements run as, borrowed; empty for none.
        rights: roles whose rights the admin is lent for it.
        transactional: whether a transaction can hold it.
    """

    steps: tuple[Step, ...]
    database: str | None = None
    acting: str = ""
    rights: tuple[str, ...] = ()
    transactional: bool = True
