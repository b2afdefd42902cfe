"""Log in as a tenant: the answer, and the session where there is one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from pgtenant.errors import ServerError
from pgtenant.planning.logins import LoginOutcome
from pgtenant.postgres.connect import Gate, Login
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.options import Timeouts

_FULL: Final = "53300"
_PAUSES: Final = (0.05, 0.2, 0.5)
"""Seconds: a session that just ended still counts against its role's limit for a moment."""

_STATEMENT: Final = 10.0
_LOCK: Final = 1.0
"""Seconds: nobody should wait for a proof."""


@dataclass(slots=True)
class Patience:
    """How often a full server is asked again, in a whole run."""

    left: int = 100


def patient_gate(gate: Gate) -> Gate:
    """Return the gate, budget included, with timeouts that suit attempts."""
    timeouts = Timeouts(connect=gate.endpoint.timeouts.connect, lock=_LOCK, statement=_STATEMENT)
    return replace(gate, endpoint=replace(gate.endpoint, timeouts=timeouts))


@dataclass(slots=True)
class Visit:
    """A login attempt that may become a session.

    Attributes:
        answer: how it ended.
        connection: the session, or None.
    """

    answer: LoginOutcome
    connection: Connection | None = field(default=None, repr=False)


@asynccontextmanager
async def visiting(
    gate: Gate, login: Login, database: str, patience: Patience
) -> AsyncIterator[Visit]:
    """Try to log in, and stay for the length of the block where that worked."""
    pauses = list(_PAUSES)
    while True:
        opening = gate.open(login, database)
        try:
            connection = await opening.__aenter__()
        except ServerError as error:
            if error.sqlstate == _FULL and pauses and patience.left > 0:
                patience.left -= 1
                await asyncio.sleep(pauses.pop(0))
                continue
            yield Visit(LoginOutcome(False, error.sqlstate, error.message))
            return
        break
    try:
        yield Visit(LoginOutcome(connected=True), connection)
    finally:
        await opening.__aexit__(None, None, None)
