"""What is there: the parts of a live server that a plan depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pgtenant.planning import marker
from pgtenant.planning.marker import Marker
from pgtenant.planning.privileges import ObjectKind


class PasswordState(StrEnum):
    """What a login attempt proved about a stored password."""

    CURRENT = "current"
    WRONG = "wrong"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class OwnGrant:
    """A membership that the admin granted to itself (PostgreSQL 16+), to be put back after a loan.

    Attributes:
        inherit: its `INHERIT` option.
        set: its `SET` option.
    """

    inherit: bool
    set: bool


@dataclass(frozen=True, slots=True)
class Role:
    """One row of `pg_roles`, with what bears on the plan.

    Attributes:
        connection_limit: -1 for none.
        expired: whether `VALID UNTIL` lies in the past.
        comment: the role's whole comment.
        member_of: roles it is a member of.
        revocable: those of them that the admin may take it out of.
        members: roles that are members of it, the admin's automatic `ADMIN` row left out.
        settings: `ALTER ROLE … SET` entries, as `name=value` or `name=value in database`.
        password: whether the secret's password logs in.
        password_note: why it is unproven, or empty.
        admin_can_set: whether the admin may `SET ROLE` to it without a loan.
        own_grant: the row to restore after a loan, if one stood before.
        rds_iam: whether the role leads to `rds_iam`.
        marker: the marker in its comment, or None for a role that is not ours.
    """

    name: str
    login: bool = True
    superuser: bool = False
    createrole: bool = False
    createdb: bool = False
    replication: bool = False
    bypassrls: bool = False
    connection_limit: int = -1
    expired: bool = False
    comment: str | None = None
    member_of: tuple[str, ...] = ()
    revocable: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    password: PasswordState = PasswordState.UNPROVEN
    password_note: str = ""
    admin_can_set: bool = False
    own_grant: OwnGrant | None = None
    rds_iam: bool = False
    # Parsed once: it is asked for again with every entry.
    marker: Marker | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "marker", marker.parse(self.comment))


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


@dataclass(frozen=True, slots=True)
class Database:
    """One row of `pg_database`.

    Attributes:
        acl: its privileges, sorted; a NULL ACL expanded.
        comment: its whole comment.
        settings: `ALTER DATABASE … SET` entries.
        contents: what is inside, or None when it was not or could not be entered.
        unread: why it could not be entered, or empty.
    """

    name: str
    owner: str
    allow_connections: bool = True
    connection_limit: int = -1
    is_template: bool = False
    acl: tuple[DatabaseGrant, ...] = ()
    comment: str | None = None
    settings: tuple[str, ...] = ()
    contents: Contents | None = None
    unread: str = ""

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


@dataclass(frozen=True, slots=True)
class Admin:
    """The role that pgtenant is logged in as.

    Attributes:
        rds_iam_through: the roles through which it is a member of `rds_iam`, if any.
        passwords_restricted: whether `rds.restrict_password_commands` is on.
        password_member: whether it is in `rds_password`, whose members may then set passwords.
    """

    name: str
    superuser: bool = False
    createrole: bool = True
    createdb: bool = True
    rds_iam_through: tuple[str, ...] = ()
    passwords_restricted: bool = False
    password_member: bool = False


@dataclass(frozen=True, slots=True)
class Server:
    """The instance as a whole.

    Attributes:
        version: `server_version_num`, for example 170010.
        maintenance_database: the database of the admin's own connections.
        extensions: what it offers, and whether a database's owner may create it ("trusted").
        iam: whether it has the role `rds_iam`.
    """

    version: int
    admin: Admin
    maintenance_database: str
    extensions: Mapping[str, bool] = field(default_factory=dict)
    iam: bool = False

    @property
    def major(self) -> int:
        """The major version, for example 17."""
        return self.version // 10000


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that was read from one instance."""

    server: Server
    roles: Mapping[str, Role]
    databases: Mapping[str, Database]
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

    def owned_by(self, role: str) -> tuple[Database, ...]:
        """Return the databases that `role` owns, sorted by name."""
        return tuple(self._owned.get(role, ()))


FRESH_CONTENTS = Contents(
    public=PublicSchema(owner="pg_database_owner", owned=True, open=False),
    groups=(ObjectGroup(kind=ObjectKind.SCHEMA, schema="", names=("public",), grants=()),),
)
"""A database just made from `template0` on PostgreSQL 15 or newer."""
