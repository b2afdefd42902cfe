"""One retirement: lock, look, find the entry, go through its stage, record."""

from __future__ import annotations

from collections.abc import Callable

from pgtenant.audit.record import Action, Status
from pgtenant.codes import Code
from pgtenant.errors import AuditError, PgtenantError, UsageError
from pgtenant.planning.observed import Observed
from pgtenant.planning.retirement.subject import Subject, find_subject, mark_of
from pgtenant.planning.retirement.view import View
from pgtenant.planning.sql.script import Lending
from pgtenant.postgres.observe import observe_instance
from pgtenant.report.progress import Progress
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.locked import locked
from pgtenant.usecases.look import connected
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.retire.asked import Asked
from pgtenant.usecases.retire.carry import Carrier
from pgtenant.usecases.retire.disable import Outcome, disable
from pgtenant.usecases.retire.drop import drop
from pgtenant.usecases.retire.forget import forget
from pgtenant.usecases.retire.judging import by_retirement
from pgtenant.usecases.retire.operator import operator_of
from pgtenant.usecases.retire.window import left_open, mend
from pgtenant.usecases.rows import short
from pgtenant.usecases.settle import settle


async def retire_entry(
    inputs: Inputs,
    recorder: Recorder,
    progress: Progress,
    asked: Asked,
    *,
    lock_wait: float,
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
        show: called with the steps before anything is changed.
        ask: asks a person for a name; None where there is nobody to ask.

    Raises:
        LockHeldError: another run holds the instance.
        PgtenantError: something is in the way, or failed.
    """
    subject: Subject | None = None
    operator = operator_of(inputs, asked)
    try:
        async with connected(inputs) as reached:
            instance = reached if asked.dry_run else await locked(reached, wait=lock_wait)
            names = [role.name for role in inputs.desired.roles]
            observed = await observe_instance(instance.primary, roles=names, extensions=())
            subject = find_subject(observed, inputs.desired, asked.key)
            if subject is None:
                if operator is not None and asked.stage == "drop":
                    done = await forget(operator, inputs, recorder, observed, asked, show=show)
                    if done is not None:
                        return done
                return await _gone(inputs, recorder, observed, asked)
            carrier = Carrier(
                inputs=inputs,
                instance=instance,
                recorder=recorder,
                progress=progress,
                subject=subject,
                observed=observed,
                operator=operator,
            )
            if not asked.dry_run and left_open(carrier):
                await mend(carrier)
                subject = carrier.subject
            if asked.stage == "drop":
                return await drop(carrier, asked, lock_wait=lock_wait, show=show, ask=ask)
            return await disable(carrier, asked, show=show)
    except AuditError:
        raise
    except PgtenantError as error:
        if not recorder.audit.links:
            await recorder.start(facts(inputs))
        await recorder.write(_failures(inputs, recorder, asked.key, subject, error))
        raise


async def _gone(inputs: Inputs, recorder: Recorder, observed: Observed, asked: Asked) -> Outcome:
    """Settle a removal that was done to the end and could not be recorded.

    Raises:
        UsageError: no run of ours knows the key.
    """
    if asked.stage == "drop" and not asked.dry_run:
        judge = by_retirement({asked.key}, (), observed)
        settlement = await settle(recorder, inputs, judge)
        if settlement.rows:
            await recorder.start(facts(inputs, observed=observed), (), settlement)
            await recorder.write(
                [_row(asked.key, "", "", Status.NO_CHANGE, f"nothing is left of {asked.key}")]
            )
            return Outcome(View(asked.key, asked.stage, (), Lending.of(observed)))
    raise UsageError(
        f"neither the catalog of {inputs.environment} nor a role's marker knows {asked.key}",
        hint="`pgtenant plan` lists the entries; an entry that was dropped is gone",
        code=Code.NOTHING_TO_RETIRE,
    )


def _failures(
    inputs: Inputs, recorder: Recorder, key: str, subject: Subject | None, error: PgtenantError
) -> list[Row]:
    """Return a row for each role that has none yet."""
    message = error.message
    told = {record.username for record in recorder.own}
    if subject is not None:
        database = subject.database.name if subject.database is not None else ""
        found = [(mark_of(role).entry, database, role.name) for role in subject.roles]
    elif (declared := inputs.desired.by_entry.get(key)) is not None:
        together = next(d for d in inputs.desired.databases if d.name == declared.database)
        roles = together.roles if declared is together.owner else (declared,)
        found = [(role.entry, role.database, role.name) for role in roles]
    else:
        found, message = [(key, "", "")], f"{key}: {message}"
    return [_row(*one, Status.ERROR, message) for one in found if one[2] not in told]


def _row(entry: str, database: str, username: str, status: Status, message: str) -> Row:
    return Row(
        database=database,
        username=username,
        action=Action.RUN,
        status=status,
        message=short(message),
        entry=entry,
    )
