"""Let tenants with roles of their own attack each other, and leave nothing behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql

from pgtenant.planning.sql.statements import set_local_role
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.tenant_attack import answer, copied, pooled, read_really, tried
from pgtenant.verify.tenants.entering import (
    BACK,
    entered,
    entered_copies,
    making,
    outside,
    really_entered,
    really_outside,
    role_of,
    shown_entered,
)
from pgtenant.verify.tenants.ground import Ground, StandIn, become
from pgtenant.verify.tenants.outcome import Answer
from pgtenant.verify.tenants.targets import Target
from pgtenant.verify.tenants.tricks import without


async def attack_entered(
    connection: Connection,
    place: Ground,
    targets: Sequence[Target],
    slugs: Mapping[str, str],
) -> list[Answer]:
    """Try everything, and return what each attempt gave.

    Args:
        connection: of the application's login, idle, and new: the setting was never set in it.
        place: the stand-ins, one for each tenant that attacks.
        targets: the real tenants' tables.
        slugs: by schema, of the tenants that attack, where the tenant column is a text.

    Raises:
        ServerError: the stand-ins can't be made, or the server failed.
    """
    try:
        found: list[Answer] = []
        for target in targets:
            role, listed = role_of(place, target.tenant), list(slugs.items())
            found += await read_really(connection, target, place, listed, role=role)
        if place.stand_ins:
            found += await pooled(connection, place)
        async with connection.transaction(force_rollback=True):
            for statement in making(place):
                await _run(connection, statement)
            for other in place.stand_ins:
                attempts = [(other, attempt) for attempt in outside(place, other)]
                found += await tried(connection, place, attempts, "")
            for target in targets:
                found += await _on_real(connection, place, target, slugs)
            for own in place.stand_ins:
                found += await _each(connection, place, own)
            if len(place.stand_ins) > 1:
                first, second = place.stand_ins[:2]
                await _enter(connection, place, second)
                last = [(first, attempt) for attempt in shown_entered(place)]
                found += await tried(connection, place, last, second.tenant)
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="letting tenants attack each other", where=where) from None
    return found


async def _on_real(
    connection: Connection, place: Ground, target: Target, slugs: Mapping[str, str]
) -> list[Answer]:
    """Try to read a tenant's own tables, without a role and in that of everybody else."""
    on = StandIn(target.tenant, target.tenant, "")
    found = await tried(connection, place, [(on, a) for a in really_outside(target)], "")
    attempt = really_entered(place, target, slugs.get(target.tenant))
    for own in place.stand_ins:
        if own.tenant != target.tenant:
            await _run(connection, set_local_role(role_of(place, own.tenant)))
            found += await tried(connection, place, [(on, attempt)], own.tenant)
            await _run(connection, BACK)
    return found


async def _each(connection: Connection, place: Ground, own: StandIn) -> list[Answer]:
    """Let one stand-in, in its role, attack all others."""
    await _enter(connection, place, own)
    others = [other for other in place.stand_ins if other is not own]
    attempts = [(other, a) for other in others for a in entered(place, own, other)]
    attempts += [(own, attempt) for attempt in without(place, own)]
    found = await tried(connection, place, attempts, own.tenant)
    if others:
        neighbour = others[place.stand_ins.index(own) % len(others)]
        for attempt in entered_copies(own, neighbour):
            given = await copied(connection, attempt)
            found.append(answer(attempt, own.tenant, neighbour, given))
    await _run(connection, BACK)
    return found


async def _enter(connection: Connection, place: Ground, own: StandIn) -> None:
    await _run(connection, set_local_role(role_of(place, own.tenant)))
    await _run(connection, become(place.isolation, own.value))


async def _run(connection: Connection, statement: sql.Composable) -> None:
    await connection.execute(sql.Composed([statement]))
