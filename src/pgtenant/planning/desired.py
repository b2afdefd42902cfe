"""What the catalog asks for, in the terms of a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgtenant.catalog.model import AccessLevel, Auth
from pgtenant.catalog.naming import second_login
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.slugs import Tenant


@dataclass(frozen=True, slots=True)
class DesiredRole:
    """One entry's login role.

    Attributes:
        name: the role.
        entry: the key of the entry that declares it.
        database: the database the entry is about.
        level: what the role may do there.
        createdb: whether it has `CREATEDB`.
        connection_limit: `CONNECTION LIMIT`; -1 for none.
        secret: the name of the secret that holds its password. A reference, never a value.
        auth: how it logs in.
        alternates: whether it has a second login, with which it alternates.
        by_second: whether its secret is for that one at the moment.
    """

    name: str
    entry: str
    database: str
    level: AccessLevel
    createdb: bool
    connection_limit: int
    secret: str
    auth: Auth = Auth.PASSWORD
    alternates: bool = False
    by_second: bool = False

    @property
    def second(self) -> str:
        """The name of its second login, whether it has one or not."""
        return second_login(self.name)

    @property
    def login(self) -> str:
        """The login that its secret is for."""
        return self.second if self.by_second else self.name


@dataclass(frozen=True, slots=True)
class InitialSchema:
    """A schema to run once in a new database.

    Attributes:
        name: as the catalog says it; recorded in the marker.
        sql: the script's whole text.
    """

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class DesiredDatabase:
    """One application's database, with everyone who may enter it.

    Attributes:
        name: the database.
        entry: the key of its owner entry.
        owner: the role that owns it.
        members: the editor and reader roles, sorted by name.
        initial_schema: what to run once, or None.
        extensions: what to create in it where the server offers it.
        isolation: how the tenants in it are kept apart, or None where it has none.
        declared: the tenants that are declared, sorted by schema; None where nobody declares any.
    """

    name: str
    entry: str
    owner: DesiredRole
    members: tuple[DesiredRole, ...] = ()
    initial_schema: InitialSchema | None = None
    extensions: tuple[str, ...] = ()
    isolation: Isolation | None = None
    declared: tuple[Tenant, ...] | None = None

    @property
    def roles(self) -> tuple[DesiredRole, ...]:
        """The owner, then the members."""
        return (self.owner, *self.members)

    @property
    def logins(self) -> tuple[str, ...]:
        """The names of all their logins."""
        seconds = (role.second for role in self.roles if role.alternates)
        return (*(role.name for role in self.roles), *seconds)


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything one environment's catalog asks of its instance.

    Attributes:
        environment: goes into every marker.
        databases: sorted by name.
        close_app_databases: whether databases that applications made are closed to `PUBLIC`.
        authoritative: whether privileges beyond the catalog are revoked, not only shown.
        trust_markers: whether roles' markers speak for databases that are not opened.
        operated: whether an operator keeps roles, databases and extensions; see
            `planning.operated`.
        secret_versions: by the name of each secret that was read; empty where its store has none.
        roles: every role of the catalog, grouped by database.
        by_name: the same by the role's name.
        by_entry: the same by the entry's key.
        by_second: the roles that have a second login, by its name.
        names: of every login of the catalog.
    """

    environment: str
    databases: tuple[DesiredDatabase, ...]
    close_app_databases: bool = True
    authoritative: bool = False
    trust_markers: bool = False
    operated: bool = False
    secret_versions: Mapping[str, str] = field(default_factory=dict)
    # Derived once: they are asked for again with every database.
    roles: tuple[DesiredRole, ...] = field(init=False, repr=False, compare=False)
    by_name: Mapping[str, DesiredRole] = field(init=False, repr=False, compare=False)
    by_entry: Mapping[str, DesiredRole] = field(init=False, repr=False, compare=False)
    by_second: Mapping[str, DesiredRole] = field(init=False, repr=False, compare=False)
    names: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        roles = tuple(role for database in self.databases for role in database.roles)
        object.__setattr__(self, "roles", roles)
        object.__setattr__(self, "by_name", {role.name: role for role in roles})
        object.__setattr__(self, "by_entry", {role.entry: role for role in roles})
        seconds = {role.second: role for role in roles if role.alternates}
        object.__setattr__(self, "by_second", seconds)
        object.__setattr__(self, "names", frozenset({*seconds, *self.by_name}))
