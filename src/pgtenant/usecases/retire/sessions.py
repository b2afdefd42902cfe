"""End the sessions of what lets nobody in any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import Final

from pgtenant.postgres.retiring import nobody_arrives, sessions_of
from pgtenant.postgres.sessions import end_session
from pgtenant.report.words import count, some
from pgtenant.usecases.retire.carry import Carrier
from pgtenant.usecases.sessions import ended_row
from pgtenant.verify.facts import StaleSession

_LOOK_EVERY: Final = 0.5  # seconds


async def end_all(
    carrier: Carrier,
    database: str | None,
    roles: Collection[str],
    *,
    grace: float = 0.0,
    spare: int = 0,
    own: bool = True,
) -> tuple[StaleSession, ...]:
    """Wait for sessions to end, then end them; return those that did not.

    Args:
        carrier: what is shared.
        database: whose sessions end, or None.
        roles: whose sessions end, wherever they are.
        grace: how many seconds they have to end by themselves.
        spare: the process id of a session of ours.
        own: whether others of ours end, too.

    Raises:
        PgtenantError: the server failed, or what was done could not be recorded.
    """
    primary = carrier.instance.primary

    async def there() -> tuple[StaleSession, ...]:
        found = await sessions_of(primary, database, roles, own=own)
        return tuple(s for s in found if s.pid != spare)

    if database is not None:
        await nobody_arrives(primary, database)
    deadline = time.monotonic() + grace
    while found := await there():
        left = deadline - time.monotonic()
        if left <= 0:
            break
        await asyncio.sleep(min(_LOOK_EVERY, left))
    for session in found:
        began = time.monotonic()
        ours = session.user in carrier.observed.roles
        refusal = await end_session(primary, session, carrier.lending if ours else None)
        if not refusal and session in await there():
            refusal = "it is still there"
        row = ended_row(session, refusal, began, entry=carrier.subject.entry)
        await carrier.recorder.write([row])
    return await there() if found else ()


def listed(sessions: Sequence[StaleSession]) -> str:
    """Return how many there are, and whose, in words."""
    who = some(sorted({f"{s.user} in {s.database}" for s in sessions}))
    return f"{count(len(sessions), 'session')} ({who})"
