"""Databases as the shared catalogs show them: existence, access, marker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pgtenant.planning.changes import (
    AlterDatabase,
    Change,
    CreateDatabase,
    GrantDatabase,
    HandOverDatabase,
    MarkDatabase,
    RevokeDatabase,
)
from pgtenant.planning.desired import Desired, DesiredDatabase
from pgtenant.planning.diff.chains import heads, links
from pgtenant.planning.diff.roles import early_marker
from pgtenant.planning.diff.schema import recorded_schema
from pgtenant.planning.diff.standing import Standing, standing
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.marker import Marker, with_marker
from pgtenant.planning.observed import Database, DatabaseGrant, Observed
from pgtenant.planning.privileges import DATABASE_PRIVILEGES, PUBLIC
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import advice


def diff_database(
    database: DesiredDatabase,
    observed: Observed,
    desired: Desired,
    entries: Mapping[str, str],
) -> Iterator[Change | Drift]:
    """Compare one declared database, from the outside; `entries` maps managed roles to theirs."""
    match standing(database, observed):
        case Standing.MISSING:
            yield from _note_missing(database, observed)
            yield CreateDatabase(
                entry=database.entry, database=database.name, owner=database.owner.name
            )
            yield from _hand_over(database, observed, desired)
        case Standing.HALF_MADE:
            yield from _hand_over(database, observed, desired)
            existing = replace(observed.databases[database.name], allow_connections=True)
            yield from _openness(database, existing)
        case Standing.MADE:
            existing = observed.databases[database.name]
            yield from _openness(database, existing)
            yield from close(existing, database.entry, undeclared=False)
            yield from _grants(database, existing, observed)
            yield from _marker(database, existing, observed, desired)
            yield from _excess(database, existing, observed, desired, entries)
            yield from _notes(database, existing)
        case Standing.FOREIGN:
            return


def close(existing: Database, entry: str, *, undeclared: bool) -> Iterator[RevokeDatabase]:
    """Take away what `PUBLIC` holds on a database, whoever granted it."""

    def revoke(role: str, privileges: set[str], *, option_only: bool = False) -> RevokeDatabase:
        return RevokeDatabase(
            entry=entry,
            database=existing.name,
            owner=existing.owner,
            role=role,
            privileges=tuple(sorted(privileges)),
            grant_option_only=option_only,
            cascade=option_only,
            undeclared=undeclared,
        )

    public = [g for g in existing.acl if g.grantee == PUBLIC]
    if by_owner := {g.privilege for g in public if g.grantor == existing.owner}:
        yield revoke(PUBLIC, by_owner)
    # A revoke only reaches what its own grantor gave. What others passed on goes with
    # their grant option, taken at the head of the chain, which the owner granted.
    among = links(existing.acl)
    passed_on: dict[str, set[str]] = {}
    for grant in public:
        if grant.grantor != existing.owner:
            for head in heads(grant.grantor, grant.privilege, among, {existing.owner}):
                passed_on.setdefault(head, set()).add(grant.privilege)
    for role, privileges in sorted(passed_on.items()):
        yield revoke(role, privileges, option_only=True)


def _hand_over(database: DesiredDatabase, observed: Observed, desired: Desired) -> Iterator[Change]:
    owner = database.owner
    existing = observed.roles.get(owner.name)
    settled = early_marker(owner, database, observed, desired).settled()
    yield HandOverDatabase(
        entry=database.entry,
        database=database.name,
        owner=owner.name,
        admin=observed.server.admin.name,
        marker=Marker(environment=desired.environment, entry=database.entry),
        role_comment=with_marker(existing.comment if existing else None, settled),
    )
    for member in database.members:
        yield GrantDatabase(
            entry=member.entry,
            database=database.name,
            owner=owner.name,
            role=member.name,
            privileges=("CONNECT",),
        )


def _openness(database: DesiredDatabase, existing: Database) -> Iterator[Change]:
    change = AlterDatabase(
        entry=database.entry,
        database=database.name,
        owner=database.owner.name,
        allow_connections=None if existing.allow_connections else True,
        connection_limit=None if existing.connection_limit == -1 else -1,
        is_template=False if existing.is_template else None,
    )
    if (change.allow_connections, change.connection_limit, change.is_template) != (None,) * 3:
        yield change


def _wanted(database: DesiredDatabase, observed: Observed) -> dict[str, tuple[str, set[str]]]:
    """Map each role to the entry it comes from and the privileges it must hold by name."""
    wanted = {
        observed.server.admin.name: (database.entry, {"CONNECT"}),
        database.owner.name: (database.entry, set(DATABASE_PRIVILEGES)),
    }
    for member in database.members:
        wanted[member.name] = (member.entry, {"CONNECT"})
    return wanted


def _grants(database: DesiredDatabase, existing: Database, observed: Observed) -> Iterator[Change]:
    owner = existing.owner
    for role, (entry, privileges) in _wanted(database, observed).items():
        # What someone else passed on is theirs to take back, and goes with their option.
        held = {g.privilege for g in existing.acl if (g.grantee, g.grantor) == (role, owner)}
        lacking = privileges - held
        if lacking:
            yield GrantDatabase(
                entry=entry,
                database=database.name,
                owner=database.owner.name,
                role=role,
                privileges=tuple(sorted(lacking)),
            )


def _marker(
    database: DesiredDatabase, existing: Database, observed: Observed, desired: Desired
) -> Iterator[Change]:
    marker = Marker(
        environment=desired.environment,
        entry=database.entry,
        initial_schema=recorded_schema(database, observed),
    )
    comment = with_marker(existing.comment, marker)
    if comment != existing.comment:
        yield MarkDatabase(
            entry=database.entry,
            database=database.name,
            owner=database.owner.name,
            before=existing.comment,
            after=comment,
        )


def _excess(
    database: DesiredDatabase,
    existing: Database,
    observed: Observed,
    desired: Desired,
    entries: Mapping[str, str],
) -> Iterator[Change | Drift]:
    wanted = _wanted(database, observed)
    among = links(existing.acl)
    beyond: dict[tuple[str, bool, str, bool, bool], set[str]] = {}
    for grant in existing.acl:
        if grant.grantee not in entries or grant.grantee == database.owner.name:
            continue
        allowed = grant.privilege in wanted.get(grant.grantee, ("", set()))[1]
        if allowed and not grant.grantable:
            continue
        targets = [(grant.grantee, allowed, _passed_on(grant, existing))]
        if grant.grantor != existing.owner:
            givers = heads(grant.grantor, grant.privilege, among, {existing.owner})
            targets = [(giver, True, True) for giver in givers]
        for target in targets:
            key = (entries[grant.grantee], grant.grantee in desired.by_name, *target)
            beyond.setdefault(key, set()).add(grant.privilege)
    for (entry, declared, role, option_only, cascade), privileges in sorted(beyond.items()):
        change = RevokeDatabase(
            entry=entry,
            database=database.name,
            owner=database.owner.name,
            role=role,
            privileges=tuple(sorted(privileges)),
            grant_option_only=option_only,
            cascade=cascade,
        )
        if declared and desired.authoritative:
            yield change
        else:
            what = "the right to grant " if option_only else ""
            yield Drift(
                kind=DriftKind.PRIVILEGE,
                entry=change.entry,
                database=database.name,
                role=role,
                message=f"holds {what}{', '.join(change.privileges)} on the database",
                statement=advice(statements.revoke_database(change)),
            )


def _passed_on(grant: DatabaseGrant, existing: Database) -> bool:
    return any(g.grantor == grant.grantee and g.privilege == grant.privilege for g in existing.acl)


def _note_missing(database: DesiredDatabase, observed: Observed) -> Iterator[Drift]:
    role = observed.roles.get(database.owner.name)
    mark = role.marker if role else None
    if mark is None or mark.creating is not None:  # a run died before this entry had one
        return
    others = [d.name for d in observed.owned_by(database.owner.name)]
    owns = f"it owns {', '.join(others)}" if others else "it owns no other database"
    yield Drift(
        kind=DriftKind.MISSING_DATABASE,
        entry=database.entry,
        database=database.name,
        role=database.owner.name,
        message=f"is gone though its role is there: renamed or dropped by its owner? ({owns})."
        " It is made again, empty",
    )


def _notes(database: DesiredDatabase, existing: Database) -> Iterator[Drift]:
    def note(kind: DriftKind, message: str) -> Drift:
        return Drift(
            kind=kind,
            entry=database.entry,
            database=database.name,
            role=database.owner.name,
            message=message,
        )

    for setting in existing.settings:
        yield note(DriftKind.SETTING, f"has the setting {setting}")
    if existing.contents is None:
        yield note(
            DriftKind.UNREAD_DATABASE,
            "could not be entered; what is inside is checked once it is open again"
            + (f" ({existing.unread})" if existing.unread else ""),
        )
