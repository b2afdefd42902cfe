"""One run at a time for each instance.

Advisory locks are per database, so the lock always lives in the maintenance database.
It belongs to the session and goes with it, whatever happens to the process.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS

Two admins may disagree about which database that is: their secrets name one each when the
settings name none. `pg_locks` shows the locks of all databases, so whoever has taken the lock
looks there for an admin that has it elsewhere. Of two that do both at once at least one sees
the other, because each looks after it has taken its own; it lets go, and tries again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from pgtenant.codes import Code
from pgtenant.errors import LockHeldError, ServerError
from pgtenant.postgres.connect import APPLICATION_NAME
from pgtenant.postgres.execute import Proviso
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.queries import query

KEY: Final = int.from_bytes(b"pgtenant", "big", signed=True)
_POLL: Final = (0.1, 0.3)
"""Seconds between two attempts: not the same for two runs that got in each other's way."""

_KEY_HALVES: Final = {
    "high": (KEY & 0xFFFFFFFFFFFFFFFF) >> 32,
    "low": KEY & 0xFFFFFFFF,
}
_HOLDS: Final = sql.SQL("""
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_locks l
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.pid = {pid}
       AND l.classid::bigint = {high} AND l.objid::bigint = {low})
""")


class LockLostError(ServerError):
    """The session that holds the run lock is gone."""

    code = Code.LOCK_LOST


@dataclass(frozen=True, slots=True)
class _Rival:
    """A session that a run must not work beside.

    Attributes:
        host: where it comes from; `unknown` when the admin may not see it.
        since: when it was opened, in UTC; `unknown` likewise.
        is_here: whether it is in the maintenance database.
        is_admin: whether its role makes roles.
        holds_lock: whether it has the run lock; else it is in the middle of a change without.
    """

    pid: int
    user: str
    host: str
    since: str
    database: str
    is_here: bool
    is_admin: bool
    holds_lock: bool


async def take_run_lock(connection: Connection, *, wait: float) -> None:
    """Take the run lock, waiting up to `wait` seconds.

    It is asked for again and again instead of waited for: a waiting session would be cut
    off by its own `statement_timeout`, and holds back nobody who comes later.

    Nobody gets it as long as a killed run still has a session at work: its `CREATE DATABASE` will
    commit by itself, its `COMMIT` may be on the way. The server ends such a session within
    seconds (see `options`). A dry run looks the same for the moment of its proofs.

    Raises:
        LockHeldError: somebody else held it all that time; the message says who.
        ServerError: the server failed.
    """
    deadline = time.monotonic() + wait
    try:
        while not await _take(connection):
            if time.monotonic() >= deadline:
                raise _held(connection, await _rivals(connection), wait)
            await asyncio.sleep(random.uniform(*_POLL))  # noqa: S311 - no secret
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="taking the run lock", where=where) from None


@asynccontextmanager
async def run_lock_let_go(connection: Connection, *, wait: float) -> AsyncIterator[None]:
    """Let others work for the length of the block, in which a person is asked.

    Args:
        connection: which holds the lock.
        wait: how many seconds to wait for it afterwards.

    Raises:
        LockHeldError: somebody else held it all that time.
        ServerError: the server failed.
    """
    try:
        await _let_go(connection)
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="letting the run lock go", where=where) from None
    yield
    await take_run_lock(connection, wait=wait)


def still_held(pid: int) -> Proviso:
    """Return the question whether the session with this process id holds the run lock.

    Any session of the instance can ask it: `pg_locks` shows those of all databases.
    """
    parameters = {**_KEY_HALVES, "pid": pid}
    return Proviso(
        _HOLDS.format(**{name: sql.Literal(value) for name, value in parameters.items()}),
        lock_lost(),
    )


def lock_lost() -> LockLostError:
    """Return what is the matter when the connection that holds the run lock was lost."""
    return LockLostError(
        "the connection that holds the run lock was lost; nothing more was changed",
        hint="run again: the next run continues from what is there",
    )


async def _take(connection: Connection) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (KEY,))
    row = await cursor.fetchone()
    if not row or not row[0]:
        return False
    if not await _rivals(connection):
        return True
    await _let_go(connection)
    return False


async def _let_go(connection: Connection) -> None:
    await connection.execute("SELECT pg_advisory_unlock(%s)", (KEY,))


async def _rivals(connection: Connection) -> list[_Rival]:
    parameters = {**_KEY_HALVES, "application": APPLICATION_NAME}
    async with connection.cursor(row_factory=class_row(_Rival)) as cursor:
        await cursor.execute(query("rivals"), parameters)
        return await cursor.fetchall()


def _held(connection: Connection, rivals: list[_Rival], wait: float) -> LockHeldError:
    waited = f"another run holds the instance (waited {wait:g} s)"
    if not rivals:
        return LockHeldError(waited, hint="run again, or wait longer with --lock-timeout")
    one, info = rivals[0], connection.info
    who = f"{waited}: pid {one.pid}, user {one.user}, host {one.host}, since {one.since}"
    if not one.is_admin:
        return LockHeldError(
            f"{who}. This is interference: only the admin should be able to connect here",
            hint=f"have a superuser end pid {one.pid} with pg_terminate_backend and take CONNECT on"
            f" the database {info.dbname} away from PUBLIC",
            code=Code.INTERFERENCE,
        )
    hint = f"wait, or end it with pg_terminate_backend({one.pid}) as {one.user} and run again"
    if "unknown" in {one.host, one.since}:
        hint += f". GRANT pg_read_all_stats TO {info.user} would show what is unknown"
    if not one.holds_lock:
        who += ". It is in the middle of a change without the run lock: a run that was killed left"
        return LockHeldError(
            f"{who} it behind, or it is a dry run", hint=hint, code=Code.LEFT_BEHIND
        )
    if not one.is_here:
        who += f". It has the run lock in the database {one.database}, this run in {info.dbname}"
        hint += "; set [server] maintenance_database, so that all runs use the same"
    return LockHeldError(who, hint=hint)
