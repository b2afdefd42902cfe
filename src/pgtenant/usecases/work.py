"""Carry out a plan's groups: side by side, each in order, every step recorded before the next."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

from psycopg import sql

from pgtenant.audit.record import Action, Status
from pgtenant.catalog.model import Auth
from pgtenant.errors import AuditError, PgtenantError, ServerError
from pgtenant.planning.changes import CreateRole, RevokeDatabase, UpdatePassword, UsePassword
from pgtenant.planning.logins import judge
from pgtenant.planning.observed import PasswordState
from pgtenant.planning.order import AsLogin, Group, Transaction
from pgtenant.planning.plan import Plan
from pgtenant.planning.sql.render import Statement
from pgtenant.planning.sql.script import script
from pgtenant.postgres import scram
from pgtenant.postgres.connect import Login
from pgtenant.postgres.execute import UnconfirmedError, run
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.lock import holds_run_lock
from pgtenant.postgres.options import NO_SCHEMAS, OWN_SCHEMAS
from pgtenant.postgres.probe import try_login
from pgtenant.report.describe import describe, sentence
from pgtenant.report.progress import Progress
from pgtenant.usecases.blame import blame
from pgtenant.usecases.look import Instance
from pgtenant.usecases.recorder import Recorder
from pgtenant.usecases.rows import entry_row, failed_run, in_doubt, rows_of

_NO_SUCH_DATABASE = "3D000"
_PER_WORKER = 2
"""A worker holds a connection to the maintenance database and one to the database it works on."""


@dataclass(slots=True)
class Work:
    """One plan being carried out.

    Attributes:
        fail_fast: stop at the first error; otherwise leave out the entries it hit.
        failed: the keys of those entries.
        errors: in the order in which they happened.
        left: how many changes of each entry have not been carried out.
    """

    instance: Instance
    plan: Plan
    recorder: Recorder
    progress: Progress
    fail_fast: bool
    failed: set[str] = field(default_factory=set)
    errors: list[PgtenantError] = field(default_factory=list)
    stopped: bool = False
    left: Counter[str] = field(default_factory=Counter)

    @property
    def unreached(self) -> set[str]:
        """The keys of entries with changes that were not carried out."""
        return {entry for entry, changes in self.left.items() if changes}

    async def run(self) -> None:
        """Carry out every group.

        Raises:
            AuditError: a record could not be written; no further change was begun.
        """
        self.left = Counter(change.entry for change in self.plan.changes)
        groups = deque(self.plan.groups)
        budget = self.instance.inputs.settings.server.connections
        workers = max(1, min(budget // _PER_WORKER, len(groups)))
        async with asyncio.TaskGroup() as tasks:
            for number in range(workers):
                tasks.create_task(self._worker(groups, primary=number == 0))
        for error in self.errors:
            if isinstance(error, AuditError):
                raise error

    async def _worker(self, groups: deque[Group], *, primary: bool) -> None:
        async with AsyncExitStack() as stack:
            connection = self.instance.primary if primary else None
            while groups and not self.stopped:
                group = groups.popleft()
                try:
                    if connection is None:
                        connection = await stack.enter_async_context(self._maintenance())
                    await self._group(group, connection)
                except PgtenantError as error:
                    await self._fail(group.transactions[0], error)
                if connection is not None and connection.closed and not primary:
                    connection = None

    @asynccontextmanager
    async def _maintenance(self) -> AsyncIterator[Connection]:
        instance = self.instance
        async with instance.gate.open(
            instance.admin, instance.inputs.maintenance_database
        ) as connection:
            yield connection

    async def _group(self, group: Group, maintenance: Connection) -> None:
        owners = {d.name: d.entry for d in self.instance.inputs.desired.databases}
        for transaction in group.transactions:
            if self.stopped or owners.get(group.database) in self.failed:
                return
            changes = tuple(c for c in transaction.changes if c.entry not in self.failed)
            if not changes:
                continue
            part = replace(transaction, changes=changes)
            try:
                await self._check_lock(maintenance)
                await self._transaction(part, maintenance)
                self.left.subtract(change.entry for change in changes)
            except PgtenantError as error:
                await self._fail(part, error)
            self.progress.advance(changes[0].entry, describe(changes[0]))

    async def _transaction(self, transaction: Transaction, maintenance: Connection) -> None:
        began = time.monotonic()
        unconfirmed: UnconfirmedError | None = None
        async with self._connection(transaction, maintenance) as connection:
            statements = script(
                transaction,
                self.plan.lending,
                lambda role, secret: self._verifier(connection, role, secret),
            )
            try:
                async with blame(self.instance, connection, maintenance):
                    status = await _run(connection, statements, transaction)
            except UnconfirmedError as error:
                status, unconfirmed = Status.WARNING, error
        await self.recorder.write(
            rows_of(
                transaction.changes,
                self.instance.inputs.desired,
                status,
                duration=time.monotonic() - began,
                because=unconfirmed.message if unconfirmed is not None else "",
            )
        )
        if unconfirmed is not None:
            await self._stop_unconfirmed(unconfirmed)
            return
        for change in transaction.changes:
            if isinstance(change, UpdatePassword | UsePassword) or (
                isinstance(change, CreateRole) and change.auth is Auth.PASSWORD
            ):
                await self._log_in(change)

    @asynccontextmanager
    async def _connection(
        self, transaction: Transaction, maintenance: Connection
    ) -> AsyncIterator[Connection]:
        place, instance = transaction.place, self.instance
        if place.database is None:
            yield maintenance
            return
        login, search_path = instance.admin, NO_SCHEMAS
        if isinstance(place.session, AsLogin):
            login = self._login(place.session.role, place.session.secret)
            search_path = OWN_SCHEMAS
        async with instance.gate.open(login, place.database, search_path=search_path) as connection:
            yield connection

    async def _log_in(self, change: CreateRole | UpdatePassword | UsePassword) -> None:
        """Prove the password that was just set: a malformed verifier would have become it."""
        instance = self.instance
        outcome = await try_login(
            instance.gate,
            self._login(change.role, change.secret),
            instance.inputs.maintenance_database,
        )
        state, note = judge(outcome, expired=False)
        if state is PasswordState.WRONG:
            raise ServerError(
                f"the server refuses the password of {change.role} that was just set",
                hint="does something else set it too? Run again",
                sqlstate="28P01",
            )
        if state is PasswordState.UNPROVEN:
            await self.recorder.write(
                [
                    entry_row(
                        change.entry,
                        instance.inputs.desired,
                        Action.UPDATE_PASSWORD,
                        Status.WARNING,
                        f"the password was set and could not be proven: {note}",
                    )
                ]
            )

    async def _stop_unconfirmed(self, error: UnconfirmedError) -> None:
        """Stop: what was committed stands, and every further commit would wait as long."""
        first = not any(isinstance(known, UnconfirmedError) for known in self.errors)
        self.stopped = True
        if first:
            self.errors.append(error)
            await self.recorder.write([failed_run(error)])

    async def _fail(self, transaction: Transaction, error: PgtenantError) -> None:
        self.errors.append(error)
        self.failed.update(transaction.entries)
        if self.fail_fast or isinstance(error, AuditError):
            self.stopped = True
        if isinstance(error, AuditError):
            return
        try:
            await self.recorder.write(
                rows_of(
                    transaction.changes,
                    self.instance.inputs.desired,
                    Status.ERROR,
                    because=error.message,
                    doubtful=in_doubt(error),
                )
            )
        except AuditError as unwritten:
            self.errors.append(unwritten)
            self.stopped = True

    async def _check_lock(self, maintenance: Connection) -> None:
        """Refuse to go on when the connection that holds the run lock is gone.

        The server is asked, over the connection at hand: a client learns that a session of
        its own was ended only when it next uses it.
        """
        primary = self.instance.primary
        if not primary.closed and await holds_run_lock(maintenance, primary.info.backend_pid):
            return
        self.stopped = True
        raise ServerError(
            "the connection that holds the run lock was lost; nothing more was changed",
            hint="run again: the next run continues from what is there",
        )

    def _login(self, role: str, secret: str) -> Login:
        return Login(role, self.instance.inputs.passwords[secret].reveal())

    def _verifier(self, connection: Connection, role: str, secret: str) -> sql.Composable:
        return scram.verifier(connection, role, self.instance.inputs.passwords[secret].reveal())


async def _run(
    connection: Connection, statements: Sequence[Statement], transaction: Transaction
) -> Status:
    try:
        await run(
            connection,
            statements,
            transactional=transaction.place.transactional,
            doing=sentence(transaction.changes[0]),
        )
    except ServerError as error:
        closing = all(isinstance(c, RevokeDatabase) and c.undeclared for c in transaction.changes)
        if closing and error.sqlstate == _NO_SUCH_DATABASE:
            return Status.NO_CHANGE  # its owner dropped it meanwhile: nothing is left to close
        raise
    return Status.SUCCESS
