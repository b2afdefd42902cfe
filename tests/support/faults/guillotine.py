"""Runs that die at a chosen statement, as by `kill -9`: the server sees the socket close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from psycopg import sql

from pgtenant.postgres import batch, execute


class Killed(BaseException):
    """The run is gone; nothing of ours may catch it."""


class Guillotine:
    """Counts the statements that change something, and ends the session before one of them.

    Attributes:
        count: statements sent since the last `before`.
        texts: what they were.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.texts: list[str] = []
        self._fatal = 0
        send = execute._send

        async def _send(
            connection: Any, statements: Sequence[Any], *args: Any, **kwargs: Any
        ) -> None:
            await send(_Watched(connection, self), statements, *args, **kwargs)  # type: ignore[arg-type]

        together = batch.send_together

        async def send_together(
            connection: Any, texts: Sequence[sql.Composable], *args: Any
        ) -> list[bytes | None]:
            for text in texts[1:]:  # without BEGIN
                if not (shown := text.as_string(None)).startswith("\nSELECT"):
                    self.strike(connection, shown)
            return await together(connection, texts, *args)

        monkeypatch.setattr(execute, "_send", _send)
        monkeypatch.setattr(execute, "send_together", send_together)

    def before(self, number: int) -> None:
        """Let the run die before its statement `number`, from 1; 0 lets it live."""
        self.count, self._fatal, self.texts = 0, number, []

    def strike(self, connection: Any, text: str) -> None:
        self.count += 1
        self.texts.append(text)
        if self._fatal and self.count >= self._fatal:
            connection.pgconn.finish()
            raise Killed


class _Watched:
    """A connection of psycopg's that tells of each statement."""

    def __init__(self, connection: Any, guillotine: Guillotine) -> None:
        self._connection = connection
        self._guillotine = guillotine

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._connection, attribute)

    async def execute(self, query: Any, *args: Any) -> Any:
        text = query if isinstance(query, str) else query.as_string(None)
        self._guillotine.strike(self._connection, text)
        return await self._connection.execute(query, *args)
