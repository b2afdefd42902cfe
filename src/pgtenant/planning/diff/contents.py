"""What is inside a database: schemas, objects, default privileges, extensions, initial schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.changes import (
    Change,
    CreateExtension,
    GrantDefault,
    GrantObjects,
    RevokeColumns,
    RevokeDefault,
    RevokeObjects,
    RunInitialSchema,
)
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.diff.chains import heads, links
from pgtenant.planning.diff.excess import Excess, describe_objects, excess_of, owners_of
from pgtenant.planning.diff.schema import recorded_schema, schema_is_due
from pgtenant.planning.diff.standing import Standing, contents_of, standing
from pgtenant.planning.diff.tenant_roles import diff_tenant_roles
from pgtenant.planning.diff.tenants import diff_tenants
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.marker import Marker, with_marker
from pgtenant.planning.observed import Contents, Observed
from pgtenant.planning.privileges import PUBLIC, ObjectKind, granted_by
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import advice


def diff_contents(
    database: DesiredDatabase,
    observed: Observed,
    desired: Desired,
    entries: Mapping[str, str],
) -> Iterator[Change | Drift]:
    """Compare what is inside one declared database; `entries` maps managed roles to theirs."""
    contents = contents_of(database, observed)
    if contents is None or standing(database, observed) is Standing.FOREIGN:
        return
    yield from _public_schema(database, contents)
    for member in database.members:
        yield from _defaults(database, member, contents)
        yield from _lacking(database, member, contents)
    for excess in excess_of(database, contents, observed, desired, entries):
        yield from _excess(excess, desired)
    yield from _extensions(database, contents, observed)
    yield from _initial_schema(database, observed, desired)
    yield from _foreign(database, contents)
    yield from _elsewhere(database, contents, entries)
    yield from _unnameable(database, contents)
    yield from diff_tenants(database, contents.tenants, observed, desired.environment)
    yield from diff_tenant_roles(database, contents, observed, desired)


def _public_schema(database: DesiredDatabase, contents: Contents) -> Iterator[Change]:
    # Where the owner may not revoke, the entry is blocked (planning.guards).
    if contents.public is None or not contents.public.open or not contents.public.owned:
        return
    grants = [
        g
        for group in contents.groups
        if group.kind is ObjectKind.SCHEMA and "public" in group.names
        for g in group.grants
        if g.privilege == "CREATE"
    ]
    owners = owners_of(database)
    grantors = {g.grantor for g in grants if g.role == PUBLIC}
    among = links(grants)
    givers = {h for g in grantors - owners for h in heads(g, "CREATE", among, owners)}
    # Not every reading of a server says who opened it; then it was its owner.
    by_owner = [PUBLIC] if grantors & owners or not grantors else []
    for role in [*by_owner, *sorted(givers)]:
        yield RevokeObjects(
            entry=database.entry,
            database=database.name,
            owner=database.owner.name,
            role=role,
            object_kind=ObjectKind.SCHEMA,
            schema="",
            names=("public",),
            privileges=("CREATE",),
            grant_option_only=role != PUBLIC,
            cascade=role != PUBLIC,
        )


def _defaults(
    database: DesiredDatabase, member: DesiredRole, contents: Contents
) -> Iterator[Change]:
    for kind in ObjectKind:
        held = {
            g.privilege
            for g in contents.defaults
            if g.role == member.name and g.kind == kind and not g.schema
        }
        if lacking := granted_by(member.level, kind) - held:
            yield GrantDefault(
                entry=member.entry,
                database=database.name,
                owner=database.owner.name,
                role=member.name,
                object_kind=kind,
                privileges=tuple(sorted(lacking)),
            )


def _lacking(
    database: DesiredDatabase, member: DesiredRole, contents: Contents
) -> Iterator[Change]:
    owners = owners_of(database)
    lacking: dict[tuple[ObjectKind, str, tuple[str, ...]], list[str]] = {}
    for group in contents.groups:
        # What someone else passed on is theirs to take back, and goes with their option.
        held = {g.privilege for g in group.grants if g.role == member.name and g.grantor in owners}
        missing = tuple(sorted(granted_by(member.level, group.kind) - held))
        if missing:
            lacking.setdefault((group.kind, group.schema, missing), []).extend(group.names)
    for (kind, schema, privileges), names in sorted(lacking.items()):
        yield GrantObjects(
            entry=member.entry,
            database=database.name,
            owner=database.owner.name,
            role=member.name,
            object_kind=kind,
            schema=schema,
            names=tuple(sorted(names)),
            privileges=privileges,
        )


def _excess(excess: Excess, desired: Desired) -> Iterator[Change | Drift]:
    change = excess.change
    if excess.declared and (excess.from_former_level or desired.authoritative):
        yield change
        return
    match change:
        case RevokeObjects():
            kind, statement = DriftKind.PRIVILEGE, statements.revoke_objects(change)
        case RevokeDefault():
            kind, statement = DriftKind.DEFAULT_PRIVILEGE, statements.revoke_default(change)
        case RevokeColumns():
            kind, statement = DriftKind.PRIVILEGE, statements.revoke_columns(change)
    yield Drift(
        kind=kind,
        entry=change.entry,
        database=change.database,
        role=change.role,
        message=excess.message,
        statement=advice(statement),
    )


def _extensions(
    database: DesiredDatabase, contents: Contents, observed: Observed
) -> Iterator[Change | Drift]:
    for name in database.extensions:
        if name in contents.extensions:
            continue
        trusted = observed.server.extensions.get(name)
        if trusted:
            yield CreateExtension(
                entry=database.entry,
                database=database.name,
                owner=database.owner.name,
                extension=name,
                secret=database.owner.secret,
            )
            continue
        offered = trusted is not None
        yield Drift(
            kind=DriftKind.EXTENSION,
            entry=database.entry,
            database=database.name,
            role=database.owner.name,
            message=f"the extension {name} is not trusted: only a superuser"
            " (on RDS: rds_superuser) can create it"
            if offered
            else f"the server does not offer the extension {name}",
            statement=advice(statements.create_extension(name)) if offered else "",
        )


def _initial_schema(
    database: DesiredDatabase, observed: Observed, desired: Desired
) -> Iterator[Change | Drift]:
    wanted = database.initial_schema
    if wanted is None:
        return
    if schema_is_due(database, observed):
        existing = observed.databases.get(database.name)
        made = standing(database, observed) is Standing.MADE
        marker = Marker(
            environment=desired.environment, entry=database.entry, initial_schema=wanted.name
        )
        yield RunInitialSchema(
            entry=database.entry,
            database=database.name,
            owner=database.owner.name,
            schema=wanted.name,
            script=wanted.sql,
            secret=database.owner.secret,
            comment=with_marker(existing.comment if existing and made else None, marker),
        )
        return
    recorded = recorded_schema(database, observed)
    if recorded is not None and recorded != wanted.name:
        yield Drift(
            kind=DriftKind.INITIAL_SCHEMA,
            entry=database.entry,
            database=database.name,
            role=database.owner.name,
            message=f"was initialised with {recorded}; the catalog now says {wanted.name},"
            " which is not run: an initial schema runs once",
        )


def _foreign(database: DesiredDatabase, contents: Contents) -> Iterator[Drift]:
    levels = {member.level for member in database.members} & {
        AccessLevel.EDITOR,
        AccessLevel.READER,
    }
    for item in contents.foreign:
        name = f"{item.schema}.{item.name}" if item.schema else item.name
        effect = "; editors and readers can't be granted access" if levels else ""
        yield Drift(
            kind=DriftKind.FOREIGN_OBJECT,
            entry=database.entry,
            database=database.name,
            role=item.owner,
            message=f"the {item.kind} {name} belongs to {item.owner}{effect}",
            statement=advice(statements.change_owner(item, database.owner.name)),
        )
    if contents.foreign_count > len(contents.foreign):
        yield Drift(
            kind=DriftKind.FOREIGN_OBJECT,
            entry=database.entry,
            database=database.name,
            role="",
            message=f"and {contents.foreign_count - len(contents.foreign)} more objects that"
            f" do not belong to {database.owner.name}",
        )


def _elsewhere(
    database: DesiredDatabase, contents: Contents, entries: Mapping[str, str]
) -> Iterator[Drift]:
    """Show what is not the owner's to revoke, and what no level speaks of."""
    for held in contents.foreign_grants:
        if held.role not in entries:
            continue
        revoke = RevokeObjects(
            entry=entries[held.role],
            database=database.name,
            owner=held.owner,
            role=held.role,
            object_kind=ObjectKind(held.kind),
            schema=held.schema,
            names=held.names,
            privileges=held.privileges,
        )
        yield Drift(
            kind=DriftKind.PRIVILEGE,
            entry=revoke.entry,
            database=database.name,
            role=held.role,
            message=f"{describe_objects(revoke)}, owned by {held.owner}",
            statement=advice(statements.revoke_objects(revoke)),
        )
    for function in contents.functions:
        if function.role in entries:
            types = ", ".join(name for _, name in function.arguments)
            yield Drift(
                kind=DriftKind.PRIVILEGE,
                entry=entries[function.role],
                database=database.name,
                role=function.role,
                message=f"holds EXECUTE on the function {function.name}({types})"
                f" in schema {function.schema}",
                statement=advice(statements.revoke_execute(function)),
            )


def _unnameable(database: DesiredDatabase, contents: Contents) -> Iterator[Drift]:
    if contents.unnameable:
        first = ", ".join(contents.unnameable[:3])
        more = len(contents.unnameable) - 3
        yield Drift(
            kind=DriftKind.UNREAD_DATABASE,
            entry=database.entry,
            database=database.name,
            role=database.owner.name,
            message="holds names that are not UTF-8, on which nothing is granted or revoked:"
            f" {first}" + (f" and {more} more" if more > 0 else ""),
        )
