"""One retirement: lock, look, find the entry, go through its stage, record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pgtenant.audit.record import Action, Status, stamp
from pgtenant.errors import AuditError, PgtenantError
from pgtenant.planning.retirement.subject import find_subject
from pgtenant.planning.retirement.view import View
from pgtenant.postgres.lock import take_run_lock
from pgtenant.postgres.observe import observe_instance
from pgtenant.report.progress import Progress
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.look import connected
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.retire.carry import Carrier
from pgtenant.usecases.retire.disable import Outcome, disable
from pgtenant.usecases.retire.drop import drop
from pgtenant.usecases.rows import entry_row, short


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for.

    Attributes:
        stage: `disable` or `drop`.
        grace: seconds.
        confirm: the name of what is dropped, or None when nobody has said it yet.
    """

    key: str
    stage: str
    undo: bool
    grace: float
    no_backup: bool
    confirm: str | None
    allow_owned: bool
    allow_foreign: bool
    dry_run: bool


async def retire_entry(
    inputs: Inputs,
    recorder: Recorder,
    progress: Progress,
    asked: Asked,
    *,
    lock_wait: float,
    clock: Callable[[], datetime],
    show: Callable[[View], None],
    ask: Callable[[str], str] | None,
) -> Outcome:
    """Carry out one stage for one entry.

    Args:
        inputs: catalog and the admin's secret; no entry's secret is needed.
        recorder: writes the audit records.
        progress: told of each step.
        asked: what is to be done.
        lock_wait: how many seconds to wait for another run.
        clock: the present moment, with a timezone.
        show: called with the steps before anything is changed.
        ask: asks a person for a name; None where there is nobody to ask.

    Raises:
        LockHeldError: another run holds the instance.
        PgtenantError: something is in the way, or failed.
    """
    try:
        async with connected(inputs) as instance:
            if not asked.dry_run:
                await take_run_lock(instance.primary, wait=lock_wait)
            names = [role.name for role in inputs.desired.roles]
            observed = await observe_instance(instance.primary, roles=names, extensions=())
            subject = find_subject(observed, inputs.desired, asked.key)
            carrier = Carrier(
                inputs=inputs,
                instance=instance,
                recorder=recorder,
                progress=progress,
                subject=subject,
                observed=observed,
                now=lambda: stamp(clock()),
            )
            if asked.stage == "drop":
                return await drop(
                    carrier,
                    clock=clock,
                    confirm=asked.confirm,
                    allow_owned=asked.allow_owned,
                    allow_foreign=asked.allow_foreign,
                    dry_run=asked.dry_run,
                    show=show,
                    ask=ask,
                )
            return await disable(
                carrier,
                undo=asked.undo,
                grace=asked.grace,
                dry_run=asked.dry_run,
                show=show,
            )
    except AuditError:
        raise
    except PgtenantError as error:
        if not recorder.audit.links:
            await recorder.start(facts(inputs))
        if not recorder.own:
            await recorder.write([_failure(inputs, asked.key, error)])
        raise


def _failure(inputs: Inputs, key: str, error: PgtenantError) -> Row:
    if key in inputs.desired.by_entry:
        return entry_row(key, inputs.desired, Action.RUN, Status.ERROR, error.message)
    return Row(
        database="",
        username="",
        action=Action.RUN,
        status=Status.ERROR,
        message=short(f"{key}: {error.message}"),
        entry=key,
    )
