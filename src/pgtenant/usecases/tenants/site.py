"""An entry's database with its owner logged in, where a run changes tenants and records it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from psycopg import sql

from pgtenant.audit.history import Open, PastRun
from pgtenant.audit.intent import Intent, Planned
from pgtenant.audit.record import Action, Status
from pgtenant.errors import PgtenantError, UsageError
from pgtenant.planning.effects import Effect
from pgtenant.planning.observed import Observed, Role
from pgtenant.planning.sql.render import Statement
from pgtenant.planning.sql.text import as_text
from pgtenant.planning.tenants.adding import Home, There
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.roles import leaving, left_behind
from pgtenant.planning.tenants.settling import by_schemas
from pgtenant.postgres.execute import Proviso, UnconfirmedError, run
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.lock import still_held
from pgtenant.postgres.observe import observe_instance
from pgtenant.postgres.tenant_schemas import schemas_there
from pgtenant.report.progress import Progress
from pgtenant.report.words import count
from pgtenant.usecases.blame import blame
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.look import Instance
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.rows import entry_row, failed_run, in_doubt, short
from pgtenant.usecases.settle import Finding as Settled
from pgtenant.usecases.settle import Judge, history_of, settlement_of


class Step(Protocol):
    """What is done for one tenant, in one transaction."""

    @property
    def says(self) -> str:
        """What it does, for people."""

    def effect(self, database: str) -> Effect:
        """Return what it brings about."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent for a step.

    Attributes:
        statements: for the journal.
    """

    statements: tuple[str, ...] = ()


_S = TypeVar("_S", bound=Step)
_R = TypeVar("_R", bound=Sent)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a command that changes an entry's tenants.

    Attributes:
        inputs: with the entry's secret.
        key: of an owner entry with `tenancy`.
        lock_wait: how many seconds to wait for another run.
        dry_run: take no lock and commit nothing.
    """

    inputs: Inputs
    recorder: Recorder
    progress: Progress
    key: str
    lock_wait: float
    dry_run: bool


@dataclass(slots=True)
class Site:
    """An entry's database, with its owner logged in.

    Attributes:
        connection: of the owner, in that database.
        home: whose its tenants are.
        lock: the question whether the run lock is still held; None for a dry run.
        roles: by name, those of tenants that have their own.
    """

    call: Call
    instance: Instance
    observed: Observed
    isolation: Isolation
    connection: Connection
    home: Home
    lock: Proviso | None = field(default=None)
    roles: Mapping[str, Role] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.roles = self.observed.tenants

    async def schemas(self, names: Collection[str], *, every: bool = False) -> dict[str, There]:
        """Return the schemas of these names and those of retired tenants; with `every`, all.

        Raises:
            ServerError: they could not be read.
        """
        prefix = self.home.prefix if every else ""
        return await schemas_there(self.connection, names, prefix=prefix)

    async def start(self, steps: Sequence[Step], action: Action) -> None:
        """Open the run in the journal, with what it is about to do.

        Raises:
            AuditError: it could not be written; nothing was changed.
        """
        opening = facts(self.instance.inputs, observed=self.observed)
        if self.call.dry_run:
            await self.call.recorder.start(opening)
            return
        self.lock = still_held(self.instance.primary.info.backend_pid)
        place, history = await history_of(self.call.recorder, self.instance.inputs)
        left = [
            one.intent.target
            for run in history.runs
            for one in run.open
            if run.command.startswith("tenant") and one.intent.entry == self.home.entry
        ]
        there = await self.schemas({name for target in left for name in target[2:]})
        settlement = settlement_of(history, self._judge(there), self.instance.inputs.desired, place)
        await self.call.recorder.start(opening, self._planned(steps, action), settlement)
        if self.home.own_roles:
            await self._go_on()

    async def _go_on(self) -> None:
        """Take those roles out of service whose schema was retired by a run that then ended."""
        there = await self.schemas(())
        found = list(left_behind(there.values(), self.home, self.roles))
        for schema, retired in found:
            says = f"role of {retired} taken out of service"
            began = time.monotonic()
            texts = list(leaving(schema, retired, self.home, self.roles))
            await self.as_admin(texts, says)
            row = Row(
                database=self.home.database,
                username=self.home.owner,
                action=Action.RETIRE_TENANT,
                status=Status.SUCCESS,
                message=says,
                duration=time.monotonic() - began,
                entry=self.home.entry,
                sql=tuple(as_text(text) for text in texts),
            )
            await self.call.recorder.write([row])
        if found:
            await self.look_at_roles()

    async def look_at_roles(self, names: Collection[str] = ()) -> Observed:
        """Read again what roles there are.

        Args:
            names: of roles that may be there and not ours.
        """
        wanted = {self.home.owner, *names}
        found = await observe_instance(self.instance.primary, roles=wanted, extensions=())
        self.roles = found.tenants
        return found

    async def as_admin(self, texts: Sequence[sql.Composable], doing: str) -> None:
        """Change roles, in one transaction.

        Raises:
            ServerError: something failed; nothing of it stays.
        """
        if texts:
            await run(
                self.instance.primary,
                [Statement(text) for text in texts],
                transactional=True,
                doing=doing,
                proviso=self.lock,
            )

    async def each(
        self,
        steps: Sequence[_S],
        action: Action,
        work: Callable[[_S], Awaitable[_R]],
        done: Callable[[_S, _R], None],
    ) -> None:
        """Do each step, and record it before the next is begun.

        Args:
            steps: in order.
            action: what the audit calls one.
            work: does one.
            done: told of each that was done.

        Raises:
            PgtenantError: one failed; those before it stay.
        """
        self.call.progress.start(len(steps))
        try:
            await self._each(steps, action, work, done)
        finally:
            self.call.progress.stop()

    async def _each(
        self,
        steps: Sequence[_S],
        action: Action,
        work: Callable[[_S], Awaitable[_R]],
        done: Callable[[_S, _R], None],
    ) -> None:
        for number, step in enumerate(steps):
            began = time.monotonic()
            try:
                async with blame(self.instance, self.connection, lambda: self.instance.primary):
                    sent = await work(step)
            except PgtenantError as error:
                stands = isinstance(error, UnconfirmedError)
                status = Status.WARNING if stands else Status.ERROR
                row = self._row(step, action, status, error.message, doubt=in_doubt(error))
                await self.call.recorder.write([row, failed_run(error)] if stands else [row])
                if isinstance(error, UsageError) and number:
                    raise PgtenantError(
                        f"{error.message}; what is done stays: {count(number, 'tenant')}",
                        hint=error.hint,
                        code=error.code,
                    ) from None
                raise
            status = Status.DRY_RUN if self.call.dry_run else Status.SUCCESS
            duration = time.monotonic() - began
            row = self._row(
                step, action, status, step.says, duration=duration, texts=sent.statements
            )
            await self.call.recorder.write([row])
            self.call.progress.advance(self.home.entry, step.says)
            done(step, sent)

    async def unchanged(self, message: str) -> None:
        """Record that nothing was to be done."""
        await self._check(Status.NO_CHANGE, message)

    async def warn(self, message: str) -> None:
        """Record what was left out."""
        await self._check(Status.WARNING, message)

    async def _check(self, status: Status, message: str) -> None:
        desired = self.instance.inputs.desired
        await self.call.recorder.write(
            [entry_row(self.home.entry, desired, Action.CHECK, status, message)]
        )

    def _planned(self, steps: Sequence[Step], action: Action) -> tuple[Planned, ...]:
        if not steps:
            return ()
        intents = []
        for step in steps:
            effect = step.effect(self.home.database)
            intents.append(
                Intent(
                    id=effect.id,
                    entry=self.home.entry,
                    username=self.home.owner,
                    database=self.home.database,
                    action=str(action),
                    says=step.says,
                    target=effect.target,
                    details=effect.details,
                )
            )
        return (Planned(group=self.home.database, declared="", intents=tuple(intents)),)

    def _row(
        self,
        step: Step,
        action: Action,
        status: Status,
        message: str,
        *,
        duration: float = 0.0,
        texts: tuple[str, ...] = (),
        doubt: bool = False,
    ) -> Row:
        return Row(
            database=self.home.database,
            username=self.home.owner,
            action=action,
            status=status,
            message=short(message),
            duration=duration,
            entry=self.home.entry,
            sql=texts,
            changes=(step.effect(self.home.database).id,),
            in_doubt=doubt,
        )

    def _judge(self, there: dict[str, There]) -> Judge:
        found = by_schemas(there)

        def judge(run: PastRun, one: Open) -> tuple[Settled, str]:
            if not run.command.startswith("tenant") or one.intent.entry != self.home.entry:
                return Settled.LATER, ""
            done, why = found(one.intent.target, one.intent.details)
            if why:
                return Settled.UNKNOWN, why
            return (Settled.IN_EFFECT if done else Settled.NEEDED), ""

        return judge
