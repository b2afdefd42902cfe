"""Privileges inside a database beyond what the catalog gives."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.changes import RevokeColumns, RevokeDefault, RevokeObjects
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.diff.chains import Link, heads, links
from pgtenant.planning.observed import Contents, ObjectGrant, Observed
from pgtenant.planning.privileges import ObjectKind, granted_by


@dataclass(frozen=True, slots=True)
class Excess:
    """One revoke that would bring a role back to its level.

    Attributes:
        from_former_level: the privilege came with the level the role had before, so that
            taking it away is part of the catalog's change and not drift.
        message: the same in words.
        declared: whether the role that has it is in the catalog; otherwise it is only shown.
    """

    change: RevokeObjects | RevokeDefault | RevokeColumns
    from_former_level: bool
    message: str
    declared: bool = True


def excess_of(
    database: DesiredDatabase,
    contents: Contents,
    observed: Observed,
    desired: Desired,
    entries: Mapping[str, str],
) -> Iterator[Excess]:
    """Yield what managed roles hold in `database` beyond their levels there."""
    for excess, role in (
        *_on_objects(database, contents, observed, desired, entries),
        *_by_default(database, contents, observed, desired, entries),
        *_on_columns(database, contents, _members(database), entries),
    ):
        yield replace(excess, declared=role in desired.by_name)


def entries_of(observed: Observed, desired: Desired) -> Mapping[str, str]:
    """Map every managed role to its entry: the catalog's, and those that have left it."""
    declared = {role.name: role.entry for role in desired.roles}
    return {**observed.managed(desired.environment), **declared}


def former_level(role: str, observed: Observed, desired: Desired) -> AccessLevel | None:
    """Return the level that was granted last, as the role's marker remembers it.

    An operator keeps the marker where there is one, and no level in it: the widest may have been.
    """
    if desired.operated:
        return AccessLevel.EDITOR
    existing = observed.roles.get(role)
    marker = existing.marker if existing else None
    return marker.access_level if marker else None


def _members(database: DesiredDatabase) -> dict[str, DesiredRole]:
    return {member.name: member for member in database.members}


def owners_of(database: DesiredDatabase) -> frozenset[str]:
    """Return the grantors of what the owner grants: itself, and the role it has in `public`."""
    return frozenset({database.owner.name, "pg_database_owner"})


_Key = tuple[str, str, ObjectKind, str, str, bool, bool, bool]


def _on_objects(
    database: DesiredDatabase,
    contents: Contents,
    observed: Observed,
    desired: Desired,
    entries: Mapping[str, str],
) -> Iterator[tuple[Excess, str]]:
    owners, members = owners_of(database), _members(database)
    found: dict[tuple[_Key, tuple[str, ...]], set[str]] = {}
    for group in contents.groups:
        per_key: dict[_Key, set[str]] = {}
        among = links(group.grants)
        for grant in group.grants:
            if grant.role not in entries or grant.role in owners:
                continue
            member = members.get(grant.role)
            level = member.level if member else None
            allowed = grant.privilege in granted_by(level, group.kind)
            if allowed and not grant.grantable:
                continue
            former = member is not None and grant.privilege in granted_by(
                former_level(grant.role, observed, desired), group.kind
            )
            for reach in _reach(grant, among, owners, allowed):
                key = (
                    entries[grant.role],
                    grant.role,
                    group.kind,
                    group.schema,
                    *reach,
                    former and not allowed,
                )
                per_key.setdefault(key, set()).add(grant.privilege)
        for key, words in per_key.items():
            found.setdefault((key, tuple(sorted(words))), set()).update(group.names)
    for (key, privileges), names in sorted(found.items()):
        entry, holder, kind, schema, role, option_only, cascade, former = key
        change = RevokeObjects(
            entry=entry,
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
        excess = Excess(change=change, from_former_level=former, message=describe_objects(change))
        yield excess, holder


def _reach(
    grant: ObjectGrant, among: Collection[Link], owners: Collection[str], allowed: bool
) -> Iterator[tuple[str, bool, bool]]:
    """Yield whom to revoke from, whether only the grant option, and whether to cascade.

    The owner can only take away what the owner granted (or the group role that owns the
    schema `public`). A privilege that someone passed on is reached through the grant
    option of the one who did.
    """
    if grant.grantor in owners:
        yield grant.role, allowed, grant.regranted
        return
    for giver in heads(grant.grantor, grant.privilege, among, owners):
        yield giver, True, True


def _by_default(
    database: DesiredDatabase,
    contents: Contents,
    observed: Observed,
    desired: Desired,
    entries: Mapping[str, str],
) -> Iterator[tuple[Excess, str]]:
    found: dict[tuple[str, str, str, bool, bool], set[str]] = {}
    members, kinds = _members(database), {str(kind): kind for kind in ObjectKind}
    for grant in contents.defaults:
        if grant.role not in entries or grant.role == database.owner.name:
            continue
        member = members.get(grant.role)
        kind = kinds.get(grant.kind)
        level = member.level if member else None
        allowed = kind is not None and grant.privilege in granted_by(level, kind)
        if allowed and not grant.grantable:
            continue
        former = (
            member is not None
            and kind is not None
            and not allowed
            and grant.privilege in granted_by(former_level(grant.role, observed, desired), kind)
        )
        key = (grant.role, grant.schema, grant.kind, allowed, former)
        found.setdefault(key, set()).add(grant.privilege)
    for (role, schema, default_kind, option_only, former), privileges in sorted(found.items()):
        change = RevokeDefault(
            entry=entries[role],
            database=database.name,
            owner=database.owner.name,
            role=role,
            object_kind=default_kind,
            schema=schema,
            privileges=tuple(sorted(privileges)),
            grant_option_only=option_only,
        )
        where = f" in schema {schema}" if schema else ""
        what = "the right to grant " if option_only else ""
        excess = Excess(
            change=change,
            from_former_level=former,
            message=f"is granted {what}{', '.join(change.privileges)}"
            f" on every new {default_kind}{where}",
        )
        yield excess, role


def _on_columns(
    database: DesiredDatabase,
    contents: Contents,
    members: dict[str, DesiredRole],
    entries: Mapping[str, str],
) -> Iterator[tuple[Excess, str]]:
    for grant in contents.columns:
        member = members.get(grant.role)
        level = member.level if member else None
        entitled = grant.privilege in granted_by(level, ObjectKind.TABLE)
        if grant.role not in entries or grant.role == database.owner.name or entitled:
            continue
        excess = Excess(
            change=RevokeColumns(
                entry=entries[grant.role],
                database=database.name,
                owner=database.owner.name,
                role=grant.role,
                schema=grant.schema,
                table=grant.table,
                privilege=grant.privilege,
                columns=grant.columns,
            ),
            from_former_level=False,
            message=f"holds {grant.privilege} on the columns {', '.join(grant.columns)} of the"
            f" table {grant.table} in schema {grant.schema}",
        )
        yield excess, grant.role


def describe_objects(change: RevokeObjects) -> str:
    """Return what a role holds, in words."""
    what = "the right to grant " if change.grant_option_only else ""
    where = f" in schema {change.schema}" if change.schema else ""
    names = ", ".join(change.names[:3])
    more = f" and {len(change.names) - 3} more" if len(change.names) > 3 else ""
    plural = "s" if len(change.names) > 1 else ""
    return (
        f"holds {what}{', '.join(change.privileges)} on the {change.object_kind}{plural}"
        f" {names}{more}{where}"
    )
