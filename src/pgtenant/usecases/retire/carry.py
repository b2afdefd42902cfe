"""Announce a retirement's steps, carry them out, and record each transaction before the next."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from psycopg import sql

from pgtenant.audit.intent import Intent, Planned
from pgtenant.audit.record import Action, Status
from pgtenant.codes import Code
from pgtenant.errors import AuditError, AuthorityError, PgtenantError
from pgtenant.planning.authority import missing_comment, missing_loan
from pgtenant.planning.changes import MarkRole, RoleChange
from pgtenant.planning.effects import effect_of_retirement
from pgtenant.planning.observed import Observed
from pgtenant.planning.retirement.steps import Batch, DropRole, Step
from pgtenant.planning.retirement.subject import Subject, find_subject, mark_of
from pgtenant.planning.retirement.told import is_told
from pgtenant.planning.sql.retirement import retirement_script
from pgtenant.planning.sql.script import Lending
from pgtenant.postgres import scram
from pgtenant.postgres.authority import admins_of, refused_comments, refused_loans
from pgtenant.postgres.connect import Login
from pgtenant.postgres.execute import Proviso, UnconfirmedError, run
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.lock import still_held
from pgtenant.postgres.observe import observe_instance
from pgtenant.report.progress import Progress
from pgtenant.report.retirement import step_sentence, texts_of
from pgtenant.report.words import some
from pgtenant.secrets.secret import Secret
from pgtenant.usecases.blame import blame
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.look import Instance
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.retire.judging import action_of_step, by_retirement
from pgtenant.usecases.retire.operator import Operator
from pgtenant.usecases.rows import attempted, failed_run, in_doubt, short
from pgtenant.usecases.settle import settle


@dataclass(slots=True)
class Carrier:
    """What the stages of a retirement share.

    Attributes:
        operator: who is told what to do to roles and databases; None where we do it ourselves.
        passwords: of roles that are made, by name.
        entered: how many sessions this run has opened in each database but the maintenance one.
    """

    inputs: Inputs
    instance: Instance
    recorder: Recorder
    progress: Progress
    subject: Subject
    observed: Observed
    operator: Operator | None = None
    passwords: dict[str, Secret] = field(default_factory=dict, repr=False)
    entered: Counter[str] = field(default_factory=Counter)
    lending: Lending = field(init=False)
    lock: Proviso | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.lending = Lending.of(self.observed)

    async def look(self) -> None:
        """Read the server again.

        Raises:
            PgtenantError: the entry is not there any more.
        """
        desired, entry = self.inputs.desired, self.subject.entry
        names = {*self.subject.names, *(role.name for role in desired.roles)}
        primary = self.instance.primary
        observed = await observe_instance(primary, roles=names, extensions=())
        found = find_subject(observed, desired, entry)
        if found is None:
            raise PgtenantError(
                f"{entry} is not there any more", hint="run again", code=Code.CHANGED_MEANWHILE
            )
        self.subject, self.observed, self.lending = found, observed, Lending.of(observed)

    @asynccontextmanager
    async def enter(self, database: str, login: Login | None = None) -> AsyncIterator[Connection]:
        """Open a session, as the admin or as `login`, and count it.

        Raises:
            ServerError: the connection was refused or did not come about.
        """
        opened = self.instance.gate.open(login or self.instance.admin, database)
        async with opened as connection:
            self.entered[database] += 1
            yield connection

    async def start(self, batches: Sequence[Batch] = (), *, dry_run: bool) -> None:
        """Open the run in the journal, with what it is about to do; later calls say what more."""
        if self.lock is not None:
            await self.recorder.announce(self._planned(batches))
            return
        opening = facts(self.inputs, observed=self.observed)
        if dry_run:
            await self.recorder.start(opening)
            return
        self.lock = still_held(self.instance.primary.info.backend_pid)
        steps = [step for batch in batches for step in batch.steps]
        keys = {mark_of(role).entry for role in self.subject.roles}
        judge = by_retirement(keys, steps, self.observed)
        settlement = await settle(self.recorder, self.inputs, judge)
        await self.recorder.start(opening, self._planned(batches), settlement)

    async def prove(self, batches: Iterable[Batch]) -> None:
        """Check that the admin may do it, by doing and undoing what it is refused first.

        Raises:
            AuthorityError: it may not; nothing was changed.
        """
        batches = [batch for batch in batches if not self.tells(batch)]
        primary, steps = self.instance.primary, [s for b in batches for s in b.steps]
        borrowed = {role for b in batches for role in (b.acting, *b.rights)} - {"", self._admin}
        touched = {s.role for s in steps if isinstance(s, RoleChange | DropRole)}
        roles = () if self.observed.server.admin.superuser else borrowed | touched
        refusals = await refused_loans(primary, roles, self.lending)
        missing = [
            missing_loan(role, refusal, await admins_of(primary, role), self.observed)
            for role, refusal in sorted(refusals.items())
        ]
        marks = [s for s in steps if isinstance(s, MarkRole) and s.role not in refusals]
        for role, refusal in sorted((await refused_comments(primary, marks)).items()):
            admins = await admins_of(primary, role)
            missing.append(missing_comment(role, refusal, admins, self.observed))
        if missing:
            lines = "\n".join(f"  {m.message}" for m in missing)
            cures = "\n".join(f"  {m.statement};  -- as {m.executor}" for m in missing)
            error = AuthorityError(
                f"the admin may not carry this out; nothing was changed:\n{lines}",
                hint=f"have this run, then try again:\n{cures}",
            )
            await self.record(Action.PREFLIGHT, Status.ERROR, error.message)
            raise error

    async def carry_out(
        self, batches: Sequence[Batch], *, within: Connection | None = None
    ) -> None:
        """Run each batch and record it.

        Args:
            batches: in order.
            within: a session in the database that they run in, where there is one already.

        Raises:
            PgtenantError: one failed, or could not be recorded; none after it was begun.
        """
        for batch in batches:
            await self._carry_out(batch, within)

    async def announced(self, *batches: Batch, within: Connection | None = None) -> None:
        """Say in the journal what comes next, and run it.

        Raises:
            PgtenantError: one failed, or could not be recorded; none after it was begun.
        """
        if batches:
            await self.start(batches, dry_run=False)
            await self.carry_out(batches, within=within)

    async def tried(self, *batches: Batch) -> PgtenantError | None:
        """Run what nothing else depends on; return why it failed, which is recorded.

        Raises:
            AuditError: it could not be recorded.
        """
        try:
            await self.announced(*batches)
        except AuditError:
            raise
        except PgtenantError as error:
            return error
        return None

    async def would(self, batches: Iterable[Batch]) -> None:
        """Record what a dry run did not do."""
        for batch in batches:
            await self.recorder.write(self._rows(batch, Status.DRY_RUN))

    async def record(
        self, action: Action, status: Status, message: str, *changes: str, duration: float = 0.0
    ) -> None:
        """Write a row about the entry as a whole."""
        await self.recorder.write(
            [
                Row(
                    database=self._database,
                    username=self.subject.role.name,
                    action=action,
                    status=status,
                    message=short(message),
                    entry=self.subject.entry,
                    changes=changes,
                    duration=duration,
                )
            ]
        )

    def tells(self, batch: Batch) -> bool:
        """Return whether a batch is written into manifests, and not sent to the server."""
        return self.operator is not None and is_told(batch)

    async def _tell(self, operator: Operator, batch: Batch) -> None:
        try:
            files = await asyncio.to_thread(operator.tell, batch.steps)
        except PgtenantError as error:
            await self.recorder.write(self._rows(batch, Status.ERROR, because=error.message))
            raise
        written = f"written to {some(files)}; the operator does it when that is merged and synced"
        await self.recorder.write(self._rows(batch, Status.SUCCESS, note=written))
        self.progress.advance(self.subject.entry, written)

    async def _carry_out(self, batch: Batch, within: Connection | None) -> None:
        if self.operator is not None and is_told(batch):
            await self._tell(self.operator, batch)
            return
        began = time.monotonic()
        doing = step_sentence(batch.steps[0])
        script = retirement_script(batch, self.lending, lambda role, _: self._verifier(role))
        async with AsyncExitStack() as stack:
            connection = within or self.instance.primary
            if within is None and batch.database is not None:
                connection = await stack.enter_async_context(self.enter(batch.database))
            try:
                async with blame(self.instance, connection):
                    await run(
                        connection,
                        script,
                        transactional=batch.transactional,
                        doing=doing,
                        proviso=self.lock,
                    )
            except PgtenantError as error:
                stands = isinstance(error, UnconfirmedError)
                rows = self._rows(
                    batch,
                    Status.WARNING if stands else Status.ERROR,
                    because=error.message,
                    doubt=in_doubt(error),
                )
                await self.recorder.write([*rows, failed_run(error)] if stands else rows)
                raise
        duration = time.monotonic() - began
        await self.recorder.write(self._rows(batch, Status.SUCCESS, duration=duration))
        self.progress.advance(self.subject.entry, doing)

    def _verifier(self, role: str) -> sql.Composable:
        password = self.passwords[role].reveal()
        return scram.verifier(self.instance.primary, role, password).literal

    def _rows(
        self,
        batch: Batch,
        status: Status,
        *,
        because: str = "",
        duration: float = 0.0,
        doubt: bool = False,
        note: str = "",
    ) -> list[Row]:
        grouped: dict[tuple[str, Action, str, str], list[Step]] = {}
        for step in batch.steps:
            key = (step.entry, self._action(step, batch), self._home(step), self._user(step))
            grouped.setdefault(key, []).append(step)
        texts = () if self.tells(batch) else tuple(texts_of(batch, self.lending))
        noted = [note] if note else []
        return [
            Row(
                database=database,
                username=user,
                action=action,
                status=status,
                message=short(attempted([*map(step_sentence, together), *noted], because)),
                duration=duration,
                entry=entry,
                sql=texts,
                changes=tuple(effect_of_retirement(step).id for step in together),
                in_doubt=doubt,
            )
            for (entry, action, database, user), together in grouped.items()
        ]

    def _planned(self, batches: Sequence[Batch]) -> tuple[Planned, ...]:
        intents = [
            Intent(
                id=(effect := effect_of_retirement(step)).id,
                entry=step.entry,
                username=self._user(step),
                database=self._home(step),
                action=str(self._action(step, batch)),
                says=step_sentence(step),
                target=effect.target,
                objects=effect.objects,
                details=effect.details,
            )
            for batch in batches
            for step in batch.steps
        ]
        return (Planned(group="", declared="", intents=tuple(intents)),) if intents else ()

    def _action(self, step: Step, batch: Batch) -> Action:
        return Action.WRITE_MANIFEST if self.tells(batch) else action_of_step(step)

    def _home(self, step: Step) -> str:
        return getattr(step, "database", "") or self._database

    def _user(self, step: Step) -> str:
        return getattr(step, "role", "") or self.subject.role.name

    @property
    def _admin(self) -> str:
        return self.observed.server.admin.name

    @property
    def _database(self) -> str:
        subject = self.subject
        if subject.database is not None:
            return subject.database.name
        return (subject.retired.database or "") if subject.retired is not None else ""
