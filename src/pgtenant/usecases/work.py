"""Carry out a plan's groups: side by side, each in order, every step recorded before the next."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import InitVar, dataclass, field, replace

from pgtenant.audit.record import Action, Status
from pgtenant.errors import AuditError, PgtenantError, ServerError
from pgtenant.planning.changes import RevokeDatabase
from pgtenant.planning.order import AsAdmin, AsLogin, Group, Transaction, parts_of, place_of
from pgtenant.planning.plan import Plan
from pgtenant.planning.sql.render import Statement
from pgtenant.planning.sql.script import script
from pgtenant.postgres.connect import Keys, Login
from pgtenant.postgres.execute import Proviso, UnconfirmedError, run
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.lock import LockLostError, lock_lost, still_held
from pgtenant.postgres.options import NO_SCHEMAS, OWN_SCHEMAS
from pgtenant.report.describe import describe, sentence
from pgtenant.report.progress import Progress
from pgtenant.usecases.blame import blame
from pgtenant.usecases.look import Instance
from pgtenant.usecases.new_passwords import NewPassword, prove, set_by, still_stored, verifiers
from pgtenant.usecases.recorder import Recorder
from pgtenant.usecases.rows import entry_row, failed_rows, failed_run, rows_of

_NO_SUCH_DATABASE = "3D000"
_PRIMARY = 1
"""The connection that is open all the time."""

_AT_ONCE = 8
"""How many groups one connection to the maintenance database serves."""


@dataclass(slots=True)
class _Piece:
    """One group's work.

    Attributes:
        owner: the key of the entry that owns the group's database, if one does.
        left: what is to be done, in order.
        unproven: what has set a password that no login has proven yet.
    """

    group: InitVar[Group]
    owner: str | None
    left: deque[Transaction] = field(default_factory=deque)
    unproven: list[NewPassword] = field(default_factory=list)

    def __post_init__(self, group: Group) -> None:
        self.left.extend(group.transactions)

    def next(self, *, inside: bool) -> Transaction | None:
        """Take the next transaction, if it is in the database itself, or in the maintenance one."""
        if self.left and (self.left[0].place.database is not None) is inside:
            return self.left.popleft()
        return None


@dataclass(slots=True)
class Work:
    """One plan being carried out.

    Attributes:
        fail_fast: stop at the first error; otherwise leave out the entries it hit.
        failed: the keys of those entries.
        errors: in the order in which they happened.
        left: how many changes of each entry have not been carried out.
        workers: how many there are.
        lock: the question whether the run lock is still held.
        keys: of the passwords that were set and not proven yet, by role.
        primary_in_use: whether one of them works on the connection that holds the run lock.
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
    workers: int = 1
    lock: Proviso | None = None
    primary_in_use: bool = False
    keys: dict[str, Keys | None] = field(default_factory=dict, repr=False)

    @property
    def unreached(self) -> set[str]:
        """The keys of entries with changes that were not carried out."""
        return {entry for entry, changes in self.left.items() if changes}

    async def run(self) -> None:
        """Carry out every group.

        Raises:
            AuditError: a record could not be written; no further change was begun.
        """
        if not self.instance.primary.closed:
            self.lock = still_held(self.instance.primary.info.backend_pid)
        self.left = Counter(change.entry for change in self.plan.changes)
        owners = {d.name: d.entry for d in self.instance.inputs.desired.databases}
        waiting = deque(_Piece(group, owners.get(group.database)) for group in self.plan.groups)
        ready: deque[_Piece] = deque()
        budget = self.instance.inputs.settings.server.connections
        self.workers = max(1, min(budget - _PRIMARY, len(waiting)))
        async with asyncio.TaskGroup() as tasks:
            for number in range(self.workers):
                tasks.create_task(self._worker(waiting, ready, primary=number == 0))
        for error in self.errors:
            if isinstance(error, AuditError):
                raise error

    async def _worker(self, waiting: deque[_Piece], ready: deque[_Piece], *, primary: bool) -> None:
        """Take what is next, and never more than one connection besides primary's.

        What is done in the maintenance database comes first for all of some groups: so one
        connection serves them, and is closed before databases are entered. Those are entered by
        whoever is free. Primary's stays open, so that its worker goes from group to group.

        Args:
            waiting: for what is done in the maintenance database.
            ready: for what is done in their own.
            primary: whether it works on the primary connection.
        """
        while not self.stopped:
            if ready:
                piece = ready.popleft()
                await self._inside(piece)
                if piece.left:
                    waiting.appendleft(piece)
            elif waiting:
                size = 1 if primary else min(_AT_ONCE, -(-len(waiting) // self.workers))
                pieces = [waiting.popleft() for _ in range(size)]
                await self._outside(pieces, primary=primary)
                ready.extend(pieces)
            else:
                return

    async def _outside(self, pieces: Sequence[_Piece], *, primary: bool) -> None:
        """Carry out what is next in the maintenance database."""
        async with AsyncExitStack() as stack:
            connection: Connection | None = None
            if primary:
                connection = self.instance.primary
                stack.enter_context(self._using_primary())
            for piece in pieces:
                while (transaction := piece.next(inside=False)) is not None:
                    if not (part := self._due(piece, transaction)):
                        continue
                    try:
                        self._check_primary()
                        if connection is None or (connection.closed and not primary):
                            await stack.aclose()  # all others may be waiting for one to end, too
                            connection = await stack.enter_async_context(self._maintenance())
                        await self._carry_out(part, connection)
                    except PgtenantError as error:
                        if self._divisible(part, error, connection):
                            piece.left.extendleft(reversed(parts_of(part)))
                            continue
                        await self._fail(part, error)
                    else:
                        piece.unproven += set_by(part)
                    self._advance(part)

    async def _inside(self, piece: _Piece) -> None:
        """Prove the passwords that were set, then carry out what is next in the database itself."""
        logins, piece.unproven = piece.unproven, []
        for login in logins:
            if self.stopped:
                return
            try:
                await self._prove(login)
            except PgtenantError as error:
                await self._fail(Transaction(place_of(login.change), (login.change,)), error)
        while (transaction := piece.next(inside=True)) is not None:
            if not (part := self._due(piece, transaction)):
                continue
            try:
                self._check_primary()
                async with self._connection(part) as connection:
                    await self._carry_out(part, connection)
            except PgtenantError as error:
                await self._fail(part, error)
            self._advance(part)

    def _divisible(
        self, part: Transaction, error: PgtenantError, connection: Connection | None
    ) -> bool:
        """Return whether each entry is to try alone what they could not do together."""
        return (
            not self.fail_fast
            and not self.stopped
            and isinstance(part.place.session, AsAdmin)
            and len(part.entries) > 1
            and not isinstance(error, AuditError)
            and connection is not None
            and not connection.closed
        )

    def _due(self, piece: _Piece, transaction: Transaction) -> Transaction | None:
        """Return what is still to be done of a transaction."""
        if self.stopped or piece.owner in self.failed:
            piece.left.clear()
            return None
        changes = tuple(c for c in transaction.changes if c.entry not in self.failed)
        return replace(transaction, changes=changes) if changes else None

    def _check_primary(self) -> None:
        """Refuse to go on where it is known here that the connection with the run lock is lost."""
        if self.instance.primary.closed:
            self.stopped = True
            raise lock_lost()

    def _advance(self, part: Transaction) -> None:
        self.progress.advance(part.changes[0].entry, describe(part.changes[0]))

    @contextmanager
    def _using_primary(self) -> Iterator[None]:
        self.primary_in_use = True
        try:
            yield
        finally:
            self.primary_in_use = False

    def _idle(self) -> Connection | None:
        return None if self.primary_in_use else self.instance.primary

    @asynccontextmanager
    async def _maintenance(self) -> AsyncIterator[Connection]:
        instance = self.instance
        async with instance.gate.open(
            instance.admin, instance.inputs.maintenance_database
        ) as connection:
            yield connection

    async def _carry_out(self, transaction: Transaction, connection: Connection) -> None:
        """Run one transaction and record it; refuse where the run lock is gone.

        The server is asked, over the connection at hand: a client learns that a session of
        its own was ended only when it next uses it.
        """
        began = time.monotonic()
        unconfirmed: UnconfirmedError | None = None
        new = await verifiers(connection, transaction, self.instance.inputs.passwords)
        statements = script(transaction, self.plan.lending, lambda role, _: new[role].literal)
        await still_stored(self.instance, transaction)
        try:
            async with blame(self.instance, connection, self._idle):
                status = await _run(connection, statements, transaction, self.lock)
        except LockLostError:
            self.stopped = True
            raise
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
        self.left.subtract(change.entry for change in transaction.changes)
        self.keys |= {role: made.keys for role, made in new.items()}
        if unconfirmed is not None:
            await self._stop_unconfirmed(unconfirmed)

    @asynccontextmanager
    async def _connection(self, transaction: Transaction) -> AsyncIterator[Connection]:
        """Enter the database that a transaction is in."""
        place, instance = transaction.place, self.instance
        login, search_path = instance.admin, NO_SCHEMAS
        if isinstance(place.session, AsLogin):
            login = self._login(place.session.role)
            search_path = OWN_SCHEMAS
        assert place.database is not None  # noqa: S101 - the maintenance one is opened for many
        async with instance.gate.open(login, place.database, search_path=search_path) as connection:
            yield connection

    async def _prove(self, new: NewPassword) -> None:
        """Prove the password that was just set."""
        unproven = await prove(self.instance, new, self.keys.pop(new.role, None))
        if unproven:
            await self.recorder.write(
                [
                    entry_row(
                        new.change.entry,
                        self.instance.inputs.desired,
                        Action.UPDATE_PASSWORD,
                        Status.WARNING,
                        f"the password was set and could not be proven: {unproven}",
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
                failed_rows(transaction.changes, self.instance.inputs.desired, error)
            )
        except AuditError as unwritten:
            self.errors.append(unwritten)
            self.stopped = True

    def _login(self, role: str) -> Login:
        login = self.instance.login(self.instance.inputs.desired.by_name[role])
        assert login is not None  # noqa: S101 - an entry whose secret is bad is not planned for
        return login


def _together(transaction: Transaction) -> str:
    """Return what a transaction does, for an error that is about all of it."""
    first, others = transaction.changes[0], len(transaction.entries) - 1
    more = f" (and {others} more in the same transaction)" if others > 0 else ""
    return f"{sentence(first)}{more}"


async def _run(
    connection: Connection,
    statements: Sequence[Statement],
    transaction: Transaction,
    lock: Proviso | None,
) -> Status:
    try:
        await run(
            connection,
            statements,
            transactional=transaction.place.transactional,
            doing=_together(transaction),
            of_one=sentence,
            proviso=lock,
        )
    except ServerError as error:
        closing = all(isinstance(c, RevokeDatabase) and c.undeclared for c in transaction.changes)
        if closing and error.sqlstate == _NO_SUCH_DATABASE:
            return Status.NO_CHANGE  # its owner dropped it meanwhile: nothing is left to close
        raise
    return Status.SUCCESS
