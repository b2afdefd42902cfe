"""One `pgtenant rotate`: lock, look, choose, prove authority, rotate one by one, record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from pgtenant.audit.history import Open, PastRun
from pgtenant.audit.intent import Planned
from pgtenant.audit.record import Action, Status
from pgtenant.catalog.naming import second_login
from pgtenant.errors import AuditError, AuthorityError, ExitCode, PgtenantError
from pgtenant.planning.changes import Change, MarkRole
from pgtenant.planning.effects import effect_of
from pgtenant.planning.evidence import shown as in_effect
from pgtenant.planning.observed import Observed
from pgtenant.planning.order import AsAdmin, Group, Place, Transaction
from pgtenant.planning.plan import Plan
from pgtenant.planning.sql.script import Lending
from pgtenant.postgres.execute import Proviso
from pgtenant.postgres.lock import still_held
from pgtenant.postgres.observe import observe_instance
from pgtenant.report.progress import Progress
from pgtenant.report.rotation import rotated_sentence
from pgtenant.rotation.steps import Resume
from pgtenant.rotation.view import Rotated, State
from pgtenant.secrets.versioned import VersionedStore
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.locked import locked
from pgtenant.usecases.look import Instance
from pgtenant.usecases.preflight import prove_authority
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.rotate.access import as_admin, for_entries
from pgtenant.usecases.rotate.candidates import Candidate, Chooser
from pgtenant.usecases.rotate.memory import new_memory, remember
from pgtenant.usecases.rotate.steps import Pair, create, verifiers
from pgtenant.usecases.rotate.switch import Switch
from pgtenant.usecases.rows import in_doubt, rows_of, short
from pgtenant.usecases.settle import Finding, Judge, compared, needed_by, planned_by, settle

_STATUSES = {
    State.NOT_DUE: Status.NO_CHANGE,
    State.NOTHING: Status.NO_CHANGE,
    State.BLOCKED: Status.BLOCKED,
    State.FAILED: Status.ERROR,
    State.TO_DO: Status.WARNING,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a rotation ended.

    Attributes:
        errors: what failed.
    """

    rotated: tuple[Rotated, ...]
    errors: tuple[PgtenantError, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code: an error outweighs a blocked entry."""
        if self.errors:
            return ExitCode.FAILED
        blocked = any(one.state is State.BLOCKED for one in self.rotated)
        return ExitCode.BLOCKED if blocked else ExitCode.CONVERGED


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks of a rotation.

    Attributes:
        admin: the admin's own secret, and no entry's.
        fail_fast: stop at the first error.
        dry_run: everything but the changes.
        lock_wait: seconds.
    """

    admin: bool
    fail_fast: bool
    dry_run: bool
    lock_wait: float


class Show(Protocol):
    """Takes what is to be done before anything is, and again what became of it."""

    def __call__(self, rotated: Sequence[Rotated], *, ended: bool) -> None:
        """Keep or print it."""


async def rotate(
    inputs: Inputs,
    chooser: Chooser,
    recorder: Recorder,
    progress: Progress,
    asked: Asked,
    *,
    show: Show,
) -> Outcome:
    """Give secrets new passwords.

    Args:
        inputs: catalog and the admin's secret; no entry's secret is needed.
        chooser: chooses among them.
        recorder: writes the audit records.
        progress: told of each step.
        asked: what is to be done.
        show: called before anything is changed, and at the end.

    Raises:
        LockHeldError: another run holds the instance.
        AuthorityError: the admin may not do all of it; nothing was changed.
        AuditError: a record could not be written; no further change was made.
        SecretError: with `fail_fast`, one could not be read; nothing was changed.
        ServerError: the instance could not be read.
    """
    way = (
        as_admin(inputs, recorder, chooser.store) if asked.admin else for_entries(inputs, recorder)
    )
    async with way as reached:
        instance = reached if asked.dry_run else await locked(reached, wait=asked.lock_wait)
        roles = [role.name for role in inputs.desired.roles]
        names = () if asked.admin else [*roles, *map(second_login, roles)]
        observed = await observe_instance(instance.primary, roles=names, extensions=())
        chosen = [await chooser.admin()] if asked.admin else await chooser.entries(observed)
        unread = [one.error for one in chosen if one.error is not None]
        if unread and asked.fail_fast:
            raise unread[0]
        rotation = _Rotation(
            instance, chooser.store, recorder, progress, observed, errors=list(unread)
        )
        show([one.shown for one in chosen], ended=False)
        rotated = await rotation.carry_out(chosen, asked)
        show(rotated, ended=True)
    return Outcome(rotated=tuple(rotated), errors=tuple(rotation.errors))


@dataclass(slots=True)
class _Rotation:
    """One rotation of several secrets on a connected instance."""

    instance: Instance
    store: VersionedStore
    recorder: Recorder
    progress: Progress
    observed: Observed
    errors: list[PgtenantError] = field(default_factory=list)

    @property
    def _lock(self) -> Proviso:
        return still_held(self.instance.primary.info.backend_pid)

    async def carry_out(self, chosen: Sequence[Candidate], asked: Asked) -> list[Rotated]:
        """Rotate one after the other.

        Raises:
            AuthorityError: the admin may not do all of it; nothing was changed.
            AuditError: a record could not be written.
        """
        to_do = [one for one in chosen if one.to_do]
        await self._begin(to_do, dry_run=asked.dry_run)
        await self.recorder.write([self._row(one, one.shown) for one in chosen if not one.to_do])
        ended: dict[str, Rotated] = {}
        self.progress.start(len(to_do))
        try:
            for one in to_do:
                if asked.dry_run:
                    await self.recorder.write([self._row(one, one.shown, Status.DRY_RUN)])
                elif self.errors and asked.fail_fast:
                    ended[one.shown.entry] = _unreached(one)
                    row = self._row(one, _unreached(one))
                    await self.recorder.write(
                        [replace(row, action=Action.CHECK, sql=(), changes=())]
                    )
                else:
                    ended[one.shown.entry] = await self._one(one)
        finally:
            self.progress.stop()
        return [ended.get(one.shown.entry, one.shown) for one in chosen]

    async def _begin(self, to_do: Sequence[Candidate], *, dry_run: bool) -> None:
        plan = self._plan(to_do)
        inputs = self.instance.inputs
        opening = facts(inputs, plan, self.observed)
        if dry_run:
            await self.recorder.start(opening)
        else:
            settlement = await settle(self.recorder, inputs, self._judge(plan))
            await self.recorder.start(opening, self._planned(plan, to_do), settlement)
        try:
            await prove_authority(self.instance, plan, self.observed)
        except AuthorityError as error:
            rows = [replace(self._row(one, one.shown), action=Action.PREFLIGHT) for one in to_do]
            message = short(error.message)
            await self.recorder.write(
                [replace(row, status=Status.ERROR, message=message) for row in rows]
            )
            raise

    def _judge(self, plan: Plan) -> Judge:
        """Return what judges earlier rotations of the same secrets; all else is left to `apply`."""
        needed = needed_by(map(effect_of, plan.changes))

        def judge(run: PastRun, one: Open) -> tuple[Finding, str]:
            if not run.command.startswith("rotate") or one.intent.entry not in plan.entries:
                return Finding.LATER, ""
            return compared(one.intent, needed, lambda e: in_effect(e, self.observed))

        return judge

    def _planned(self, plan: Plan, to_do: Sequence[Candidate]) -> Sequence[Planned]:
        says = {effect_of(one.change).id: rotated_sentence(one.shown) for one in to_do}
        return [
            replace(
                group,
                intents=tuple(replace(i, says=says.get(i.id, i.says)) for i in group.intents),
            )
            for group in planned_by(plan, self.instance.inputs.desired)
        ]

    def _plan(self, to_do: Sequence[Candidate]) -> Plan:
        """Return what is to be sent to the server, as a plan of the usual kind."""
        return Plan(
            environment=self.instance.inputs.environment,
            entries=tuple(one.subject.entry for one in to_do),
            groups=tuple(
                Group(
                    database=one.database,
                    transactions=tuple(
                        Transaction(Place(None, AsAdmin(), apart=one.subject.entry), (change,))
                        for change in self._changes(one)
                    ),
                )
                for one in to_do
            ),
            blocked=(),
            drift=(),
            lending=Lending.of(self.observed),
            maintenance_database=self.instance.inputs.maintenance_database,
        )

    def _changes(self, one: Candidate) -> Sequence[Change]:
        mark = self._mark(one, one.version)
        return [one.change, *([mark] if mark is not None else [])]

    def _mark(self, one: Candidate, version: str) -> MarkRole | None:
        return new_memory(self.observed.roles.get(one.subject.role), version)

    async def _one(self, one: Candidate) -> Rotated:
        began = time.monotonic()
        shown = one.shown
        try:
            pair = await self._pending(one)
            shown = replace(shown, username=pair.new.username, resumed=pair.resumed)
            both = await verifiers(self.instance, pair)
            switch = Switch(self.instance, self.store, one.subject, pair, both, self._lock)
            window = await switch.run()
        except AuditError:
            raise
        except PgtenantError as error:
            self.errors.append(error)
            shown = replace(shown, state=State.FAILED, reason=error.message)
            row = self._row(one, shown, duration=time.monotonic() - began)
            doubt = self.instance.primary.closed and in_doubt(error)
            await self.recorder.write([replace(row, in_doubt=doubt)])
            return shown
        shown = replace(shown, state=State.ROTATED, version=pair.pending.id, window=window)
        await self.recorder.write([self._row(one, shown, duration=window)])
        self.progress.advance(one.subject.entry, rotated_sentence(shown))
        return await self._after(one, pair, shown)

    async def _pending(self, one: Candidate) -> Pair:
        begun = one.begun
        if begun is None:
            msg = "nothing is to be done"
            raise AssertionError(msg)
        pending = begun.pending if isinstance(begun, Resume) else None
        pair = await create(self.store, one.subject, begun.current, pending, one.token)
        if not pair.resumed:
            message = f"{one.subject.secret}: version {pair.pending.id} is pending"
            row = self._row(one, one.shown, Status.SUCCESS)
            row = replace(row, action=Action.STORE_SECRET, message=message, sql=(), changes=())
            await self.recorder.write([row])
        return pair

    async def _after(self, one: Candidate, pair: Pair, shown: Rotated) -> Rotated:
        """Do what has time until the new version is in force."""
        try:
            await self.store.withdraw(one.subject.secret, pair.pending)
            mark = self._mark(one, pair.pending.id)
            if mark is not None:
                await remember(self.instance, mark, proviso=self._lock)
                desired = self.instance.inputs.desired
                await self.recorder.write(rows_of([mark], desired, Status.SUCCESS))
        except AuditError:
            raise
        except PgtenantError as error:
            self.errors.append(error)
            shown = replace(shown, reason=error.message)
            row = replace(self._row(one, shown, Status.ERROR), message=short(error.message))
            await self.recorder.write([replace(row, changes=(), sql=())])
        return shown

    def _row(
        self, one: Candidate, shown: Rotated, status: Status | None = None, *, duration: float = 0.0
    ) -> Row:
        """Return the row of one secret; those of entries name its role, as all others do."""
        succeeded = shown.state is State.ROTATED
        touched = one.to_do and shown.state in {State.TO_DO, State.ROTATED, State.FAILED}
        status = status or (Status.SUCCESS if succeeded else _STATUSES[shown.state])
        (row,) = rows_of([one.change], self.instance.inputs.desired, status, duration=duration)
        return replace(
            row,
            username=one.subject.role,
            database=one.database,
            action=Action.UPDATE_PASSWORD if touched else Action.CHECK,
            message=short(rotated_sentence(shown)),
            sql=row.sql if touched else (),
            changes=row.changes if touched else (),
        )


def _unreached(one: Candidate) -> Rotated:
    return replace(one.shown, reason="not reached: the run stopped at an error before it")
