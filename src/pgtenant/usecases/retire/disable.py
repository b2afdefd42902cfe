"""`pgtenant retire --stage disable`, and `--undo`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pgtenant.audit.record import Action, Status
from pgtenant.errors import ExitCode, PgtenantError
from pgtenant.planning.effects import Effect
from pgtenant.planning.retirement.disable import plan_disable, plan_undo
from pgtenant.planning.retirement.view import View
from pgtenant.postgres.retiring import sessions_of
from pgtenant.postgres.sessions import end_session
from pgtenant.report.words import count, some
from pgtenant.usecases.recorder import Row
from pgtenant.usecases.retire.asked import Asked
from pgtenant.usecases.retire.carry import Carrier
from pgtenant.verify.facts import StaleSession

_LOOK_EVERY: Final = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stage ended.

    Attributes:
        errors: what failed after changes were made.
    """

    view: View
    errors: tuple[PgtenantError, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code."""
        return ExitCode.FAILED if self.errors else ExitCode.CONVERGED


async def disable(carrier: Carrier, asked: Asked, *, show: Callable[[View], None]) -> Outcome:
    """Take an entry out of service, or back into it.

    Args:
        carrier: what is shared.
        asked: what is to be done.
        show: called with the steps before anything is changed.

    Raises:
        PgtenantError: nothing was changed, or the rest is left to the next run.
    """
    undo, grace, dry_run = asked.undo, asked.grace, asked.dry_run
    subject, primary = carrier.subject, carrier.instance.primary
    batches = plan_undo(subject, carrier.observed) if undo else plan_disable(subject, carrier.now())
    database = subject.database.name if subject.database is not None else None
    there = () if undo else await sessions_of(primary, database, subject.names)
    notes = (f"{_listed(there)}: what is left after {grace:g} s is ended.",) if there else ()
    view = View(
        entry=subject.entry,
        stage="undo" if undo else "disable",
        batches=batches,
        lending=carrier.lending,
        notes=notes,
    )
    show(view)
    await carrier.start(batches, dry_run=dry_run)
    await carrier.prove(batches)
    if dry_run:
        await carrier.would(batches)
        return Outcome(view)
    await carrier.carry_out(batches)
    if not batches:
        word = "in service" if undo else "out of service"
        await carrier.record(Action.CHECK, Status.NO_CHANGE, f"is {word} already")
    if undo:
        return Outcome(view)
    left = await _end_sessions(carrier, database, grace)
    if not left:
        return Outcome(view)
    error = PgtenantError(
        f"logins are refused and the database is closed, but {_listed(left)} could not be ended",
        hint="have a superuser, or a member of pg_signal_backend, run"
        f" SELECT pg_terminate_backend({left[0].pid}); then run again",
    )
    return Outcome(view, errors=(error,))


async def _end_sessions(
    carrier: Carrier, database: str | None, grace: float
) -> tuple[StaleSession, ...]:
    """Wait for sessions to end, then end them; return those that did not."""
    primary, names = carrier.instance.primary, carrier.subject.names
    deadline = time.monotonic() + grace
    while there := await sessions_of(primary, database, names):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        await asyncio.sleep(min(_LOOK_EVERY, left))
    rows: list[Row] = []
    for session in there:
        ours = session.user in carrier.observed.roles
        began = time.monotonic()
        refusal = await end_session(primary, session, carrier.lending if ours else None)
        what = f"session {session.pid} of {session.user} in {session.database}"
        rows.append(
            Row(
                database=session.database,
                username=session.user,
                action=Action.END_SESSION,
                status=Status.ERROR if refusal else Status.SUCCESS,
                message=f"{what} was not ended: {refusal}" if refusal else f"{what} was ended",
                duration=time.monotonic() - began,
                entry=carrier.subject.entry,
                changes=(_effect(session).id,),
            )
        )
        await carrier.recorder.write(rows[-1:])
    return await sessions_of(primary, database, names) if there else ()


def _effect(session: StaleSession) -> Effect:
    where = (session.user, session.database, str(session.pid))
    return Effect((str(Action.END_SESSION), *where))


def _listed(sessions: Sequence[StaleSession]) -> str:
    who = some(sorted({f"{s.user} in {s.database}" for s in sessions}))
    return f"{count(len(sessions), 'session')} ({who})"
