"""Findings about roles: their attributes and memberships."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pgtenant.access import statements
from pgtenant.access.ground import Ground
from pgtenant.access.holes import Closer, Hole, HoleKind, Severity
from pgtenant.access.model import Membership, Role
from pgtenant.catalog.model import Auth
from pgtenant.planning.privileges import IAM_ROLE

_SUPERUSERS_ONLY: Final = frozenset({"SUPERUSER", "REPLICATION", "BYPASSRLS"})
_OVER_EVERYBODY: Final = frozenset(
    {
        "pg_read_all_data",
        "pg_write_all_data",
        "pg_execute_server_program",
        "pg_read_server_files",
        "pg_write_server_files",
    }
)
"""Predefined roles that reach into every database, or out of the server."""


def attributes(ground: Ground) -> Iterator[Hole]:
    """Yield attributes beyond the catalog; of roles it does not speak of, as warnings."""
    for name, role in ground.model.roles.items():
        if ground.known(name):
            continue
        tenant = name in ground.tenants
        for attribute in _held(ground, role):
            executor, closer = ground.anybody
            if attribute not in _SUPERUSERS_ONLY and ground.closer(name) is Closer.ADMIN:
                executor, closer = ground.model.admin, Closer.ADMIN
            yield Hole(
                severity=Severity.FAILURE if tenant else Severity.WARNING,
                kind=HoleKind.ATTRIBUTE,
                database="",
                who=name,
                what=_power(attribute),
                path="attribute",
                statement=statements.without_attributes(name, [attribute]),
                executor=executor,
                closable_by=closer,
            )


def memberships(ground: Ground) -> Iterator[Hole]:
    """Yield the memberships of tenants, and those of strangers in tenants."""
    for item in ground.model.memberships:
        severity = _of_tenant(ground, item) or _in_tenant(ground, item) or _in_power(ground, item)
        if severity is None:
            continue
        executor, closer = _who_ends(ground, item)
        yield Hole(
            severity=severity,
            kind=HoleKind.MEMBERSHIP,
            database="",
            who=item.member,
            what=_belongs(item),
            path=_granted(ground, item),
            statement=statements.revoke_membership(item, ground.model.major),
            executor=executor,
            closable_by=closer,
        )


def _held(ground: Ground, role: Role) -> Iterator[str]:
    if role.superuser:
        yield "SUPERUSER"
    if role.replication:
        yield "REPLICATION"
    if role.bypassrls:
        yield "BYPASSRLS"
    if role.createrole and (role.name in ground.tenants or _rules_roles(ground, role)):
        yield "CREATEROLE"
    wanted = ground.desired.by_name.get(role.name)
    if role.createdb and wanted is not None and not wanted.createdb:
        yield "CREATEDB"


def _rules_roles(ground: Ground, role: Role) -> bool:
    """Return whether a stranger's `CREATEROLE` reaches tenants: only up to PostgreSQL 15.

    The instance's master keeps it after a delegated admin was made.
    """
    return ground.model.major < 16 and not role.superuser and not _master(ground, role.name)


def _master(ground: Ground, name: str) -> bool:
    home = ground.model.databases.get(ground.model.maintenance_database)
    provided = any(ground.providers(g) for g in ground.graph.groups(name) if g != name)
    return provided or (home is not None and home.owner == name)


def _power(attribute: str) -> str:
    return {
        "SUPERUSER": "SUPERUSER: it may do anything on the instance",
        "REPLICATION": "REPLICATION: it can copy every database",
        "BYPASSRLS": "BYPASSRLS: row-level security does not hold it",
        "CREATEROLE": "CREATEROLE: it can make and change roles",
        "CREATEDB": "CREATEDB: the catalog says createdb = false",
    }[attribute]


def _of_tenant(ground: Ground, item: Membership) -> Severity | None:
    if item.member not in ground.tenants:
        return None
    if _is_second(ground, item) or _enters(ground, item):
        return None
    wanted = ground.desired.by_name.get(item.member)
    if wanted is not None and wanted.auth is Auth.IAM and item.group == IAM_ROLE:
        return None
    power = item.inherit or item.set or item.admin or item.group == IAM_ROLE
    return Severity.FAILURE if power else Severity.WARNING


def _is_second(ground: Ground, item: Membership) -> bool:
    """Return whether a membership makes a second login what it is."""
    first = ground.desired.by_second.get(item.member)
    return first is not None and first.name == item.group and not item.admin


def _enters(ground: Ground, item: Membership) -> bool:
    """Return whether an application may `SET ROLE` to its own tenant's role, and no more."""
    bare = item.set and not item.inherit and not item.admin
    return bare and ground.enters(item.member, item.group)


def _in_tenant(ground: Ground, item: Membership) -> Severity | None:
    if item.group not in ground.tenants or ground.superuser(item.member):
        return None
    if _is_second(ground, item) or _enters(ground, item):
        return None
    bare = not item.inherit and not item.set
    if item.member == ground.model.admin:
        return None if bare else Severity.WARNING
    if ground.providers(item.member) or (bare and _makes_roles(ground, item.member)):
        return None
    return Severity.FAILURE


def _in_power(ground: Ground, item: Membership) -> Severity | None:
    """Return a warning for a stranger that may read or write everything, or leave the server."""
    stranger = item.member not in ground.tenants and not ground.known(item.member)
    if item.group not in _OVER_EVERYBODY or not stranger or ground.superuser(item.member):
        return None
    return Severity.WARNING


def _makes_roles(ground: Ground, name: str) -> bool:
    """Return whether it is the instance's master, who keeps `ADMIN` on what it made (16+)."""
    role = ground.model.roles.get(name)
    return role is not None and role.createrole and _master(ground, name)


def _belongs(item: Membership) -> str:
    ways = [
        word
        for word, has in (
            ("has its privileges", item.inherit),
            ("may SET ROLE to it", item.set),
            ("may make others members", item.admin),
        )
        if has
    ]
    return f"member of {item.group}: {', '.join(ways) or 'without any effect'}"


def _granted(ground: Ground, item: Membership) -> str:
    there = item.grantor in ground.model.roles
    return f"granted by {item.grantor}" if there else "granted by a role that was dropped"


def _who_ends(ground: Ground, item: Membership) -> tuple[str, Closer]:
    admin = ground.model.admin
    role = ground.model.roles.get(admin)
    if ground.superuser(admin):
        return admin, Closer.ADMIN
    if ground.model.major < 16:
        may = role is not None and role.createrole and not ground.superuser(item.group)
        return (admin, Closer.ADMIN) if may else ground.anybody
    return item.grantor, ground.closer(item.grantor)
