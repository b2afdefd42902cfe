"""`--trust-markers`: is a database as its roles' markers say, by the shared catalogs alone? Pure.

A role's marker may hold the fingerprint of what was inside its database when a run had looked at
all of it and found, or made, what the catalog wants. The database's owner can't write it: that
takes `CREATEROLE`. What was granted and revoked inside since then shows as far as `pg_shdepend`
tells, a shared catalog: who owns and who holds something there, and on how many objects.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.expectation import wanted_grants
from pgtenant.planning.observed import Contents, DefaultGrant, Observed, PublicSchema, Server
from pgtenant.planning.privileges import ObjectKind, granted_by

_FORMAT: Final = 1
"""Goes up whenever a fingerprint has to cover more than it did: all older ones are void then."""

_GROUP: Final = "pg_database_owner"


class PublicIs(StrEnum):
    """Whose the schema `public` is; from PostgreSQL 15 on the group `pg_database_owner`'s."""

    GROUP = "group"
    OWNER = "owner"
    NOT_THERE = "not there"


@dataclass(frozen=True, slots=True)
class Dependency:
    """One row of `dependencies.sql`: on how many objects in a database a role has something.

    Attributes:
        owns: whether it owns them; otherwise it stands in their ACLs.
        what: `relation`, `column`, `schema`, `default` (default privileges) or `function`.
    """

    database: str
    role: str
    owns: bool
    what: str
    number: int


@dataclass(frozen=True, slots=True)
class Trusted:
    """What a run with `--trust-markers` did not look at; all sorted.

    Attributes:
        databases: those that were not opened.
        logins: the roles that were not logged in as.
        unversioned: those of them whose secret has no version that a marker could name.
    """

    databases: tuple[str, ...]
    logins: tuple[str, ...]
    unversioned: tuple[str, ...]

    def and_by(self, other: Trusted) -> Trusted:
        """Return what another look of the same run left out as well."""
        return Trusted(
            databases=tuple(name for name in self.databases if name in other.databases),
            logins=tuple(name for name in self.logins if name in other.logins),
            unversioned=tuple(name for name in self.unversioned if name in other.unversioned),
        )


def left_out(observed: Observed, desired: Desired, entries: Collection[str]) -> Trusted:
    """Return what was not looked at of some entries."""
    databases = (observed.databases.get(d.name) for d in desired.databases if _of(d, entries))
    roles = [
        role
        for role in desired.roles
        if role.entry in entries
        and (there := observed.roles.get(role.login)) is not None
        and there.trusted
    ]
    bare = (role.name for role in roles if not desired.secret_versions.get(role.secret))
    return Trusted(
        databases=tuple(there.name for there in databases if there is not None and there.trusted),
        logins=tuple(sorted(role.name for role in roles)),
        unversioned=tuple(sorted(bare)),
    )


def _of(database: DesiredDatabase, entries: Collection[str]) -> bool:
    return any(role.entry in entries for role in database.roles)


def fingerprint(database: DesiredDatabase, server: Server, oid: int, public: PublicIs) -> str:
    """Return what a marker says of a database whose inside is as the catalog wants it.

    Args:
        database: what the catalog wants.
        server: its major version.
        oid: the database's, which one that was made anew or restored under its name has not.
        public: the schema `public` as it was found.
    """
    said = [
        _FORMAT,
        server.major,
        oid,
        database.name,
        database.owner.name,
        wanted_grants(database),
        database.extensions,
        public,
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def fingerprints(database: DesiredDatabase, server: Server, oid: int) -> Mapping[str, PublicIs]:
    """Return all the fingerprints that are true of a database, whatever its `public` is."""
    return {fingerprint(database, server, oid, public): public for public in PublicIs}


def public_is(contents: Contents) -> PublicIs:
    """Return whose the schema `public` is."""
    if contents.public is None:
        return PublicIs.NOT_THERE
    return PublicIs.GROUP if contents.public.owner == _GROUP else PublicIs.OWNER


def trusted_contents(
    observed: Observed, desired: Desired, dependencies: Iterable[Dependency]
) -> Mapping[str, Contents]:
    """Return what is inside those databases that need not be opened, by name.

    Args:
        observed: the shared catalogs.
        desired: the catalog.
        dependencies: all of `dependencies.sql`.
    """
    managed = frozenset({*desired.by_name, *observed.managed(desired.environment)})
    found: dict[str, list[Dependency]] = {}
    for one in dependencies:
        found.setdefault(one.database, []).append(one)
    trusted: dict[str, Contents] = {}
    for database in desired.databases:
        if database.isolation is not None:  # no shared catalog tells of row security
            continue
        public = _noted(database, observed, desired.environment)
        if public is not None and _as_noted(
            database, public, found.get(database.name, ()), managed
        ):
            trusted[database.name] = _contents(database, public)
    return trusted


def may_stay_untried(role: DesiredRole, observed: Observed, desired: Desired) -> bool:
    """Return whether a role's login is left out where its database is trusted.

    Without a version nothing tells whether its secret has changed: its password is not proven.
    """
    version = desired.secret_versions.get(role.secret, "")
    existing = observed.roles.get(role.name)
    mark = existing.marker if existing else None
    return not version or (mark is not None and mark.secret == version)


def _noted(database: DesiredDatabase, observed: Observed, environment: str) -> PublicIs | None:
    """Return what the markers say of a database, if all of its roles' say the same of it."""
    existing = observed.databases.get(database.name)
    if existing is None or existing.owner != database.owner.name or not existing.allow_connections:
        return None
    said: set[str | None] = set()
    for role in database.roles:
        there = observed.roles.get(role.name)
        mark = there.marker if there else None
        said.add(mark.inside if mark is not None and mark.environment == environment else None)
    (one, *others) = said
    if others or one is None:
        return None
    return fingerprints(database, observed.server, existing.oid).get(one)


def _as_noted(
    database: DesiredDatabase,
    public: PublicIs,
    found: Sequence[Dependency],
    managed: frozenset[str],
) -> bool:
    """Return whether each role stands where it has to, and no other one of ours anywhere."""
    owner = database.owner.name
    if any(one.owns and one.role != owner and one.what in _NAMED for one in found):
        return False
    owned = {one.what: one.number for one in found if one.owns and one.role == owner}
    held: dict[str, dict[str, int]] = {}
    for one in found:
        if not one.owns and one.role in managed:
            held.setdefault(one.role, {})[one.what] = one.number
    wanted = {member.name: _wanted(member, owned, public) for member in database.members}
    return held == {name: counts for name, counts in wanted.items() if counts}


_NAMED: Final = frozenset({"relation", "schema"})
"""What the owner can't grant on where it belongs to somebody else."""


def _wanted(member: DesiredRole, owned: Mapping[str, int], public: PublicIs) -> dict[str, int]:
    """Return on how many objects of each sort a member holds something, where all is granted."""
    kinds = [kind for kind in ObjectKind if granted_by(member.level, kind)]
    counts = {
        "relation": owned.get("relation", 0),
        "schema": owned.get("schema", 0) + (public is PublicIs.GROUP),
        "default": len(kinds),
    }
    return {what: number for what, number in counts.items() if number}


def _contents(database: DesiredDatabase, public: PublicIs) -> Contents:
    owner = _GROUP if public is PublicIs.GROUP else database.owner.name
    return Contents(
        public=None
        if public is PublicIs.NOT_THERE
        else PublicSchema(owner=owner, owned=True, open=False),
        defaults=tuple(
            sorted(
                DefaultGrant(role, "", kind, privilege)
                for kind, role, privilege in wanted_grants(database)
            )
        ),
        extensions=frozenset(database.extensions),  # one that is missing is drift, or a change
    )
