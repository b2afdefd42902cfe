"""Everything that roles can do beyond what the catalog promises."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.access.crossings import definers, event_triggers
from pgtenant.access.databases import databases
from pgtenant.access.granted import excess
from pgtenant.access.ground import Ground
from pgtenant.access.holes import Closer, Hole, HoleKind, Severity
from pgtenant.access.inside import defaults, grants, ownership
from pgtenant.access.model import AccessModel
from pgtenant.access.revoking import revoking
from pgtenant.access.roles import attributes, memberships
from pgtenant.access.servers import servers
from pgtenant.access.wording import objects
from pgtenant.planning.desired import Desired
from pgtenant.planning.privileges import PUBLIC


def analyse(model: AccessModel, desired: Desired) -> tuple[Hole, ...]:
    """Compare who can do what with what the catalog promises.

    Each finding is made where it begins: a grant, a membership, an owner, an attribute. Whatever
    follows from it is not repeated for every object.

    Args:
        model: the instance.
        desired: its catalog.

    Returns:
        The findings, failures first, without repetition.
    """
    ground = Ground(model, desired)
    return tuple(sorted(set(_holes(ground))))


def _holes(ground: Ground) -> Iterator[Hole]:
    yield from attributes(ground)
    yield from memberships(ground)
    yield from databases(ground)
    yield from _shared(ground)
    for database in ground.model.databases.values():
        yield from grants(ground, database)
        yield from ownership(ground, database)
        yield from defaults(ground, database)
        yield from definers(ground, database)
        yield from servers(ground, database)
        yield from event_triggers(ground, database)


def _shared(ground: Ground) -> Iterator[Hole]:
    for group in ground.model.shared:
        yield from excess(ground, group, None, HoleKind.GRANT)
        for grant in group.grants:
            if grant.grantee != PUBLIC:
                continue
            closer = ground.closer(grant.grantor)
            broken = closer is not Closer.PROVIDER
            for one in revoking(ground, group, None, [grant]):
                yield Hole(
                    severity=Severity.FAILURE if broken else Severity.WARNING,
                    kind=HoleKind.GRANT,
                    database="",
                    who=PUBLIC,
                    what=f"{grant.privilege} on {objects(group)}",
                    path=one.path,
                    statement=one.run.statement,
                    executor=one.run.executor,
                    closable_by=one.run.closable_by,
                    group=group,
                    privileges=one.privileges,
                )
