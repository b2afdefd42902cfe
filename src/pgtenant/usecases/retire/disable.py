"""`pgtenant retire --stage disable`, and `--undo`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pgtenant.audit.record import Action, Status
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, PgtenantError, ServerError
from pgtenant.planning.retired import UNSEEN
from pgtenant.planning.retirement.disable import plan_disable, plan_undo
from pgtenant.planning.retirement.steps import Batch
from pgtenant.planning.retirement.told import as_told
from pgtenant.planning.retirement.view import View
from pgtenant.postgres.retiring import provided_owners, sessions_of, state_of
from pgtenant.report.words import some
from pgtenant.usecases.retire.asked import Asked
from pgtenant.usecases.retire.carry import Carrier
from pgtenant.usecases.retire.operator import told_by
from pgtenant.usecases.retire.sessions import end_all, listed


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
    stage = await _undoing(carrier) if asked.undo else await _closing(carrier, asked.grace)
    subject, batches = carrier.subject, stage.batches
    view = View(
        entry=subject.entry,
        stage="undo" if asked.undo else "disable",
        batches=batches,
        lending=carrier.lending,
        notes=stage.notes,
        told=carrier.operator is not None,
        waits=stage.waits,
    )
    show(view)
    await carrier.start(batches, dry_run=asked.dry_run)
    await carrier.prove(batches)
    if asked.dry_run:
        await carrier.would(batches)
        return Outcome(view)
    await carrier.carry_out(batches)
    if not batches:
        word = "in service" if asked.undo else "out of service"
        said = f"is {word} already" if not stage.waits else f"the manifests have it {word} already"
        await carrier.record(Action.CHECK, Status.NO_CHANGE, said)
    if asked.undo or stage.waits:
        return Outcome(view)
    database = subject.database.name if subject.database is not None else None
    left = await end_all(carrier, database, subject.names, grace=asked.grace, own=False)
    if not left:
        return Outcome(view)
    error = PgtenantError(
        f"logins are refused and the database is closed, but {listed(left)} could not be ended",
        hint="have a superuser, or a member of pg_signal_backend, run"
        f" SELECT pg_terminate_backend({left[0].pid}); then run again",
        code=Code.UNENDED_SESSIONS,
    )
    return Outcome(view, errors=(error,))


@dataclass(frozen=True, slots=True)
class _Stage:
    """What a stage does.

    Attributes:
        notes: what else there is to know, for people.
        waits: what others have to do before it is done, for people; empty for nothing.
    """

    batches: tuple[Batch, ...]
    notes: tuple[str, ...] = ()
    waits: str = ""


_SYNC = "commit, merge and sync the manifests"


async def _undoing(carrier: Carrier) -> _Stage:
    """Return what takes the entry back into service."""
    batches = plan_undo(carrier.subject, carrier.observed)
    if carrier.operator is None:
        return _Stage(batches)
    told = await told_by(carrier.operator, carrier.subject)
    as_said = plan_undo(as_told(carrier.subject, told), carrier.observed)
    return _Stage(as_said, waits=_SYNC if batches or as_said else "")


async def _closing(carrier: Carrier, grace: float) -> _Stage:
    """Return what takes the entry out of service, and what else there is to know."""
    subject, primary = carrier.subject, carrier.instance.primary
    notes: list[str] = []
    database = subject.database
    name = database.name if database is not None else None
    state = await state_of(primary, name, subject.names)
    foreign: tuple[str, ...] = ()
    if database is not None and database.allow_connections:
        try:
            async with carrier.enter(database.name) as connection:
                foreign = await provided_owners(connection)
        except ServerError as error:
            foreign = (UNSEEN,)
            notes.append(
                f"Whether the provider's roles own something in it was not seen: {error.message}"
            )
    if there := await sessions_of(primary, name, subject.names, own=False):
        when = "" if carrier.operator is None else " when this is run again after the sync"
        notes.append(f"{listed(there)}: what is left after {grace:g} s is ended{when}.")
    if subject.doubtful:
        notes.append(
            f"{some(subject.doubtful)} may CONNECT to it, and to a database of another entry: left"
            " alone, to be retired by their own keys."
        )
    owned = carrier.observed.owned_by(subject.role.name)
    if others := [d.name for d in owned if d.name != name and d.allow_connections]:
        notes.append(
            f"{subject.role.name} also owns {some(others)}: whoever else was let in there stays."
        )
    batches, shown = plan_disable(subject, state.now, foreign), tuple(notes)
    if carrier.operator is None:
        return _Stage(batches, shown)
    told = await told_by(carrier.operator, subject)
    waits = f"{_SYNC}; then the same command ends sessions" if batches else ""
    return _Stage(plan_disable(as_told(subject, told), state.now, foreign), shown, waits)
