"""Everything on an instance that decides who can do what, as its catalogs have it.

`planning.observed` is what a plan depends on: what catalog roles hold, and only where it differs.
This is all of it, strangers and `PUBLIC` included, so that nothing has to be assumed away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pgtenant.planning import marker
from pgtenant.planning.marker import Marker


class Kind(StrEnum):
    """What a privilege can be held on, or an owner can own.

    `TABLE` covers what `GRANT … ON TABLE` covers: ordinary, partitioned and foreign tables,
    views and materialized views. `FUNCTION` covers procedures and aggregates.
    """

    DATABASE = "database"
    SCHEMA = "schema"
    TABLE = "table"
    COLUMN = "column"
    SEQUENCE = "sequence"
    FUNCTION = "function"
    TYPE = "type"
    LANGUAGE = "language"
    FOREIGN_DATA_WRAPPER = "foreign_data_wrapper"
    SERVER = "server"
    LARGE_OBJECT = "large_object"
    PARAMETER = "parameter"
    TABLESPACE = "tablespace"
    EVENT_TRIGGER = "event_trigger"
    PUBLICATION = "publication"
    SUBSCRIPTION = "subscription"


@dataclass(frozen=True, slots=True)
class Role:
    """One row of `pg_roles`.

    Attributes:
        inherit: the role's own `INHERIT`; from PostgreSQL 16 on only what new memberships start
            with, before that what decides.
        bootstrap: whether it is the superuser that `initdb` made.
        predefined: whether PostgreSQL itself made it (`pg_read_all_data`, …).
        marker: the marker in its comment, or None for a role that is not ours.
    """

    name: str
    login: bool = True
    superuser: bool = False
    inherit: bool = True
    createrole: bool = False
    createdb: bool = False
    replication: bool = False
    bypassrls: bool = False
    bootstrap: bool = False
    predefined: bool = False
    comment: str | None = None
    # Parsed once: it is asked for again with every grant.
    marker: Marker | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "marker", marker.parse(self.comment))


@dataclass(frozen=True, slots=True, order=True)
class Membership:
    """One row of `pg_auth_members`.

    Attributes:
        inherit: whether the member has the group's privileges without doing anything; on
            PostgreSQL 15 the member's own `INHERIT`.
        set: whether it may `SET ROLE` to the group; always on PostgreSQL 15.
        admin: whether it may make others members, itself included.
    """

    group: str
    member: str
    grantor: str
    inherit: bool = True
    set: bool = True
    admin: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One privilege in an access control list.

    Attributes:
        grantee: a role, or `privileges.PUBLIC`.
        shipped: whether it came with PostgreSQL or with the extension that the object is of.
    """

    grantee: str
    privilege: str
    grantor: str
    grantable: bool = False
    shipped: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Signature:
    """A function's arguments: the schema and the name of each one's type."""

    types: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"({', '.join(t if s == 'pg_catalog' else f'{s}.{t}' for s, t in self.types)})"


@dataclass(frozen=True, slots=True)
class Group:
    """Objects of one kind, schema and owner whose access control lists are equal.

    A schema of 100,000 tables that were all granted alike is one group.

    Attributes:
        schema: where they lie; empty for what lies in no schema.
        table: the table, for columns; empty otherwise.
        names: sorted; large objects by number.
        signatures: for functions, in the order of `names`; empty otherwise.
        grants: sorted; a NULL list expanded to PostgreSQL's default.
        extension: the extension they are part of, or empty.
        definer: for functions, whether they are `SECURITY DEFINER`.
        system: whether they are PostgreSQL's own; then only grants that were added are here.
    """

    kind: Kind
    schema: str
    owner: str
    names: tuple[str, ...]
    grants: tuple[Grant, ...] = ()
    table: str = ""
    signatures: tuple[Signature, ...] = ()
    extension: str = ""
    definer: bool = False
    system: bool = False


@dataclass(frozen=True, slots=True, order=True)
class DefaultGrant:
    """One privilege on everything that a role will make in a database.

    Attributes:
        creator: the role whose new objects get it.
        schema: the schema it is limited to, or empty for all.
        kind: `table`, `sequence`, `function`, `type`, `schema` or `large_object`.
    """

    creator: str
    schema: str
    kind: str
    grantee: str
    privilege: str
    grantable: bool = False


@dataclass(frozen=True, slots=True, order=True)
class ForeignServer:
    """A foreign server that leads to a PostgreSQL database.

    Attributes:
        wrapper: its foreign-data wrapper.
        host: where it leads to; empty for the instance's own socket.
        database: the database it leads to, or empty when it does not say.
        mappings: who can use it with a stored login: roles, or `privileges.PUBLIC`; and as
            whom, where the admin may see that.
    """

    name: str
    owner: str
    wrapper: str
    host: str
    database: str
    mappings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class EventTrigger:
    """Code that runs as whoever changes the database's structure.

    Attributes:
        function_owner: who decides what it does.
    """

    name: str
    owner: str
    function_owner: str
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Inside:
    """What only a connection to the database itself can see."""

    groups: tuple[Group, ...] = ()
    defaults: tuple[DefaultGrant, ...] = ()
    servers: tuple[ForeignServer, ...] = ()
    event_triggers: tuple[EventTrigger, ...] = ()


@dataclass(frozen=True, slots=True)
class Database:
    """One row of `pg_database`.

    Attributes:
        inside: what is in it, or None where it was not looked into.
        unread: why it was not, or empty.
    """

    name: str
    owner: str
    grants: tuple[Grant, ...] = ()
    allow_connections: bool = True
    is_template: bool = False
    inside: Inside | None = None
    unread: str = ""

    @property
    def group(self) -> Group:
        """The database itself, as an object that privileges are held on."""
        return Group(Kind.DATABASE, "", self.owner, (self.name,), self.grants)


@dataclass(frozen=True, slots=True)
class AccessModel:
    """One instance.

    Attributes:
        version: `server_version_num`.
        admin: the role that read it.
        maintenance_database: the database of the admin's own connections.
        memberships: sorted.
        shared: parameters and tablespaces, which belong to no database.
        hosts: the names and addresses under which the instance is known to be reached.
    """

    version: int
    admin: str
    maintenance_database: str
    roles: Mapping[str, Role]
    memberships: tuple[Membership, ...]
    databases: Mapping[str, Database]
    shared: tuple[Group, ...] = ()
    hosts: frozenset[str] = frozenset()

    @property
    def major(self) -> int:
        """The major version, for example 17."""
        return self.version // 10000
