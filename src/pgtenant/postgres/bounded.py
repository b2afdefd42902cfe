"""A connection that waits for no answer for ever.

`statement_timeout` ends most statements, on the server. It is off by the time that a `COMMIT`, or
a statement that commits by itself, waits for a synchronous standby, and a server that was stopped,
or whose disk hangs, keeps to no limit at all: these the client has to end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow

MARGIN: Final = 2.0
"""Seconds by which our limit is longer than the server's: its error says more."""

GRACE: Final = 5.0
"""Seconds that the server has to answer after it was asked to cancel."""

_UNTOLD: Final = 300.0
"""Seconds; the limit of a connection that nobody gave one."""

_RV = TypeVar("_RV")


class NoAnswerError(psycopg.OperationalError):
    """The server said nothing in time, nor when it was asked to cancel; the connection is gone."""


class BoundedConnection(psycopg.AsyncConnection[TupleRow]):
    """psycopg's connection with a limit to each wait for the server.

    It costs a timer, and no statement. When the time is up, the server is asked to cancel what it
    does; a server that does not even answer that is left.

    Attributes:
        limit: seconds for one wait, or from one answer of a wait to the next.
        overdue: whether the last wait was longer, and the server asked to cancel.
    """

    limit: float = _UNTOLD
    overdue: bool = False
    _watch: _Watch | None = None

    @contextlib.contextmanager
    def within(self, limit: float) -> Iterator[None]:
        """Have another limit in the block, in seconds."""
        before, self.limit = self.limit, limit
        try:
            yield
        finally:
            self.limit = before

    def heard(self) -> None:
        """Begin the time anew: the server has answered one of several statements."""
        if self._watch is not None:
            self._watch.start()

    async def wait(self, gen: PQGen[_RV], *args: Any, **kwargs: Any) -> _RV:
        """Wait for the server, as psycopg does for all that it sends.

        Raises:
            NoAnswerError: nothing came.
        """
        self.overdue = False
        watch = self._watch = _Watch(self)
        watch.start()
        try:
            return await super().wait(gen, *args, **kwargs)
        except psycopg.OperationalError:
            if not watch.gave_up:
                raise
            text = f"no answer within {self.limit:g} s, nor to the request to cancel"
            raise NoAnswerError(text) from None
        finally:
            await watch.end()


@dataclass(slots=True)
class _Watch:
    """Ends a wait that takes too long."""

    connection: BoundedConnection
    over: asyncio.Event = field(default_factory=asyncio.Event)
    gave_up: bool = False
    task: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Give the server its time, from now on."""
        if self.timer is not None:
            self.timer.cancel()
        if self.task is None:
            loop = asyncio.get_running_loop()
            self.timer = loop.call_later(self.connection.limit, self.begin)

    def begin(self) -> None:
        """Begin to end it; the wait then comes to its end by itself."""
        self.connection.overdue = True
        self.task = asyncio.create_task(self._cut_short())

    async def end(self) -> None:
        """Return when no request is under way that could cancel the next statement instead."""
        if self.timer is not None:
            self.timer.cancel()
        self.over.set()
        if self.task is not None:
            await self.task

    async def _cut_short(self) -> None:
        with contextlib.suppress(psycopg.Error, OSError):
            await self.connection.cancel_safe(timeout=GRACE)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await self.over.wait()
                return
        self.gave_up = True
        with (
            contextlib.suppress(psycopg.Error, OSError),
            socket.socket(fileno=os.dup(self.connection.fileno())) as line,
        ):
            line.shutdown(socket.SHUT_RDWR)
