"""`pgtenant adopt`: show what an unmarked role and database have, then mark them as managed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pgtenant.audit.record import Action, Status
from pgtenant.errors import AuthorityError, ExitCode, PgtenantError
from pgtenant.planning.adoption import Adoption, adopt
from pgtenant.planning.candidates import Candidate, State
from pgtenant.postgres.usage import read_usage
from pgtenant.report.progress import Progress
from pgtenant.usecases.accounted import accounted
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.locked import locked
from pgtenant.usecases.look import Instance, connected, observe
from pgtenant.usecases.outcome import blocked_rows
from pgtenant.usecases.preflight import prove_authority
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.rows import entry_row, rows_of
from pgtenant.usecases.settle import nothing_yet, planned_by, settle
from pgtenant.usecases.work import Work

_UNTOUCHED = {
    State.MANAGED: "managed by pgtenant already: nothing to adopt",
    State.ABSENT: "its role is not there: nothing to adopt",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an adoption ended.

    Attributes:
        errors: what failed.
    """

    adoption: Adoption
    errors: tuple[PgtenantError, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code: an error outweighs a blocked entry."""
        if self.errors:
            return ExitCode.FAILED
        return ExitCode.BLOCKED if self.adoption.plan.blocked else ExitCode.CONVERGED


async def adopt_entries(
    inputs: Inputs,
    recorder: Recorder,
    progress: Progress,
    *,
    lock_wait: float,
    take_ownership: bool = False,
    dry_run: bool = False,
    show: Callable[[Adoption], None] = lambda _: None,
) -> Outcome:
    """Mark the selected entries' roles and databases.

    Args:
        inputs: catalog and secrets, all checked; `inputs.only` selects.
        recorder: writes the audit records.
        progress: told of each step.
        lock_wait: how many seconds to wait for another run.
        take_ownership: change the owner of databases that the admin may hand over.
        dry_run: everything but the last call.
        show: called with the adoption before anything is changed.

    Raises:
        LockHeldError: another run holds the instance.
        SecretError: a secret has become a bad one since.
        AuthorityError: the admin may not do all of it; nothing was changed.
        AuditError: a record could not be written; no further change was made.
        ServerError: the instance could not be read.
    """
    async with accounted(inputs, recorder), connected(inputs) as reached:
        instance = reached if dry_run else await locked(reached, wait=lock_wait)
        inputs = instance.inputs
        selected = [
            role
            for role in inputs.desired.roles
            if inputs.only is None or role.entry in inputs.only
        ]
        # First, or our own looking around would be in it.
        usage = await read_usage(instance.primary)
        adopting = {name for role in selected for name in (role.name, role.login)}
        observed = await observe(instance, adopting=adopting)
        adoption = adopt(
            observed, inputs.desired, usage, only=inputs.only, take_ownership=take_ownership
        )
        show(adoption)
        opening = facts(inputs, adoption.plan, observed)
        if dry_run:
            await recorder.start(opening)
        else:
            settlement = await settle(recorder, inputs, nothing_yet)
            planned = planned_by(adoption.plan, inputs.desired)
            await recorder.start(opening, planned, settlement)
        try:
            await prove_authority(instance, adoption.plan, observed)
        except AuthorityError as error:
            await recorder.write(
                [
                    entry_row(key, inputs.desired, Action.PREFLIGHT, Status.ERROR, error.message)
                    for key in adoption.plan.entries
                ]
            )
            raise
        await recorder.write(blocked_rows(inputs, adoption.plan.blocked))
        errors: list[PgtenantError] = []
        if dry_run:
            await recorder.write(_would(inputs, adoption))
        else:
            errors = await _carry_out(instance, adoption, recorder, progress)
        await recorder.write(_untouched(inputs, adoption, recorder))
    return Outcome(adoption=adoption, errors=tuple(errors))


async def _carry_out(
    instance: Instance, adoption: Adoption, recorder: Recorder, progress: Progress
) -> list[PgtenantError]:
    work = Work(
        instance=instance,
        plan=adoption.plan,
        recorder=recorder,
        progress=progress,
        fail_fast=True,
    )
    progress.start(sum(len(group.transactions) for group in adoption.plan.groups))
    try:
        await work.run()
    finally:
        progress.stop()
    return work.errors


def _would(inputs: Inputs, adoption: Adoption) -> list[Row]:
    plan = adoption.plan
    return [
        row
        for group in plan.groups
        for transaction in group.transactions
        for row in rows_of(transaction.changes, inputs.desired, Status.DRY_RUN)
    ]


def _untouched(inputs: Inputs, adoption: Adoption, recorder: Recorder) -> list[Row]:
    """Return a row for each entry that has none yet."""
    told = {record.username for record in recorder.own}

    def row(candidate: Candidate) -> Row:
        status, message = Status.NO_CHANGE, _UNTOUCHED.get(candidate.state, "")
        if not message:
            status, message = Status.WARNING, "not reached: the run stopped at an error before it"
        return entry_row(candidate.wanted.entry, inputs.desired, Action.CHECK, status, message)

    return [row(c) for c in adoption.candidates if c.wanted.name not in told]
