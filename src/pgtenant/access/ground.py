"""What every part of the analysis asks: who is a tenant, what was promised, who could close it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pgtenant.access.graph import DATABASE_OWNER, Graph
from pgtenant.access.holes import Closer
from pgtenant.access.model import AccessModel, Database, Group, Kind
from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.desired import Desired, DesiredDatabase
from pgtenant.planning.privileges import PUBLIC, ObjectKind, granted_by
from pgtenant.planning.providers import is_provider

_LEVELS: Mapping[Kind, ObjectKind] = {
    Kind.SCHEMA: ObjectKind.SCHEMA,
    Kind.TABLE: ObjectKind.TABLE,
    Kind.COLUMN: ObjectKind.TABLE,
    Kind.SEQUENCE: ObjectKind.SEQUENCE,
}


@dataclass(frozen=True, slots=True)
class Ground:
    """An instance beside its catalog.

    Attributes:
        tenants: the roles that the catalog declares or a marker names, as far as they are there.
        declared: the catalog's databases by name.
    """

    model: AccessModel
    desired: Desired
    graph: Graph = field(init=False, repr=False, compare=False)
    tenants: frozenset[str] = field(init=False, repr=False, compare=False)
    declared: Mapping[str, DesiredDatabase] = field(init=False, repr=False, compare=False)
    _heirs: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)
    _admin: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        model = self.model
        graph = Graph(model)
        tenants = frozenset(
            name
            for name, role in model.roles.items()
            if role.marker is not None or name in self.desired.by_name
        )
        heirs: dict[str, set[str]] = {}
        for name in tenants:
            for group in graph.inherited(name):
                heirs.setdefault(group, set()).add(name)
        reach = {*graph.usable(model.admin), *graph.administered(model.admin)}
        for attribute, value in (
            ("graph", graph),
            ("tenants", tenants),
            ("declared", {database.name: database for database in self.desired.databases}),
            ("_heirs", {group: frozenset(names) for group, names in heirs.items()}),
            ("_admin", frozenset(reach)),
        ):
            object.__setattr__(self, attribute, value)

    def known(self, role: str) -> bool:
        """Return whether `role` is the admin, PostgreSQL's own or the provider's."""
        found = self.model.roles.get(role)
        bootstrap = found is not None and found.bootstrap
        return role == self.model.admin or is_provider(role, bootstrap=bootstrap)

    def providers(self, role: str) -> bool:
        """Return whether `role` is known and no group of PostgreSQL's that people are put into."""
        found = self.model.roles.get(role)
        return self.known(role) and not (found is not None and found.predefined)

    def superuser(self, role: str) -> bool:
        """Return whether `role` is a superuser."""
        return self.graph.superuser(role)

    def ours(self, database: Database) -> bool:
        """Return whether a database is declared or a tenant's."""
        return database.name in self.declared or database.owner in self.tenants

    def promised(self, role: str, database: Database) -> AccessLevel | None:
        """Return the level that a role has in a database by the catalog, or because it owns it.

        A second login has that of the role as which it acts, and what the role of a tenant in it
        has, the owner can have.
        """
        if (first := self.desired.by_second.get(role)) is not None:
            role = first.name
        if role == database.owner or self.of_a_tenant(role, database.name):
            return AccessLevel.OWNER
        declared = self.declared.get(database.name)
        levels = {r.name: r.level for r in declared.roles} if declared else {}
        return levels.get(role)

    def of_a_tenant(self, role: str, database: str) -> bool:
        """Return whether it is the role of one of a database's tenants, where they have some."""
        found, declared = self.model.roles.get(role), self.declared.get(database)
        mark = found.marker if found is not None else None
        isolation = declared.isolation if declared is not None else None
        own = isolation is not None and isolation.roles_in is not None
        return own and mark is not None and mark.tenant is not None and mark.database == database

    def enters(self, member: str, role: str) -> bool:
        """Return whether a role is that of a tenant, and `member` the one that enters it."""
        found = self.model.roles.get(role)
        home = found.marker.database if found is not None and found.marker is not None else None
        declared = self.declared.get(home or "")
        owner = declared.owner.name if declared is not None else None
        return home is not None and member == owner and self.of_a_tenant(role, home)

    def allows(self, role: str, privilege: str, group: Group, database: Database) -> bool:
        """Return whether the catalog gives `role` a privilege on a group of `database`."""
        level = self.promised(role, database)
        if level is None or group.system:
            return False
        if level is AccessLevel.OWNER:
            return True
        if group.kind is Kind.DATABASE:
            return privilege == "CONNECT"
        kind = _LEVELS.get(group.kind)
        return kind is not None and privilege in granted_by(level, kind)

    def holders(self, grantees: Iterable[str]) -> frozenset[str]:
        """Return the tenants that have what is granted to any of `grantees`."""
        found: set[str] = set()
        for grantee in grantees:
            if grantee == PUBLIC:
                return self.tenants
            found |= self._heirs.get(grantee, frozenset())
        return frozenset(found)

    def guests(self, database: Database) -> frozenset[str]:
        """Return the tenants that can connect to a database and do not own it."""
        if not database.allow_connections:
            return frozenset()
        connect = (g.grantee for g in database.grants if g.privilege == "CONNECT")
        return frozenset(
            role
            for role in self.holders(connect)
            if database.owner not in self.graph.inherited(role)
        )

    def actual(self, role: str, database: Database | None) -> str:
        """Return who has to act for an owner or grantor: `pg_database_owner` is somebody."""
        return database.owner if role == DATABASE_OWNER and database is not None else role

    def closer(self, executor: str) -> Closer:
        """Return what the role that has to run a statement is."""
        if self.superuser(self.model.admin) or executor in self._admin:
            return Closer.ADMIN
        if self.superuser(executor) or self.known(executor):
            return Closer.PROVIDER
        return Closer.OWNER

    def both(self, *roles: str) -> tuple[str, Closer]:
        """Return who can do what takes the rights of all of `roles`, and what that is."""
        kinds = {self.closer(role) for role in roles}
        return (self.model.admin, Closer.ADMIN) if kinds == {Closer.ADMIN} else self.anybody

    def superuser_is(self, executor: str) -> bool:
        """Return whether an executor is a superuser, named or not."""
        return executor == self.anybody[0] or self.superuser(executor)

    @property
    def anybody(self) -> tuple[str, Closer]:
        """Return who can close what takes a superuser, and what that is."""
        if self.superuser(self.model.admin):
            return self.model.admin, Closer.ADMIN
        return "a superuser", Closer.PROVIDER
