"""Grants beyond the catalog on objects of any kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgtenant.access.ground import Ground
from pgtenant.access.holes import Closer, Hole, HoleKind, Severity
from pgtenant.access.model import Database, Grant, Group, Kind
from pgtenant.access.revoking import revoking
from pgtenant.access.wording import objects
from pgtenant.planning.privileges import PUBLIC

_USUAL = {
    Kind.FUNCTION: "EXECUTE",
    Kind.TYPE: "USAGE",
    Kind.LANGUAGE: "USAGE",
}
"""What PostgreSQL gives everyone on what is new."""


def excess(
    ground: Ground, group: Group, database: Database | None, kind: HoleKind
) -> Iterator[Hole]:
    """Yield what tenants hold by name on a group beyond the catalog.

    Args:
        ground: the instance.
        group: the objects.
        database: where they are; None for what belongs to the instance.
        kind: what the findings are called.
    """
    everyone = {g.privilege for g in group.grants if g.grantee == PUBLIC}
    usual = {_USUAL[group.kind]} & everyone if group.kind in _USUAL else set()
    found: dict[tuple[str, str, bool], list[Grant]] = {}
    for grant in group.grants:
        role = grant.grantee
        if role not in ground.tenants or role == group.owner or grant.shipped:
            continue
        if database is not None and role == database.owner and not group.system:
            continue
        allowed = grant.privilege in usual or (
            database is not None and ground.allows(role, grant.privilege, group, database)
        )
        if allowed and not grant.grantable:
            continue
        found.setdefault((role, grant.grantor, allowed), []).append(grant)
    for (role, _, option_only), grants in found.items():
        for one in revoking(ground, group, database, grants, option_only=option_only):
            words = ", ".join(one.privileges)
            yield Hole(
                severity=Severity.FAILURE,
                kind=kind,
                database=database.name if database else "",
                who=role,
                what=f"{'the right to grant ' if option_only else ''}{words} on {objects(group)}",
                path=one.path,
                statement=one.run.statement,
                executor=one.run.executor,
                closable_by=one.run.closable_by,
                group=group,
                privileges=one.privileges,
            )


def open_to_everyone(ground: Ground, group: Group, database: Database) -> Iterator[Hole]:
    """Yield what `PUBLIC` holds on a group beyond PostgreSQL's own defaults.

    It is a failure where a tenant that can connect gains by it, and somebody here can close it.
    """
    found: dict[str, list[Grant]] = {}
    for grant in group.grants:
        if grant.grantee == PUBLIC and not grant.shipped and not _usual(group, grant.privilege):
            found.setdefault(grant.grantor, []).append(grant)
    for grantor, grants in found.items():
        closer = ground.closer(ground.actual(grantor, database))
        for one in revoking(ground, group, database, grants):
            gains = gaining(ground, group, one.privileges, database)
            if not gains and not ground.ours(database):
                continue
            broken = gains and closer is not Closer.PROVIDER
            yield Hole(
                severity=Severity.FAILURE if broken else Severity.WARNING,
                kind=HoleKind.COLUMN_GRANT if group.kind is Kind.COLUMN else HoleKind.GRANT,
                database=database.name,
                who=PUBLIC,
                what=f"{', '.join(one.privileges)} on {objects(group)}",
                path=one.path,
                statement=one.run.statement,
                executor=one.run.executor,
                closable_by=one.run.closable_by,
                group=group,
                privileges=one.privileges,
            )


def gaining(ground: Ground, group: Group, words: Iterable[str], database: Database) -> bool:
    """Return whether a tenant that can connect gets more by these than it was promised."""
    guests = ground.guests(database)
    if group.system:  # what is PostgreSQL's own is not the database owner's either
        guests |= ground.tenants & {database.owner}
    return any(
        not ground.allows(guest, word, group, database) for guest in guests for word in words
    )


def _usual(group: Group, privilege: str) -> bool:
    if group.system:
        return False
    if group.kind is Kind.SCHEMA:
        return group.names == ("public",) and privilege == "USAGE"
    return _USUAL.get(group.kind) == privilege
