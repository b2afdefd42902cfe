"""Findings about databases as a whole, and what else belongs to the instance."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.access import statements
from pgtenant.access.granted import excess
from pgtenant.access.ground import Ground
from pgtenant.access.holes import Closer, Hole, HoleKind, Severity
from pgtenant.access.model import Database, Grant
from pgtenant.access.revoking import revoking
from pgtenant.access.runnable import Run, as_both
from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.providers import SYSTEM_DATABASES


def databases(ground: Ground) -> Iterator[Hole]:
    """Yield who can get into which database, copy it, or owns what is another's."""
    for database in ground.model.databases.values():
        yield from _owned_by_another(ground, database)
        yield from _to_everyone(ground, database)
        yield from _to_strangers(ground, database)
        yield from excess(ground, database.group, database, HoleKind.DATABASE)
        yield from _copied(ground, database)
        yield from _unread(ground, database)


def _to_everyone(ground: Ground, database: Database) -> Iterator[Hole]:
    grants = [g for g in database.grants if g.grantee == PUBLIC]
    if not grants or not database.allow_connections:
        return
    whole = {g.grantor for g in grants} == {database.owner}
    for grantor in sorted({g.grantor for g in grants}):
        closer = ground.closer(grantor)
        by = [g for g in grants if g.grantor == grantor]
        for one in revoking(ground, database.group, database, by):
            yield Hole(
                severity=Severity.WARNING if closer is Closer.PROVIDER else Severity.FAILURE,
                kind=HoleKind.DATABASE,
                database=database.name,
                who=PUBLIC,
                what=f"{', '.join(one.privileges)} on the database {database.name}",
                path=one.path,
                statement=statements.close(database.name) if whole else one.run.statement,
                executor=one.run.executor,
                closable_by=one.run.closable_by,
                group=database.group,
                privileges=one.privileges,
            )


def _to_strangers(ground: Ground, database: Database) -> Iterator[Hole]:
    """Yield who is let into a tenant's database without being an application."""
    if not ground.ours(database):
        return
    for grant in database.grants:
        if grant.privilege != "CONNECT" or not _stranger(ground, grant, database):
            continue
        for one in revoking(ground, database.group, database, [grant]):
            yield Hole(
                severity=Severity.WARNING,
                kind=HoleKind.DATABASE,
                database=database.name,
                who=grant.grantee,
                what=f"CONNECT on the database {database.name}, and the catalog does not know it",
                path=one.path,
                statement=one.run.statement,
                executor=one.run.executor,
                closable_by=one.run.closable_by,
                group=database.group,
                privileges=one.privileges,
            )


def _stranger(ground: Ground, grant: Grant, database: Database) -> bool:
    role = grant.grantee
    return (
        role not in {PUBLIC, database.owner}
        and role not in ground.tenants
        and not ground.providers(role)
        and not ground.superuser(role)
    )


def _owned_by_another(ground: Ground, database: Database) -> Iterator[Hole]:
    wanted = _rightful(ground, database)
    if database.owner in {wanted, ground.model.admin}:
        return
    tenant = database.owner in ground.tenants
    if tenant and database.name in ground.declared:  # what is in it is no other tenant's to have
        rename = statements.rename_database(database.name, database.owner)
        run = Run(rename, database.owner, ground.closer(database.owner))
        if not ground.model.roles[database.owner].createdb:  # the admin has it
            run = as_both(ground, rename, database.owner)
    else:
        give = statements.give_to(database.group, wanted)
        run = as_both(ground, give, database.owner, wanted)
    yield Hole(
        severity=Severity.FAILURE if tenant else Severity.WARNING,
        kind=HoleKind.OWNERSHIP,
        database=database.name,
        who=database.owner,
        what=f"owns the database {database.name}, which "
        + ("the catalog gives to" if database.name in ground.declared else "belongs to")
        + f" {wanted}",
        path="owner",
        statement=run.statement,
        executor=run.executor,
        closable_by=run.closable_by,
        group=database.group,
    )


def _rightful(ground: Ground, database: Database) -> str:
    """Return who should own a database: of the instance's own, nobody's tenant."""
    declared = ground.declared.get(database.name)
    if declared is not None:
        return declared.owner.name
    if database.owner in ground.tenants:
        if database.name == ground.model.maintenance_database:
            return ground.model.admin
        if database.name in SYSTEM_DATABASES:
            roles = ground.model.roles.values()
            return next((role.name for role in roles if role.bootstrap), ground.model.admin)
    return database.owner


def _copied(ground: Ground, database: Database) -> Iterator[Hole]:
    own = database.name in SYSTEM_DATABASES and database.name not in ground.declared
    if database.is_template and ground.ours(database) and not own:
        yield Hole(
            severity=Severity.FAILURE,
            kind=HoleKind.TEMPLATE,
            database=database.name,
            who=PUBLIC,
            what=f"can copy the database {database.name}: it is a template, and CREATEDB is enough",
            path="PUBLIC",
            statement=statements.no_template(database.name),
            executor=database.owner,
            closable_by=ground.closer(database.owner),
        )


def _unread(ground: Ground, database: Database) -> Iterator[Hole]:
    """Yield databases of tenants that the analysis could not enter: what leads out is inside."""
    if database.inside is not None or not ground.ours(database):
        return
    admin = ground.model.admin
    yield Hole(
        severity=Severity.FAILURE if ground.guests(database) else Severity.WARNING,
        kind=HoleKind.NOT_LOOKED_INTO,
        database=database.name,
        who=admin,
        what=f"could not look into the database {database.name}: {database.unread}",
        path="",
        statement=statements.let_in(database.name, admin) if database.allow_connections else "",
        executor=database.owner,
        closable_by=ground.closer(database.owner),
        group=database.group,
    )
