"""What the shared catalogs say: the second witness beside every attempt.

Whoever owns a database can make a login fail in many ways, but not change these catalogs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from psycopg import sql

from pgtenant.access.model import Kind
from pgtenant.planning.desired import Desired
from pgtenant.planning.diff.instance import may_close, system_databases
from pgtenant.planning.observed import Database, Observed
from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.providers import is_provider
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import advice
from pgtenant.verify import closing
from pgtenant.verify.model import Closable, Cure, Held


@dataclass(frozen=True, slots=True)
class RoleFact:
    """One row of `pg_roles`.

    Attributes:
        bootstrap: whether it is the superuser that `initdb` made.
        admin_acts: whether the admin may act as it, by a loan or without.
        managed: the environment in its marker, or empty.
    """

    name: str
    login: bool
    superuser: bool
    createrole: bool
    createdb: bool
    replication: bool
    bypassrls: bool
    bootstrap: bool
    admin_acts: bool
    managed: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Membership:
    """One row of `pg_auth_members`.

    Attributes:
        grantor: empty for one that was dropped.
        inherit: always true on PostgreSQL 15, where the member decides.
    """

    group: str
    member: str
    grantor: str
    admin: bool
    inherit: bool
    set: bool


@dataclass(frozen=True, slots=True, order=True)
class StaleSession:
    """A session of a role that could not open it any more.

    Attributes:
        pid: of its backend.
    """

    database: str
    user: str
    pid: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read from the shared catalogs for a verification.

    Attributes:
        roles: every role.
        memberships: every membership, sorted.
        connects: (role, database) for catalog roles that PostgreSQL lets connect, whatever else
            (`ALLOW_CONNECTIONS`, `pg_hba.conf`) keeps them out.
        reaches: (role, group) for catalog roles that are members in any way, directly or not.
        stale: sorted.
        acl_entries: of each database, how many entries its ACL has.
    """

    roles: Mapping[str, RoleFact]
    memberships: tuple[Membership, ...]
    connects: frozenset[tuple[str, str]]
    reaches: frozenset[tuple[str, str]]
    stale: tuple[StaleSession, ...] = ()
    acl_entries: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ground:
    """All that a verification starts from."""

    desired: Desired
    observed: Observed
    facts: Facts
    _groups: Mapping[str, tuple[Membership, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        groups: dict[str, list[Membership]] = {}
        for item in self.facts.memberships:
            if not (item.inherit or item.set or item.admin):
                continue  # it has no effect
            groups.setdefault(item.member, []).append(item)
        object.__setattr__(self, "_groups", {name: tuple(found) for name, found in groups.items()})

    def provider(self, role: str) -> bool:
        """Return whether a role is PostgreSQL's or the provider's own."""
        fact = self.facts.roles.get(role)
        return is_provider(role, bootstrap=fact is not None and fact.bootstrap)

    def closable(self, owner: str) -> Closable:
        """Return who can run what takes the rights of `owner`."""
        admin = self.observed.server.admin
        fact = self.facts.roles.get(owner)
        if admin.superuser or owner == admin.name or (fact is not None and fact.admin_acts):
            return Closable.ADMIN
        superuser = fact is not None and fact.superuser
        return Closable.PROVIDER if superuser or self.provider(owner) else Closable.OWNER

    def tenant(self, role: str) -> str:
        """Return the declared database that a role belongs to, or empty."""
        declared = self.desired.by_name.get(role)
        return declared.database if declared else ""

    def system(self, database: str) -> bool:
        """Return whether a database is the instance's own and no tenant's."""
        return database in system_databases(self.observed)

    def path(self, role: str, group: str) -> tuple[Membership, ...]:
        """Return the shortest chain of memberships from `role` to `group`, or nothing."""
        queue: deque[tuple[Membership, ...]] = deque((m,) for m in self._groups.get(role, ()))
        seen = {role}
        while queue:
            chain = queue.popleft()
            end = chain[-1].group
            if end == group:
                return chain
            if end not in seen:
                seen.add(end)
                queue.extend((*chain, m) for m in self._groups.get(end, ()))
        return ()

    def end_membership(self, chain: tuple[Membership, ...]) -> Cure:
        """Return what ends a chain of memberships at its first link."""
        first = chain[0]
        by = first.grantor if self.observed.server.major >= 16 else ""
        statement = advice(closing.revoke_membership(first.group, first.member, by))
        closable = self._closer_of(first)
        return Cure(
            statement=statement,
            executor=self._who_ends(first, closable),
            closable=closable,
            path=" → ".join(f"member of {link.group}" for link in chain),
        )

    def close_database(self, role: str, database: str) -> Cure | None:
        """Return what keeps `role` out of `database`, by the way that it gets in."""
        existing = self.observed.databases[database]
        fact = self.facts.roles.get(role)
        if fact is not None and fact.superuser:
            return self.without_attribute(role, "SUPERUSER")
        held = {g.grantee for g in existing.acl if g.privilege == "CONNECT"}
        if PUBLIC in held:
            return self.close_to_public(existing)
        grantor = next((g.grantor for g in existing.acl if g.grantee == role), existing.owner)
        if role in held:
            return Cure(
                statement=advice(closing.revoke_connect(database, role)),
                executor=grantor,
                closable=self.closable(grantor),
                path=f"granted by {grantor}",
                held=Held(Kind.DATABASE, "", database, "CONNECT"),
            )
        groups = sorted({*held, existing.owner})
        through = [chain for group in groups if (chain := self.path(role, group))]
        return self.end_membership(min(through, key=len)) if through else None

    def take(self, role: str, database: str, statement: sql.Composable, held: Held) -> Cure:
        """Return what takes a privilege inside a database from a role.

        Args:
            role: who has it.
            database: where.
            statement: what the database's owner runs, unless the role acts as that owner.
            held: the privilege.
        """
        fact = self.facts.roles.get(role)
        if fact is not None and fact.superuser:
            return self.without_attribute(role, "SUPERUSER")
        owner = self.observed.databases[database].owner
        if chain := self.path(role, owner):
            return self.end_membership(chain)
        where = "" if held.kind is Kind.DATABASE else database
        return Cure(advice(statement), owner, self.closable(owner), database=where, held=held)

    def close_to_public(self, database: Database) -> Cure:
        """Return what closes a database to everyone."""
        closable = self.closable(database.owner)
        if self.system(database.name) and not may_close(database, self.observed):
            # No role is borrowed for a database of the instance's own.
            closable = Closable.OWNER if closable is Closable.ADMIN else closable
        return Cure(
            statement=advice(statements.revoke_all_from_public(database.name)),
            executor=database.owner,
            closable=closable,
            path="PUBLIC",
            held=Held(Kind.DATABASE, "", database.name, "CONNECT"),
        )

    def without_attribute(self, role: str, attribute: str) -> Cure:
        """Return what takes an attribute from a role; some only a superuser can."""
        powers = {"SUPERUSER", "REPLICATION", "BYPASSRLS"}
        admin = self.observed.server.admin
        able = admin.superuser or attribute not in powers
        closable = Closable.ADMIN if able else Closable.OWNER
        return Cure(
            statement=advice(statements.without_powers(role, [attribute])),
            executor=admin.name if able else "a superuser",
            closable=closable,
            path=f"the role has {attribute}",
        )

    def _closer_of(self, membership: Membership) -> Closable:
        admin = self.observed.server.admin
        if admin.superuser or membership.grantor == admin.name:
            return Closable.ADMIN
        group = self.facts.roles.get(membership.group)
        if self.observed.server.major < 16 and group is not None and group.admin_acts:
            return Closable.ADMIN  # whoever has ADMIN on the group may end any membership in it
        return Closable.OWNER

    def _who_ends(self, membership: Membership, closable: Closable) -> str:
        """Return who can run it as it stands; from PostgreSQL 16 on only the grantor's is it."""
        admin = self.observed.server.admin
        up_to_15 = self.observed.server.major < 16 and closable is Closable.ADMIN
        return admin.name if admin.superuser or up_to_15 else membership.grantor or "a superuser"
