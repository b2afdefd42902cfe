"""`pgtenant apply`: lock, look, plan, prove authority, carry out, record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pgtenant.audit.record import Action, Status
from pgtenant.errors import AuthorityError, ExitCode, PgtenantError
from pgtenant.planning.plan import Plan, make_plan
from pgtenant.postgres.lock import take_run_lock
from pgtenant.report.progress import Progress
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.look import Instance, connected, observe
from pgtenant.usecases.preflight import prove_authority
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.rows import entry_row, rows_of
from pgtenant.usecases.work import Work

_PASSES = 2
"""What was closed to us (a database, a role) is opened in the first pass, checked in the second."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an apply ended.

    Attributes:
        plan: the first pass's plan.
        errors: what failed.
        blocked: the keys of blocked entries.
    """

    plan: Plan
    errors: tuple[PgtenantError, ...]
    blocked: tuple[str, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code: an error outweighs a blocked entry."""
        if self.errors:
            return ExitCode.FAILED
        return ExitCode.BLOCKED if self.blocked else ExitCode.CONVERGED


async def apply(
    inputs: Inputs,
    recorder: Recorder,
    progress: Progress,
    *,
    lock_wait: float,
    fail_fast: bool = True,
    dry_run: bool = False,
    show: Callable[[Plan], None] = lambda _: None,
) -> Outcome:
    """Bring the instance to what the catalog says.

    Args:
        inputs: catalog and secrets, all checked.
        recorder: writes the audit records.
        progress: told of each step.
        lock_wait: how many seconds to wait for another run.
        fail_fast: stop at the first error.
        dry_run: everything but the last call: the same SQL, the same checks.
        show: called with the plan before anything is changed.

    Raises:
        LockHeldError: another run holds the instance.
        AuthorityError: the admin may not do all of it; nothing was changed.
        AuditError: a record could not be written; no further change was made.
        ServerError: the instance could not be read.
    """
    async with connected(inputs) as instance:
        if not dry_run:
            await take_run_lock(instance.primary, wait=lock_wait)
        observed = await observe(instance)
        plan = make_plan(observed, inputs.desired, only=inputs.selected)
        show(plan)
        await recorder.start(facts(inputs, plan, observed))
        try:
            await prove_authority(instance, plan, observed)
        except AuthorityError as error:
            await recorder.write(_preflight(inputs, plan, error))
            raise
        await recorder.write(_before(inputs, plan))
        errors: list[PgtenantError] = list(inputs.bad_secrets.values())
        if dry_run:
            await recorder.write(
                [
                    row
                    for group in plan.groups
                    for transaction in group.transactions
                    for row in rows_of(transaction.changes, inputs.desired, Status.DRY_RUN)
                ]
            )
        else:
            errors += await _carry_out(instance, plan, recorder, progress, fail_fast=fail_fast)
        await recorder.write(_untouched(inputs, plan, recorder, stopped=bool(errors and fail_fast)))
    return Outcome(plan=plan, errors=tuple(errors), blocked=plan.blocked_entries)


async def _carry_out(
    instance: Instance, plan: Plan, recorder: Recorder, progress: Progress, *, fail_fast: bool
) -> list[PgtenantError]:
    inputs = instance.inputs
    errors: list[PgtenantError] = []
    failed: set[str] = set()
    for remaining in reversed(range(_PASSES)):
        work = Work(
            instance=instance,
            plan=plan,
            recorder=recorder,
            progress=progress,
            fail_fast=fail_fast,
            failed=failed,
        )
        progress.start(sum(len(group.transactions) for group in plan.groups))
        try:
            await work.run()
        finally:
            progress.stop()
        errors += work.errors
        if not (plan.incomplete or plan.reopened) or work.stopped:
            break
        observed = await observe(instance)
        plan = make_plan(observed, inputs.desired, only=inputs.selected)
        if not remaining or not plan.changes:
            break
        await prove_authority(instance, plan, observed)
    for database in plan.incomplete:
        if not errors:
            errors.append(await _unread(inputs, recorder, plan, database))
    return errors


async def _unread(inputs: Inputs, recorder: Recorder, plan: Plan, database: str) -> PgtenantError:
    entry = next(d.entry for d in inputs.desired.databases if d.name == database)
    reason = next(
        (d.message for d in plan.drift if d.database == database and "entered" in d.message), ""
    )
    error = PgtenantError(
        f"the database {database} could not be entered, so what is inside is unchecked: {reason}",
        hint="run again; if it stays so, look at its settings in pg_db_role_setting",
    )
    await recorder.write(
        [entry_row(entry, inputs.desired, Action.CHECK, Status.ERROR, error.message)]
    )
    return error


def _before(inputs: Inputs, plan: Plan) -> list[Row]:
    """Return the rows about entries that this run can't or may not touch."""
    rows = [
        entry_row(key, inputs.desired, Action.FETCH_SECRET, Status.ERROR, error.message)
        for key, error in sorted(inputs.bad_secrets.items())
    ]
    rows += [
        entry_row(
            blocked.entry,
            inputs.desired,
            Action.CHECK,
            Status.BLOCKED,
            f"{blocked.reason}. {blocked.executor} would run: {blocked.statement}"
            if blocked.statement
            else blocked.reason,
        )
        for blocked in plan.blocked
    ]
    return rows


def _preflight(inputs: Inputs, plan: Plan, error: AuthorityError) -> list[Row]:
    return [
        entry_row(key, inputs.desired, Action.PREFLIGHT, Status.ERROR, error.message)
        for key in plan.entries
    ]


def _untouched(inputs: Inputs, plan: Plan, recorder: Recorder, *, stopped: bool) -> list[Row]:
    """Return a row for each entry that has none yet.

    It is as declared, unless the run stopped before it came to an entry that has changes.
    """
    changed = {change.entry for change in plan.changes} if stopped else set()
    told = {record.username for record in recorder.records}

    def row(key: str) -> Row:
        if key in changed:
            status, message = Status.WARNING, "not reached: the run stopped at an error before it"
        else:
            status, message = Status.NO_CHANGE, "role, database and grants are as declared"
        return entry_row(key, inputs.desired, Action.CHECK, status, message)

    return [one for one in map(row, plan.entries) if one.username not in told]
