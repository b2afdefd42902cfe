"""Privileges inside a database beyond what the catalog gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.changes import RevokeDefault, RevokeObjects
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.observed import Contents, ObjectGrant, ObjectGroup, Observed
from pgtenant.planning.privileges import ObjectKind, granted_by


@dataclass(frozen=True, slots=True)
class Excess:
    """One revoke that would bring a role back to its level.

    Attributes:
        from_former_level: the privilege came with the level the role had before, so that
            taking it away is part of the catalog's change and not drift.
        message: the same in words.

    """

    change: RevokeObjects | RevokeDefault
    from_former_level: bool
    message: str


def excess_of(
    database: DesiredDatabase, contents: Contents, observed: Observed, desired: Desired
) -> Iterator[Excess]:
    """Yield what the catalog's roles hold in `database` beyond their levels there."""
    members = {member.name: member for member in database.members}
    entries = {role.name: role.entry for role in desired.roles}
    yield from _on_objects(database, contents, observed, members, entries)
    yield from _by_default(database, contents, observed, members, entries)


def former_level(role: str, observed: Observed) -> AccessLevel | None:
    """Return the level that was granted last, as the role's marker remembers it."""
    existing = observed.roles.get(role)
    marker = existing.marker if existing else None
    return marker.access_level if marker else None


_Key = tuple[ObjectKind, str, str, bool, bool, bool]


def _on_objects(
    database: DesiredDatabase,
    contents: Contents,
    observed: Observed,
    members: dict[str, DesiredRole],
    entries: dict[str, str],
) -> Iterator[Excess]:
    found: dict[tuple[_Key, tuple[str, ...]], set[str]] = {}
    for group in contents.groups:
        per_key: dict[_Key, set[str]] = {}
        for grant in group.grants:
            if grant.role not in entries:
                continue
            member = members.get(grant.role)
            level = member.level if member else None
            allowed = grant.privilege in granted_by(level, group.kind)
            if allowed and not grant.grantable:
                continue
            former = member is not None and grant.privilege in granted_by(
                former_level(grant.role, observed), group.kind
            )
            role, option_only, cascade = _reach(grant, group, database.owner.name, allowed)
            key = (group.kind, group.schema, role, option_only, cascade, former and not allowed)
            per_key.setdefault(key, set()).add(grant.privilege)
        for key, words in per_key.items():
            found.setdefault((key, tuple(sorted(words))), set()).update(group.names)
    for (key, privileges), names in sorted(found.items()):
        kind, schema, role, option_only, cascade, former = key
        change = RevokeObjects(
            entry=entries.get(role, database.entry),
            database=database.name,
            owner=database.owner.name,
            role=role,
            object_kind=kind,
            schema=schema,
            names=tuple(sorted(names)),
            privileges=privileges,
            grant_option_only=option_only,
            cascade=cascade,
        )
        yield Excess(change=change, from_former_level=former, message=_describe(change))


def _reach(
    grant: ObjectGrant, group: ObjectGroup, owner: str, allowed: bool
) -> tuple[str, bool, bool]:
    """Return whom to revoke from, whether only the grant option, and whether to cascade.

    The owner can only take away what the owner granted (or the group role that owns the
    schema `public`). A privilege that someone passed on is reached through the grant
    option of the one who did.
    """
    if grant.grantor in {owner, "pg_database_owner"}:
        return grant.role, allowed, grant.regranted
    seen = {grant.role}
    giver = grant.grantor
    while giver not in seen:
        seen.add(giver)
        above = next(
            (
                g
                for g in group.grants
                if g.role == giver and g.privilege == grant.privilege and g.grantable
            ),
            None,
        )
        if above is None or above.grantor in {owner, "pg_database_owner"}:
            break
        giver = above.grantor
    return giver, True, True


def _by_default(
    database: DesiredDatabase,
    contents: Contents,
    observed: Observed,
    members: dict[str, DesiredRole],
    entries: dict[str, str],
) -> Iterator[Excess]:
    found: dict[tuple[str, str, str, bool], set[str]] = {}
    kinds = {str(kind): kind for kind in ObjectKind}
    for grant in contents.defaults:
        if grant.role not in entries:
            continue
        member = members.get(grant.role)
        kind = kinds.get(grant.kind)
        allowed = (
            frozenset()
            if kind is None or grant.schema
            else granted_by(member.level if member else None, kind)
        )
        if grant.privilege in allowed:
            continue
        former = (
            member is not None
            and kind is not None
            and grant.privilege in granted_by(former_level(grant.role, observed), kind)
            and not grant.schema
        )
        key = (grant.role, grant.schema, grant.kind, former)
        found.setdefault(key, set()).add(grant.privilege)
    for (role, schema, default_kind, former), privileges in sorted(found.items()):
        change = RevokeDefault(
            entry=entries[role],
            database=database.name,
            owner=database.owner.name,
            role=role,
            object_kind=default_kind,
            schema=schema,
            privileges=tuple(sorted(privileges)),
        )
        where = f" in schema {schema}" if schema else ""
        yield Excess(
            change=change,
            from_former_level=former,
            message=f"is granted {', '.join(change.privileges)} on every new {default_kind}{where}",
        )


def _describe(change: RevokeObjects) -> str:
    what = "the right to grant " if change.grant_option_only else ""
    where = f" in schema {change.schema}" if change.schema else ""
    names = ", ".join(change.names[:3])
    more = f" and {len(change.names) - 3} more" if len(change.names) > 3 else ""
    plural = "s" if len(change.names) > 1 else ""
    return (
        f"holds {what}{', '.join(change.privileges)} on the {change.object_kind}{plural}"
        f" {names}{more}{where}"
    )
