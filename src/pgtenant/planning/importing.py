"""A catalog out of a live server: who owns, who writes, who reads, and what no entry can say.

There is no second idea of what a level means: a role fits one when the diff finds nothing
beyond it and nothing to add that would open more of the database to the role.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pgtenant.catalog.model import FIELDS, AccessLevel, Auth
from pgtenant.catalog.naming import NamingPolicy, key_problem, name_problem, reserved_reason
from pgtenant.planning.changes import (
    GrantObjects,
    RevokeDatabase,
    RevokeDefault,
    RevokeObjects,
    role_of,
)
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.diff import diff
from pgtenant.planning.diff.pairs import second_login_of
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.import_inside import holders, notes, widens
from pgtenant.planning.imported import Imported, ImportedDatabase, LeftOut, Misfit
from pgtenant.planning.marker import Marker, with_marker
from pgtenant.planning.observed import Database, Observed, Role
from pgtenant.planning.plan import Plan, make_plan

LEVELS = (AccessLevel.READER, AccessLevel.EDITOR)
_EXTENSION = re.compile(next(s.pattern for s in FIELDS if s.name == "extensions"))
_BEYOND = {DriftKind.PRIVILEGE, DriftKind.DEFAULT_PRIVILEGE}


@dataclass(slots=True)
class _Import:
    """What has been decided so far.

    Attributes:
        homes: the database of each role that has an entry.
        keys: the entry keys that are taken.
    """

    observed: Observed
    environment: str
    policy: NamingPolicy
    homes: dict[str, str] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    def reserved(self, name: str) -> str | None:
        server = self.observed.server
        return reserved_reason(
            name, admin=server.admin.name, maintenance_database=server.maintenance_database
        )

    def owner(self, database: Database) -> DesiredDatabase | str:
        """Return a database with its owner's entry, or why it gets none."""
        if obstacle := next(self._obstacles(database), None):
            return obstacle
        entry = self.entry(database.owner, database.name, database.name, AccessLevel.OWNER)
        if isinstance(entry, str):
            return entry
        found = database.contents.extensions if database.contents else frozenset()
        known = (e for e in found if e != "plpgsql" and _EXTENSION.fullmatch(e))
        return DesiredDatabase(
            name=database.name,
            entry=entry.entry,
            owner=entry,
            extensions=tuple(sorted(known)),
        )

    def _obstacles(self, database: Database) -> Iterator[str]:
        if reason := self.reserved(database.name):
            yield reason
        if database.invalid:
            yield "a DROP DATABASE of it was interrupted; it can only be dropped to the end"
        if database.is_template:
            yield "it is a template"
        if problem := name_problem(database.name, self.policy.database_name):
            yield f"its name {problem}"
        if database.owner == self.observed.server.admin.name:
            yield (
                f"it belongs to the admin {database.owner}. Declare it with the role that is to"
                " own it, and `pgtenant adopt --take-ownership` hands it over"
            )
        if reason := next(self.unfit(database.owner), None):
            yield f"its owner {database.owner} can't have an entry: {reason}"
        if home := self.homes.get(database.owner):
            yield (
                f"its owner {database.owner} has its entry with {home}: a role has one. It will be"
                " treated as a database that the application made: closed to PUBLIC, and reported"
            )

    def unfit(self, name: str) -> Iterator[str]:
        """Yield why a role can't have an entry at all."""
        role = self.observed.roles.get(name)
        if role is None:
            yield "there is no such role"
            return
        if reason := self.reserved(name):
            yield reason
        if not role.login:
            members = ", ".join(role.members)
            yield "it is a group and can't log in" + f"; its members: {members}" * bool(members)
        powers = [p for p in ("superuser", "replication", "bypassrls") if getattr(role, p)]
        if powers:
            yield f"it has {', '.join(powers).upper()}"
        if problem := name_problem(name, self.policy.username):
            yield f"its name {problem}"
        mark = role.marker
        if mark is not None and mark.environment != self.environment:
            yield f"it belongs to the environment {mark.environment}"
        if mark is not None and mark.second_of is not None:
            yield f"it is the second login of {mark.second_of}"
        if role.connection_limit == 0:
            yield "its connection limit is 0, so it can't log in, and an entry's is at least 1"

    def entry(self, name: str, database: str, key: str, level: AccessLevel) -> DesiredRole | str:
        """Return a role's entry under a key that is free, or why there is none."""
        role = self.observed.roles[name]
        mark = role.marker
        wanted = [mark.entry] if mark else [key, name, f"{database}-{name}"]
        free = [k for k in wanted if k not in self.keys and not key_problem(k, self.policy.key)]
        if not free:
            return f"no key for its entry follows the naming rule and is free: {', '.join(wanted)}"
        wanted_role = DesiredRole(
            name=name,
            entry=free[0],
            database=database,
            level=level,
            createdb=role.createdb,
            connection_limit=role.connection_limit,
            secret="",
            auth=Auth.IAM if role.rds_iam else Auth.PASSWORD,
        )
        second = second_login_of(wanted_role, self.observed, self.environment)
        return replace(wanted_role, alternates=second is not None)

    def settle(self, role: DesiredRole) -> None:
        self.homes[role.name] = role.database
        self.keys.add(role.entry)

    def members(self, database: DesiredDatabase) -> ImportedDatabase:
        """Return a database with an entry for each role that fits a level there."""
        there = self.observed.databases[database.name]
        members: list[DesiredRole] = []
        left_out: list[LeftOut] = []
        for name in sorted(holders(there) - {database.owner.name}):
            found = self.member(name, database)
            if isinstance(found, LeftOut):
                left_out.append(found)
            elif found is not None:
                self.settle(found)
                members.append(found)
        return ImportedDatabase(
            declared=replace(database, members=tuple(members)),
            left_out=tuple(left_out),
            notes=tuple(notes(there)),
        )

    def member(self, name: str, database: DesiredDatabase) -> DesiredRole | LeftOut | None:
        """Return the entry of a role that holds something in a database."""
        role = self.observed.roles.get(name)
        if role is None or role.superuser or self.reserved(name):
            return None  # the platform's own
        if reason := next(self.unfit(name), None):
            return LeftOut(name, reason)
        if home := self.homes.get(name):
            return LeftOut(name, f"it has its entry with the database {home}: a role has one")
        entry = self.entry(name, database.name, name, AccessLevel.READER)
        if isinstance(entry, str):
            return LeftOut(name, entry)
        misfits = []
        for level in LEVELS:
            candidate = replace(entry, level=level)
            misfit = self.judge(candidate, database)
            if misfit is None:
                return candidate
            misfits.append(misfit)
        return LeftOut(name, "what it holds fits no level", tuple(misfits))

    def judge(self, member: DesiredRole, database: DesiredDatabase) -> Misfit | None:
        """Return why a role does not fit the level it is given here, or None."""
        desired = Desired(self.environment, (replace(database, members=(member,)),))
        mine = [item for item in diff(self.observed, desired) if item.entry == member.entry]
        contents = self.observed.databases[database.name].contents
        beyond = tuple(
            item
            for item in mine
            if (isinstance(item, Drift) and item.kind in _BEYOND)
            or isinstance(item, RevokeObjects | RevokeDefault | RevokeDatabase)
        )
        widening = tuple(
            item
            for item in mine
            if isinstance(item, GrantObjects)
            and role_of(item) == member.name
            and widens(item, contents)
        )
        return Misfit(member.level, beyond, widening) if beyond or widening else None


def import_catalog(observed: Observed, policy: NamingPolicy, environment: str) -> Imported:
    """Describe a server as a catalog.

    Args:
        observed: with every role, and with everything inside the databases that can be entered.
        policy: which names a catalog may use.
        environment: whose catalog it is to be.
    """
    work = _Import(observed, environment, policy)
    owned: list[DesiredDatabase] = []
    skipped: list[tuple[str, str]] = []
    for database in sorted(observed.databases.values(), key=_by_likely_home):
        found = work.owner(database)
        if isinstance(found, str):
            skipped.append((database.name, found))
        else:
            work.settle(found.owner)
            owned.append(found)
    databases = tuple(work.members(d) for d in sorted(owned, key=lambda d: d.name))
    desired = Desired(environment, tuple(d.declared for d in databases))
    return Imported(
        databases=databases,
        skipped=tuple(sorted(skipped)),
        desired=desired,
        after=_after(observed, desired),
    )


def _by_likely_home(database: Database) -> tuple[bool, str]:
    """Of a role's databases, the one that it shares its name with is the first."""
    return not database.owner.startswith(database.name), database.name


def _after(observed: Observed, desired: Desired) -> Plan:
    """Return the plan once everything was adopted, without what adoption itself writes."""
    marked: dict[str, Role] = {}
    for role in desired.roles:
        level = None if role.level is AccessLevel.OWNER else role.level
        auth = Auth.IAM if role.auth is Auth.IAM else None
        marker = Marker(desired.environment, role.entry, access_level=level, auth=auth)
        there = observed.roles[role.name]
        marked[role.name] = replace(there, comment=with_marker(there.comment, marker))
    return make_plan(replace(observed, roles={**observed.roles, **marked}), desired)
