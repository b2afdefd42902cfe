"""One run at a time for each instance.

Advisory locks are per database, so the lock always lives in the maintenance database.
It belongs to the session and goes with it, whatever happens to the process.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import psycopg

from pgtenant.errors import LockHeldError
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection

KEY: Final = int.from_bytes(b"pgtenant", "big", signed=True)
_POLL: Final = 0.2

_KEY_HALVES: Final = {
    "high": (KEY & 0xFFFFFFFFFFFFFFFF) >> 32,
    "low": KEY & 0xFFFFFFFF,
}
_HOLDS: Final = """
SELECT EXISTS (
    SELECT FROM pg_locks l
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.pid = %(pid)s
       AND l.classid::bigint = %(high)s AND l.objid::bigint = %(low)s)
"""
_HOLDER: Final = """
SELECT a.pid, a.usename::text, coalesce(a.client_addr::text, a.client_hostname, 'unknown host'),
       to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       a.usename = current_user
  FROM pg_locks l
  JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND l.classid::bigint = %(high)s AND l.objid::bigint = %(low)s
"""


async def take_run_lock(connection: Connection, *, wait: float) -> None:
    """Take the run lock, waiting up to `wait` seconds.

    It is asked for again and again instead of waited for: a waiting session would be cut
    off by its own `statement_timeout`, and holds back nobody who comes later.

    Raises:
        LockHeldError: somebody else held it all that time; the message says who.
        ServerError: the server failed.
    """
    deadline = time.monotonic() + wait
    try:
        while not await _try(connection):
            if time.monotonic() >= deadline:
                raise await _held(connection, wait)
            await asyncio.sleep(_POLL)
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="taking the run lock", where=where) from None


async def holds_run_lock(connection: Connection, pid: int) -> bool:
    """Return whether the session with this process id holds the run lock.

    Args:
        connection: to the maintenance database; need not be that session's own.
        pid: its backend's process id.

    Raises:
        ServerError: the server failed.
    """
    parameters = {**_KEY_HALVES, "pid": pid}
    try:
        row = await (await connection.execute(_HOLDS, parameters)).fetchone()
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="checking the run lock", where=where) from None
    return bool(row and row[0])


async def _try(connection: Connection) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (KEY,))
    row = await cursor.fetchone()
    return bool(row and row[0])


async def _held(connection: Connection, wait: float) -> LockHeldError:
    row = await (await connection.execute(_HOLDER, _KEY_HALVES)).fetchone()
    waited = f"another run holds the instance (waited {wait:g} s)"
    if row is None:
        return LockHeldError(waited, hint="run again, or wait longer with --lock-timeout")
    pid, user, host, since, is_admin = row
    who = f"{waited}: pid {pid}, user {user}, host {host}, since {since or 'unknown'}"
    if is_admin:
        return LockHeldError(
            who, hint=f"wait, or end it with pg_terminate_backend({pid}) and run again"
        )
    return LockHeldError(
        f"{who}. This is interference: only the admin should be able to connect here",
        hint=f"have a superuser end pid {pid} with pg_terminate_backend and take CONNECT on the"
        f" database {connection.info.dbname} away from PUBLIC",
    )
