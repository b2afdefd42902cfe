"""`pgtenant apply`: lock, look, plan, prove authority, carry out, record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pgtenant.audit.record import Action, Status
from pgtenant.codes import Code
from pgtenant.errors import AuditError, AuthorityError, PgtenantError
from pgtenant.planning.findings import DriftKind
from pgtenant.planning.observed import Observed
from pgtenant.planning.plan import Plan, make_plan
from pgtenant.report.progress import Progress
from pgtenant.usecases.accounted import accounted
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.locked import locked
from pgtenant.usecases.look import Instance, connected, observe
from pgtenant.usecases.outcome import (
    Outcome,
    bad_secret_rows,
    blocked_rows,
    closing_rows,
    failure_rows,
)
from pgtenant.usecases.preflight import prove_authority
from pgtenant.usecases.recorder import Recorder
from pgtenant.usecases.rows import entry_row, rows_of
from pgtenant.usecases.settle import ByPlan, planned_by, settle
from pgtenant.usecases.work import Work

__all__ = ["Outcome", "apply"]

_PASSES = 2
"""What was closed to us (a database, a role) is opened in the first pass, checked in the second."""


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
        inputs: catalog and secrets, all checked; secrets are read again under the run lock.
        recorder: writes the audit records.
        progress: told of each step.
        lock_wait: how many seconds to wait for another run.
        fail_fast: stop at the first error.
        dry_run: everything but the last call: the same SQL, the same checks.
        show: called with each plan before anything of it is carried out; may refuse it by
            raising a `PgtenantError`.

    Raises:
        LockHeldError: another run holds the instance.
        SecretError: a secret has become a bad one since.
        AuthorityError: the admin may not do all of it; nothing was changed.
        AuditError: a record could not be written; no further change was made.
        ServerError: the instance could not be read.
    """
    async with accounted(inputs, recorder), connected(inputs) as reached:
        instance = reached if dry_run else await locked(reached, wait=lock_wait)
        run = _Run(instance, recorder, progress, show, fail_fast=fail_fast)
        return await (run.rehearse() if dry_run else run.carry_out())


@dataclass(slots=True)
class _Run:
    """One apply on a connected instance.

    Attributes:
        failed: the keys of entries that have an error's row.
        unreached: the keys of entries with changes that were not carried out.
        blocked: the keys of blocked entries that have their row.
    """

    instance: Instance
    recorder: Recorder
    progress: Progress
    show: Callable[[Plan], None]
    fail_fast: bool
    errors: list[PgtenantError] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    unreached: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)

    async def rehearse(self) -> Outcome:
        """Do everything but the last call."""
        plan = await self._begin(dry_run=True)
        desired = self.instance.inputs.desired
        await self.recorder.write(
            [
                row
                for group in plan.groups
                for transaction in group.transactions
                for row in rows_of(transaction.changes, desired, Status.DRY_RUN)
            ]
        )
        return await self._end(plan)

    async def carry_out(self) -> Outcome:
        """Carry out the plan, then look again at what it opened."""
        plan = await self._begin()
        stopped = await self._work(plan)
        for _ in range(1, _PASSES):
            if stopped or not (plan.incomplete or plan.reopened):
                break
            first = plan.trusted
            plan, observed = await self._plan()
            if first is not None and plan.trusted is not None:
                plan = replace(plan, trusted=plan.trusted.and_by(first))
            if not plan.changes:
                break
            if await self._refused(plan, observed):
                return await self._end(plan)
            await self.recorder.announce(planned_by(plan, self.instance.inputs.desired))
            stopped = await self._work(plan)
        if not stopped:
            for database in plan.incomplete:
                await self._unread(plan, database)
        return await self._end(plan)

    async def _begin(self, *, dry_run: bool = False) -> Plan:
        """Make the first plan; nothing was changed before it is accepted and announced.

        Raises:
            AuditError: what earlier runs left open can't be read, or the plan not announced.
            AuthorityError: the admin may not do all of it.
            PgtenantError: `show` refused it.
        """
        inputs = self.instance.inputs
        observed = await observe(self.instance, progress=self.progress)
        plan = make_plan(observed, inputs.desired, only=inputs.selected)
        self.show(plan)
        opening = facts(inputs, plan, observed)
        if dry_run:  # without the run lock others may be at work
            await self.recorder.start(opening)
        else:
            judge = ByPlan(plan, observed, inputs.desired, inputs.selected)
            settlement = await settle(self.recorder, inputs, judge)
            await self.recorder.start(opening, planned_by(plan, inputs.desired), settlement)
        await self.recorder.write(bad_secret_rows(inputs))
        self.errors += inputs.bad_secrets.values()
        self.failed |= inputs.bad_secrets.keys()
        try:
            await prove_authority(self.instance, plan, observed)
        except AuthorityError as error:
            rows = failure_rows(inputs, plan.entries, Action.PREFLIGHT, error)
            await self.recorder.write(rows)
            raise
        await self._note_blocked(plan)
        return plan

    async def _plan(self) -> tuple[Plan, Observed]:
        inputs = self.instance.inputs
        observed = await observe(self.instance, progress=self.progress)
        plan = make_plan(observed, inputs.desired, only=inputs.selected)
        await self._note_blocked(plan)
        return plan, observed

    async def _refused(self, plan: Plan, observed: Observed) -> bool:
        """Show the second pass's plan and prove authority for it; the first one stands by then."""
        inputs = self.instance.inputs
        try:
            self.show(plan)
            await prove_authority(self.instance, plan, observed)
        except AuditError:
            raise
        except PgtenantError as error:
            self.errors.append(error)
            keys = {change.entry for change in plan.changes}
            self.failed |= keys
            await self.recorder.write(failure_rows(inputs, keys, Action.PREFLIGHT, error))
            return True
        return False

    async def _work(self, plan: Plan) -> bool:
        """Carry out a plan; return whether the run has to stop."""
        work = Work(
            instance=self.instance,
            plan=plan,
            recorder=self.recorder,
            progress=self.progress,
            fail_fast=self.fail_fast,
            failed=self.failed,
        )
        self.progress.start(sum(len(group.transactions) for group in plan.groups))
        try:
            await work.run()
        finally:
            self.progress.stop()
        self.errors += work.errors
        self.unreached |= work.unreached
        return work.stopped

    async def _note_blocked(self, plan: Plan) -> None:
        new = [one for one in plan.blocked if one.entry not in self.blocked]
        self.blocked |= {one.entry for one in new}
        await self.recorder.write(blocked_rows(self.instance.inputs, new))

    async def _unread(self, plan: Plan, database: str) -> None:
        inputs = self.instance.inputs
        entry = next(d.entry for d in inputs.desired.databases if d.name == database)
        if entry in self.failed:
            return
        unread = (d for d in plan.drift if d.kind is DriftKind.UNREAD_DATABASE)
        reason = next((d.message for d in unread if d.database == database), "")
        error = PgtenantError(
            f"the database {database} could not be read, so what is inside is unchecked: {reason}",
            hint="run again when that is mended; everything else was carried out",
            code=Code.UNREAD_DATABASE,
        )
        self.errors.append(error)
        self.failed.add(entry)
        await self.recorder.write(
            [entry_row(entry, inputs.desired, Action.CHECK, Status.ERROR, error.message)]
        )

    async def _end(self, plan: Plan) -> Outcome:
        await self.recorder.write(
            closing_rows(
                self.instance.inputs,
                self.recorder,
                plan,
                failed=self.failed,
                unreached=self.unreached,
            )
        )
        return Outcome(plan=plan, errors=tuple(self.errors), blocked=tuple(sorted(self.blocked)))
