"""Findings about what is inside a database."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from pgtenant.access import statements
from pgtenant.access.granted import excess, gaining, open_to_everyone
from pgtenant.access.ground import Ground
from pgtenant.access.holes import Closer, Hole, HoleKind, Severity
from pgtenant.access.model import Database, DefaultGrant, Group, Kind
from pgtenant.access.runnable import as_giver
from pgtenant.access.wording import objects
from pgtenant.planning.privileges import PUBLIC

_USUAL = {("function", "EXECUTE"), ("type", "USAGE")}
"""What everyone has on new objects unless an owner takes it away."""


def grants(ground: Ground, database: Database) -> Iterator[Hole]:
    """Yield grants on objects beyond the catalog."""
    for group in _groups(database):
        kind = HoleKind.COLUMN_GRANT if group.kind is Kind.COLUMN else HoleKind.GRANT
        yield from excess(ground, group, database, kind)
        yield from open_to_everyone(ground, group, database)


def ownership(ground: Ground, database: Database) -> Iterator[Hole]:
    """Yield objects that a tenant owns in a database that is not its own."""
    for group in _groups(database):
        alien = group.owner in ground.tenants and group.owner != database.owner
        alien = alien and not ground.of_a_tenant(group.owner, database.name)
        if not alien or group.kind is Kind.COLUMN or group.extension:
            continue
        run = as_giver(ground, statements.give_to(group, database.owner), group, database)
        yield Hole(
            severity=Severity.FAILURE,
            kind=HoleKind.OWNERSHIP,
            database=database.name,
            who=group.owner,
            what=f"owns {objects(group)} in the database {database.name}",
            path="owner",
            statement=run.statement,
            executor=run.executor,
            closable_by=run.closable_by,
            group=group,
        )


def defaults(ground: Ground, database: Database) -> Iterator[Hole]:
    """Yield default privileges that will give a tenant, or everyone, more than the catalog."""
    if database.inside is None:
        return

    def alike(grant: DefaultGrant) -> tuple[str, str, str, str, bool]:
        allowed = _promised(ground, grant, database)
        return grant.creator, grant.schema, grant.kind, grant.grantee, allowed

    beyond = [
        grant
        for grant in database.inside.defaults
        if grant.grantee != grant.creator
        and (grant.grantee == PUBLIC or grant.grantee in ground.tenants)
        and grant.grantee != database.owner
        and not (grant.grantee == PUBLIC and (grant.kind, grant.privilege) in _USUAL)
        and (grant.grantable or not _promised(ground, grant, database))
    ]
    for (creator, schema, kind, grantee, option_only), items in groupby(
        sorted(beyond, key=alike), key=alike
    ):
        held = list(items)
        words = sorted(g.privilege for g in held)
        executor = ground.actual(creator, database)
        closer = ground.closer(executor)
        broken = grantee != PUBLIC or (
            closer is not Closer.PROVIDER
            and gaining(ground, _future(kind, schema, creator), words, database)
        )
        where = f" in schema {schema}" if schema else ""
        yield Hole(
            severity=Severity.FAILURE if broken else Severity.WARNING,
            kind=HoleKind.DEFAULT_PRIVILEGE,
            database=database.name,
            who=grantee,
            what=f"{'the right to grant ' if option_only else ''}{', '.join(words)} on every"
            f" {kind.replace('_', ' ')} that {creator} will make{where}",
            path=f"default privileges of {creator}",
            statement=statements.revoke_default(held, option_only=option_only),
            executor=executor,
            closable_by=closer,
        )


def _promised(ground: Ground, grant: DefaultGrant, database: Database) -> bool:
    future = _future(grant.kind, grant.schema, grant.creator)
    return grant.creator == database.owner and ground.allows(
        grant.grantee, grant.privilege, future, database
    )


def _future(kind: str, schema: str, creator: str) -> Group:
    """Return what will be made, as a group without names."""
    return Group(Kind(kind), schema, creator, ())


def _groups(database: Database) -> tuple[Group, ...]:
    return database.inside.groups if database.inside is not None else ()
