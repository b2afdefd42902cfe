"""Let tenants attack each other, with the application's own login, and leave nothing behind.

The tenants' own tables are only read, in transactions that can't write. What writes is tried on
stand-ins, in one transaction that makes or fills them and is rolled back. No sequence is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

import psycopg
from psycopg import sql

from pgtenant.planning.sql.statements import set_local_role
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.postgres.batch import send_together
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.verify.tenants.ground import Ground, StandIn, become, filling, making
from pgtenant.verify.tenants.outcome import Answer
from pgtenant.verify.tenants.powers import refused
from pgtenant.verify.tenants.targets import Target, Visit, visits
from pgtenant.verify.tenants.tricks import (
    NONE,
    Attempt,
    Trick,
    asked,
    attacks,
    copies,
    shown,
    without,
)

_DOING: Final = "letting tenants attack each other"
_HELD_UP: Final = ("40", "53", "55", "57")
"""SQLSTATEs of a server that has no time or no room for a query: of its rows they say nothing."""


async def attack(
    connection: Connection,
    place: Ground,
    targets: Iterable[Target],
    slugs: Sequence[tuple[str, str]],
    *,
    made_by: str | None = None,
) -> list[Answer]:
    """Try everything, and return what each attempt gave.

    Args:
        connection: of the login that attacks, idle, and new: the setting was never set in it.
        place: the stand-ins.
        targets: the real tenants' tables.
        slugs: of the tenants that attack, by their schemas.
        made_by: the owner of the stand-ins, where it has made them for another login that attacks,
            which can't make any; None where it attacks itself.

    Raises:
        ServerError: the stand-ins can't be made, or the server failed.
    """
    try:
        found: list[Answer] = []
        for target in targets:
            found += await read_really(connection, target, place, slugs)
        found += await pooled(connection, place)
        async with connection.transaction(force_rollback=True):
            for statement in (*(() if made_by else making(place)), *filling(place)):
                await connection.execute(sql.Composed([statement]))
            for own in place.stand_ins:
                found += await _each(connection, place, own)
            first, second = place.stand_ins[:2]
            await connection.execute(become(place.isolation, second.value))
            last = list(shown(place) if made_by is None else refused(place, made_by))
            found += await tried(connection, place, [(first, a) for a in last], second.tenant)
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing=_DOING, where=where) from None
    return found


async def _each(connection: Connection, place: Ground, own: StandIn) -> list[Answer]:
    """Let one stand-in attack all others."""
    await connection.execute(become(place.isolation, own.value))
    others = [other for other in place.stand_ins if other is not own]
    attempts = [(other, attempt) for other in others for attempt in attacks(place, own, other)]
    attempts += [(own, attempt) for attempt in without(place, own)]
    found = await tried(connection, place, attempts, own.tenant)
    # Of what takes several messages each, one of them is enough.
    neighbour = others[(place.stand_ins.index(own)) % len(others)]
    for attempt in copies(own, neighbour):
        given = await copied(connection, attempt)
        found.append(answer(attempt, own.tenant, neighbour, given))
    return found


async def tried(
    connection: Connection, place: Ground, attempts: Sequence[tuple[StandIn, Attempt]], by: str
) -> list[Answer]:
    """Try statements one by one, each undone, and return what came of them.

    Args:
        connection: in the transaction that made the stand-ins.
        place: which.
        attempts: each with whom it is tried on.
        by: whose session it is, by the tenant's schema; empty for one without a tenant.
    """
    cursor = await connection.execute(asked(place, [attempt for _, attempt in attempts]))
    row = await cursor.fetchone()
    answers: list[str] = row[0] if row else []
    return [
        answer(attempt, by, other, given)
        for (other, attempt), given in zip(attempts, answers, strict=True)
    ]


async def copied(connection: Connection, attempt: Attempt) -> str:
    """Return the number of rows, or the SQLSTATE, that a `COPY` gives."""
    rows = 0
    try:
        async with (
            connection.transaction(force_rollback=True),
            connection.cursor() as cursor,
            cursor.copy(sql.Composed([attempt.statement])) as copy,
        ):
            if attempt.trick is Trick.COPY_OUT:
                async for _ in copy.rows():
                    rows += 1
    except psycopg.Error as error:
        if connection.closed or error.sqlstate is None:
            raise
        return error.sqlstate
    return str(rows)


async def pooled(connection: Connection, place: Ground) -> list[Answer]:
    """See what the next transaction of a session has, as it has behind a pooler."""
    value, isolation = place.stand_ins[0].value, place.isolation
    found = []
    for trick, local, expected in ((Trick.LOCAL, True, NONE), (Trick.SESSION, False, "1")):
        set_ = sql.SQL("SELECT pg_catalog.set_config({}, {}, {})").format(
            sql.Literal(isolation.setting), sql.Literal(value), sql.Literal(local)
        )
        async with connection.transaction():
            await connection.execute(set_)
        async with connection.transaction():
            kept = await _kept(connection, isolation)
        found.append(
            Answer(trick, "", place.stand_ins[0].tenant, expected, str(int(kept == value)))
        )
    await connection.execute(
        sql.SQL("RESET {}").format(sql.Identifier(*isolation.setting.split(".", 1)))
    )
    return found


async def _kept(connection: Connection, isolation: Isolation) -> str | None:
    asked_for = sql.SQL("SELECT pg_catalog.current_setting({}, true)").format(
        sql.Literal(isolation.setting)
    )
    row = await (await connection.execute(asked_for)).fetchone()
    return row[0] if row else None


async def read_really(
    connection: Connection,
    target: Target,
    place: Ground,
    slugs: Sequence[tuple[str, str]],
    *,
    role: str | None = None,
) -> list[Answer]:
    """Read one tenant's tables as everybody else; in the tenant's own role, where it has one."""
    todo = list(visits(target, place.column, slugs))
    # All rows of a table are one tenant's, so that a scan of it promises a row at once.
    texts: list[sql.Composable] = [
        sql.SQL("BEGIN READ ONLY"),
        sql.SQL("SET LOCAL enable_seqscan = off"),
    ]
    texts += [] if role is None else [set_local_role(role)]
    places: list[int] = []
    for visit in todo:
        if visit.value is not None:
            texts.append(become(place.isolation, visit.value))
        places.append(len(texts))
        texts.append(visit.query)
    try:
        values = await send_together(connection, texts)
    except psycopg.Error as error:
        if connection.closed or (error.sqlstate or "57").startswith(_HELD_UP):
            where = f"{connection.info.dbname}, tables of {target.tenant}"
            raise failed(error, doing=_DOING, where=where) from None
        return [Answer(Trick.REAL, "", target.tenant, "", error.sqlstate or "")]
    finally:
        with suppress(psycopg.Error):  # the first error is the one to report
            await connection.rollback()
    return [
        Answer(Trick.REAL, visit.by, target.tenant, "", _names(visit, values[number]))
        for visit, number in zip(todo, places, strict=True)
    ]


def _names(visit: Visit, told: bytes | None) -> str:
    """Return the tables that showed a row."""
    return ", ".join(".".join(visit.tables[int(number)]) for number in (told or b"").split())


def answer(attempt: Attempt, by: str, other: StandIn, given: str) -> Answer:
    """Return what an attempt gave, by a tenant's session on another one."""
    return Answer(attempt.trick, by, other.tenant, attempt.answer, given)
