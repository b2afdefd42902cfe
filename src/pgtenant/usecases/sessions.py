"""End the sessions that keep an access which was revoked: `pgtenant verify --terminate`."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pgtenant.audit.intent import Intent, Planned
from pgtenant.audit.record import Action, Status
from pgtenant.errors import PgtenantError
from pgtenant.planning.effects import Effect
from pgtenant.planning.sql.script import Lending
from pgtenant.postgres.sessions import end_session
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.locked import locked
from pgtenant.usecases.look import connected
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.rows import in_doubt
from pgtenant.usecases.settle import nothing_yet, settle
from pgtenant.usecases.verify import read_ground
from pgtenant.verify.facts import StaleSession


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one session.

    Attributes:
        refusal: why it could not be ended, or empty.
    """

    session: StaleSession
    refusal: str


async def stale_sessions(inputs: Inputs) -> tuple[StaleSession, ...]:
    """Return the sessions that could not be opened now, sorted.

    Raises:
        ServerError: the instance could not be read.
    """
    async with connected(inputs) as instance:
        return (await read_ground(instance)).facts.stale


async def end_sessions(
    inputs: Inputs, sessions: tuple[StaleSession, ...], recorder: Recorder, *, lock_wait: float
) -> tuple[Ended, ...]:
    """End sessions one after the other: announced before the first, recorded after each.

    Args:
        inputs: the run's.
        sessions: those that somebody agreed to end; others are left alone.
        recorder: writes the audit records.
        lock_wait: how many seconds to wait for another run: roles are borrowed.

    Raises:
        LockHeldError: another run holds the instance.
        AuditError: a record could not be written; no further session was ended.
        ServerError: the server failed.
    """
    ended: list[Ended] = []
    async with connected(inputs) as reached:
        instance = await locked(reached, wait=lock_wait)
        ground = await read_ground(instance)
        lending = Lending.of(ground.observed)
        opening = facts(inputs, observed=ground.observed)
        settlement = await settle(recorder, inputs, nothing_yet)
        await recorder.start(opening, [_planned(sessions)], settlement)
        for session in sessions:
            began = time.monotonic()
            ours = session.user in ground.observed.roles
            try:
                refusal = await end_session(instance.primary, session, lending if ours else None)
            except PgtenantError as error:
                await recorder.write(
                    [ended_row(session, error.message, began, doubt=in_doubt(error))]
                )
                raise
            ended.append(Ended(session, refusal))
            await recorder.write([ended_row(session, refusal, began)])
    return tuple(ended)


def _planned(sessions: tuple[StaleSession, ...]) -> Planned:
    return Planned(
        group="",
        declared="",
        intents=tuple(
            Intent(
                id=_effect(session).id,
                entry="",
                username=session.user,
                database=session.database,
                action=str(Action.END_SESSION),
                says=f"{_named(session)} ended",
                target=_effect(session).target,
            )
            for session in sessions
        ),
    )


def _effect(session: StaleSession) -> Effect:
    return Effect((str(Action.END_SESSION), session.user, session.database, str(session.pid)))


def _named(session: StaleSession) -> str:
    return f"session {session.pid} of {session.user} in {session.database}"


def ended_row(
    session: StaleSession, refusal: str, began: float, *, doubt: bool = False, entry: str = ""
) -> Row:
    """Return what is recorded of a session that was to be ended.

    Args:
        session: the one.
        refusal: why it could not be ended, or empty.
        began: when that began, by the monotonic clock.
        doubt: whether it is not known how that ended.
        entry: the key of the entry for which it was to be ended, if any.
    """
    done = _named(session)
    return Row(
        database=session.database,
        username=session.user,
        action=Action.END_SESSION,
        status=Status.ERROR if refusal else Status.SUCCESS,
        message=f"{done} was not ended: {refusal}" if refusal else f"{done} was ended",
        duration=time.monotonic() - began,
        entry=entry,
        changes=(_effect(session).id,),
        in_doubt=doubt,
    )
