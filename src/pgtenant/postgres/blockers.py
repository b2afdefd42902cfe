"""Name who holds the lock that a statement of ours did not get.

The server tells only while the statement waits, and only another session can ask then: after
`lock_timeout` nothing connects the two any more. So somebody watches what takes long.
https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SESSION
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import psycopg
from psycopg.rows import class_row

from pgtenant.errors import ServerError
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.options import Timeouts
from pgtenant.postgres.queries import query

Witness = Callable[[], AbstractAsyncContextManager[Connection]]
"""Gives a connection other than the one that is watched, for a moment."""

_WAITED: Final = frozenset({"55P03", "57014"})
"""Lock timeout, and statement timeout where that is the shorter one."""

_LOOKS: Final = 3
"""How often in the time of a timeout, so that at least one falls into any wait that ends by it."""

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class _Blocker:
    """A session in the way; all is None that the admin may not see.

    Attributes:
        pid: 0 stands for a prepared transaction.
        since: when its transaction began, in UTC.
        state: as in `pg_stat_activity`.
    """

    pid: int
    user: str | None
    database: str | None
    application: str | None
    state: str | None
    since: str | None


@dataclass(slots=True)
class _Watch:
    """What was seen when somebody was last seen in the way.

    Attributes:
        pid: of the session that may have to wait.
        limit: seconds after which a wait ends in an error.
        when: on the monotonic clock.
        witness: the name of the role that looked.
    """

    pid: int
    limit: float
    over: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[_Blocker] = field(default_factory=list)
    when: float = 0.0
    witness: str = ""

    @property
    def every(self) -> float:
        """Seconds between two looks."""
        return self.limit / _LOOKS

    @property
    def lately(self) -> list[_Blocker]:
        """What was seen during the wait that ends now: it lasted for the whole limit."""
        return self.seen if time.monotonic() - self.when <= self.limit else []

    async def keep(self, witness: Witness) -> None:
        """Look now and then until it is over."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.every):
                    await self.over.wait()
                return
            # A look that fails costs a name in a message, and must not cost a run.
            with suppress(psycopg.Error, ServerError, TimeoutError):
                async with asyncio.timeout(self.every), witness() as connection:
                    await self._look(connection)

    async def _look(self, connection: Connection) -> None:
        self.witness = connection.info.user
        async with connection.cursor(row_factory=class_row(_Blocker)) as cursor:
            asked = time.monotonic()
            await cursor.execute(query("blockers"), {"pid": self.pid})
            if found := await cursor.fetchall():
                self.seen, self.when = found, asked


@asynccontextmanager
async def naming_blockers(
    connection: Connection, witness: Witness, timeouts: Timeouts
) -> AsyncIterator[None]:
    """Let the error of a lock that was not had in time say who held it.

    Nothing is sent before a third of the timeout is over.

    Args:
        connection: what the block uses.
        witness: gives the connection that asks; is called while the block runs.
        timeouts: the session's.

    Raises:
        ServerError: what the block raised, with the names.
    """
    if connection.closed:  # what is done with it says so
        yield
        return
    watch = _Watch(connection.info.backend_pid, min(timeouts.lock, timeouts.statement))
    watcher = asyncio.create_task(watch.keep(witness))
    try:
        yield
    except ServerError as error:
        if error.sqlstate not in _WAITED or not watch.lately:
            raise
        raise _named(error, watch) from None
    finally:
        watch.over.set()
        await watcher


def _named(error: ServerError, watch: _Watch) -> ServerError:
    shown = "; ".join(_describe(one) for one in watch.seen[:_SHOWN])
    more = f"; and {len(watch.seen) - _SHOWN} more" if len(watch.seen) > _SHOWN else ""
    one = watch.seen[0]
    if one.pid:
        ask = f"end it as {one.user or 'its user'} with pg_terminate_backend({one.pid})"
        hint = f"have it finish, or {ask}, and run again"
    else:
        hint = "see pg_prepared_xacts: COMMIT PREPARED or ROLLBACK PREPARED ends it; then run again"
    if one.pid and one.state is None:
        hint += f". GRANT pg_read_all_stats TO {watch.witness} would show its state, and since when"
    return ServerError(
        f"{error.message}; in the way: {shown}{more}",
        hint=hint,
        sqlstate=error.sqlstate,
        entry=error.entry,
        code=error.code,
    )


def _describe(one: _Blocker) -> str:
    if not one.pid:
        return "a prepared transaction"
    parts = [f"pid {one.pid}"]
    parts += [
        f"{name} {value}"
        for name, value in (
            ("user", one.user),
            ("application", one.application),
            ("database", one.database),
            ("since", one.since),
        )
        if value
    ]
    return ", ".join([*parts, *([one.state] if one.state else [])])
