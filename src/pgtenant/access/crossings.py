"""Findings about code that lets one tenant act as another."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.access import statements
from pgtenant.access.ground import Ground
from pgtenant.access.holes import Hole, HoleKind, Severity
from pgtenant.access.model import Database, Kind
from pgtenant.access.revoking import revoking
from pgtenant.access.wording import listed, objects


def definers(ground: Ground, database: Database) -> Iterator[Hole]:
    """Yield `SECURITY DEFINER` functions that let a tenant act as somebody else.

    An owner that lets its own editors and readers call its code has decided so: a warning.
    """
    for group in database.inside.groups if database.inside is not None else ():
        if not group.definer or group.system:
            continue
        usable = _schema_users(ground, database, group.schema)
        for grant in group.grants:
            callers = {
                role
                for role in ground.holders([grant.grantee]) & usable
                if group.owner not in ground.graph.inherited(role)
            }
            if not callers or grant.shipped or grant.grantee == group.owner:
                continue
            within = group.owner == database.owner and all(
                ground.promised(role, database) for role in callers
            )
            for one in revoking(ground, group, database, [grant]):
                yield Hole(
                    severity=Severity.WARNING if within else Severity.FAILURE,
                    kind=HoleKind.SECURITY_DEFINER,
                    database=database.name,
                    who=grant.grantee,
                    what=f"can act as {group.owner} through {objects(group)}: SECURITY DEFINER,"
                    f" and {listed(callers)} can call it",
                    path=one.path,
                    statement=one.run.statement,
                    executor=one.run.executor,
                    closable_by=one.run.closable_by,
                    group=group,
                    privileges=one.privileges,
                )


def event_triggers(ground: Ground, database: Database) -> Iterator[Hole]:
    """Yield event triggers with a tenant's code: it runs as whoever changes the structure."""
    for trigger in database.inside.event_triggers if database.inside is not None else ():
        if trigger.function_owner not in ground.tenants or trigger.extension:
            continue
        executor = ground.actual(trigger.owner, database)
        yield Hole(
            severity=Severity.FAILURE,
            kind=HoleKind.EVENT_TRIGGER,
            database=database.name,
            who=trigger.function_owner,
            what=f"its code in the event trigger {trigger.name} runs as whoever changes the"
            f" structure of the database {database.name}, the admin and superusers included",
            path=f"event trigger of {trigger.owner}",
            statement=statements.disable_event_trigger(trigger.name),
            executor=executor,
            closable_by=ground.closer(executor),
        )


def _schema_users(ground: Ground, database: Database, schema: str) -> frozenset[str]:
    """Return the tenants that can name what is in a schema: they connect and have `USAGE`."""
    grantees = {
        ground.actual(grant.grantee, database)
        for group in (database.inside.groups if database.inside is not None else ())
        if group.kind is Kind.SCHEMA and schema in group.names
        for grant in group.grants
        if grant.privilege == "USAGE"
    }
    inside = ground.guests(database) | (ground.tenants & {database.owner})
    return inside & ground.holders(grantees)
