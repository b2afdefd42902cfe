"""Tenants' own roles: who is in them and how, and what they may do besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pgtenant.planning.changes import Change, HoldApart, JoinTenants
from pgtenant.planning.desired import Desired, DesiredDatabase
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.observed import Contents, Membership, Observed, Role
from pgtenant.planning.observed.roles import OPTIONS
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import advice
from pgtenant.planning.tenants.slugs import is_retired

_GROUP: Final = "pg_database_owner"
_POWERS: Final = ("login", "superuser", "createrole", "createdb", "replication", "bypassrls")


def diff_tenant_roles(
    database: DesiredDatabase, contents: Contents, observed: Observed, desired: Desired
) -> Iterator[Change | Drift]:
    """Compare the roles of one database's tenants; there are none unless the catalog asks for it.

    A tenant's schema has such an owner, or `diff_tenants` says that it has not.
    """
    found = observed.tenants_of(desired.environment, database.name)
    isolation = database.isolation
    if isolation is None or isolation.roles_in is None:
        if found:
            yield _drift(
                database,
                database.owner.name,
                f"its tenants have roles of their own ({_some(tuple(found))}), and the catalog says"
                " nothing of that: with `role_per_tenant = true` the application enters them",
            )
        return
    schemas = {s.name: s.owner for s in (contents.tenants.schemas if contents.tenants else ())}
    yield from _joined(database, schemas, found, observed)
    if observed.server.major < OPTIONS:
        yield from _apart(database, contents, observed)


def _joined(
    database: DesiredDatabase, schemas: Mapping[str, str], found: Mapping[str, Role], all_: Observed
) -> Iterator[Change | Drift]:
    owner, admin = database.owner.name, all_.server.admin.name
    lacking = []
    for name, role in found.items():
        tenant = role.marker.tenant if role.marker is not None else None
        yield from _beyond(database, role, all_)
        if tenant is None or schemas.get(tenant) != name:
            yield from _without_schema(database, role, tenant)
            continue
        rows = tuple(row for row in role.memberships if row.member == owner)
        for row in rows:
            # On 15 the member decides, and is told so by itself.
            if row.inherit and row.grantor != admin and all_.server.major >= OPTIONS:
                yield _by_others(database, role, row)
        if not any(row.set for row in rows) or _inherits(rows, admin, all_):
            lacking.append(name)
    if lacking:
        yield JoinTenants(
            entry=database.entry,
            role=owner,
            tenants=tuple(sorted(lacking)),
            major=all_.server.major,
        )


def _inherits(rows: tuple[Membership, ...], admin: str, observed: Observed) -> bool:
    """Return whether a grant of the admin's gives its member more than `SET ROLE`."""
    if observed.server.major < OPTIONS:
        return False
    return any(row.inherit for row in rows if row.grantor == admin)


def _by_others(database: DesiredDatabase, role: Role, row: Membership) -> Drift:
    statement = statements.no_inheritance(role.name, row.member, row.grantor)
    return _drift(
        database,
        row.member,
        f"reads as {role.name} without SET ROLE, by a grant of {row.grantor}",
        advice(statement),
        DriftKind.MEMBERSHIP,
    )


def _without_schema(database: DesiredDatabase, role: Role, tenant: str | None) -> Iterator[Drift]:
    """Say what a run has left that was ended; retired tenants' roles wait for `tenant drop`."""
    entered = [row for row in role.memberships if row.member == database.owner.name]
    if tenant is not None and is_retired(tenant) and not entered:
        return
    ended = "a `pgtenant tenant` command was ended: the next one for that tenant goes on"
    yield _drift(
        database,
        role.name,
        f"is the role of the tenant in {tenant}, and owns no such schema; {ended}",
    )


def _beyond(database: DesiredDatabase, role: Role, observed: Observed) -> Iterator[Drift]:
    """Say what makes a tenant's role more than the owner of its schema."""
    if powers := [power for power in _POWERS if getattr(role, power)]:
        yield _drift(
            database,
            role.name,
            f"is a tenant's role, and has {', '.join(powers).upper()}",
            advice(statements.without_powers(role.name, powers)),
            DriftKind.PRIVILEGE,
        )
    for group in role.member_of:
        yield _drift(
            database,
            role.name,
            f"is a tenant's role, and a member of {group}",
            advice(statements.revoke_membership(group, role.name)),
            DriftKind.MEMBERSHIP,
        )
    for row in role.memberships:
        itself = row.member == database.owner.name
        makes = row.member == observed.server.admin.name and not (row.inherit or row.set)
        if not itself and not makes and (row.inherit or row.set):
            yield _drift(
                database,
                role.name,
                f"{row.member} is a member of it and can act as that tenant",
                advice(statements.revoke_membership(role.name, row.member)),
                DriftKind.MEMBERSHIP,
            )


def _apart(database: DesiredDatabase, contents: Contents, observed: Observed) -> Iterator[Change]:
    existing = observed.roles.get(database.owner.name)
    inherits = existing is None or existing.inherit
    take = contents.public is not None and contents.public.owner == _GROUP
    if inherits or take:
        yield HoldApart(
            entry=database.entry,
            database=database.name,
            owner=database.owner.name,
            inherits=inherits,
            take_public=take,
        )


def _drift(
    database: DesiredDatabase,
    role: str,
    message: str,
    statement: str = "",
    kind: DriftKind = DriftKind.TENANCY,
) -> Drift:
    return Drift(
        kind=kind,
        entry=database.entry,
        database=database.name,
        role=role,
        message=message,
        statement=statement,
    )


def _some(names: tuple[str, ...]) -> str:
    rest = len(names) - 3
    return ", ".join(names[:3]) + (f" and {rest} more" if rest > 0 else "")
