"""Send a transaction's statements, and believe none of them blindly."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import sql
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus

from pgtenant.codes import Code
from pgtenant.errors import ServerError
from pgtenant.planning.changes import Change
from pgtenant.planning.sql.render import Statement, Verbatim
from pgtenant.planning.sql.text import as_text
from pgtenant.postgres.batch import send_together
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.retry import patiently

INEFFECTIVE: Final = frozenset({"01006", "01007"})
"""`privilege_not_revoked` and `privilege_not_granted`: a success in which nothing changed."""

_ANOTHERS: Final = frozenset({"23505", "42704", "42710", "42P04"})
"""What may be because somebody else has made or dropped it: there twice, or not there."""

_SYNC_REP: Final = "SyncRepWaitForLSN"
"""The function whose warning says that a wait for a standby was cancelled: it has no SQLSTATE of
its own, and its text is translated."""

_WARNING: Final = "01000"
"""All that `REVOKE role FROM role` says on 16+ when somebody else granted the membership."""


class IneffectiveError(ServerError):
    """PostgreSQL reported success and a warning that nothing was granted or revoked."""

    code = Code.INEFFECTIVE


class OvertakenError(ServerError):
    """What a statement asked before the others is not so, or not any more."""

    code = Code.OVERTAKEN


@dataclass(frozen=True, slots=True)
class Proviso:
    """A question that must be answered with true, or nothing may become permanent.

    Attributes:
        text: a statement with one value.
        error: what is the matter when it is not true.
    """

    text: sql.Composable
    error: ServerError


class UnconfirmedError(ServerError):
    """It is committed on this server, and no synchronous standby has confirmed it."""

    code = Code.UNCONFIRMED


async def run(
    connection: Connection,
    statements: Sequence[Statement],
    *,
    transactional: bool,
    doing: str,
    of_one: Callable[[Change], str] | None = None,
    proviso: Proviso | None = None,
) -> None:
    """Run statements in one transaction, or one statement outside of any.

    A transaction of statements of ours takes two round trips: all of it with the proviso behind
    it, then its `COMMIT`, once the server has said that each statement did what it should. The
    whole transaction is run again when it met a transient conflict.

    Args:
        connection: in autocommit mode and idle.
        statements: in order.
        transactional: whether they share a transaction.
        doing: what they do, in words, for error messages.
        of_one: the same of one change, for the error of a statement that belongs to it.
        proviso: asked before what can't be rolled back; and after an error that somebody may have
            caused who works here since it does not hold any more.

    Raises:
        IneffectiveError: a grant or revoke had no effect; nothing was committed.
        OvertakenError: somebody else has done it meanwhile; nothing was committed.
        UnconfirmedError: it was committed, and the wait for a standby's confirmation cancelled.
        ServerError: a statement failed, and nothing was committed; or the connection was lost
            while the server committed, and the message says that nobody knows.
    """
    ours = not any(isinstance(s.text, Verbatim) for s in statements)
    together = ours and not any(s.otherwise for s in statements)
    final = False
    at = _At(connection, doing, of_one)

    async def once() -> None:
        nonlocal final
        final = False
        at.change = None
        if not transactional:
            await _ask(connection, proviso)
            final = True  # from here on, the server may make it permanent
            await _send(at, statements, transactional=False)
            return
        async with _transaction(connection):
            if together:
                await _send_together(at, statements, proviso)
            else:
                await connection.execute("BEGIN")
                await _ask(connection, proviso)
                await _send(at, statements, transactional=True)
            at.change = None
            final = True

    with confirmed(connection, doing, ours=ours):
        try:
            await patiently(once, ours=ours)
        except psycopg.Error as error:
            where, unknown = connection.info.dbname, final and connection.closed
            if error.sqlstate in _ANOTHERS and not connection.closed:
                with suppress(psycopg.Error):  # the first error is the one to report
                    await _ask(connection, proviso)
            raise at.blaming(failed(error, doing=at.doing, where=where, unknown=unknown)) from None


@contextmanager
def confirmed(connection: Connection, doing: str, *, ours: bool) -> Iterator[None]:
    """Insist that the standbys which a commit in the block waited for have confirmed it.

    Args:
        connection: which the block commits on.
        doing: what that does, in words.
        ours: whether all statements are our own: SQL that is not may have silenced the warning.

    Raises:
        UnconfirmedError: it was committed, and the wait was cancelled.
    """
    with _unconfirmed(connection) as waits:
        yield
    if waits or (connection.overdue and not ours):
        raise UnconfirmedError(
            f"{doing} in {connection.info.dbname}: committed on this server, but no synchronous"
            " standby has confirmed it, so a failover could lose it",
            hint="bring back a standby that synchronous_standby_names names (pg_stat_replication"
            " shows which are connected), or take it out of that setting; then run again: the next"
            " run continues from what is there",
            sqlstate=_WARNING,
        )


@dataclass(slots=True)
class _At:
    """Where a run of statements is.

    Attributes:
        whole: what they do together, in words.
        of_one: the same of one change.
        change: whose statement is being run, or has failed; None when that is nobody's.
    """

    connection: Connection
    whole: str
    of_one: Callable[[Change], str] | None
    change: Change | None = None

    @property
    def doing(self) -> str:
        """What is being done, in words."""
        return self.of_one(self.change) if self.of_one and self.change else self.whole

    @property
    def where(self) -> str:
        """The same with the database."""
        return f"{self.doing} in {self.connection.info.dbname}"

    def blaming(self, error: ServerError) -> ServerError:
        """Return an error with the entry that it is about; a lost connection is about none."""
        if self.change is not None and not self.connection.closed:
            error.entry = self.change.entry
        return error


@asynccontextmanager
async def _transaction(connection: Connection) -> AsyncIterator[None]:
    """End the transaction that the block begins: one round trip less than psycopg's own."""
    try:
        yield
    except BaseException:
        with suppress(psycopg.Error):  # the first error is the one to report
            await connection.rollback()
        raise
    await connection.commit()


async def _ask(connection: Connection, proviso: Proviso | None) -> None:
    if proviso is None:
        return
    cursor = await connection.execute(sql.Composed([proviso.text]))
    if await cursor.fetchone() != (True,):
        raise proviso.error


async def _send_together(at: _At, statements: Sequence[Statement], proviso: Proviso | None) -> None:
    """Begin a transaction and run statements of ours in it, all on one round trip.

    The proviso comes last: they may have waited for somebody's lock meanwhile.
    """
    texts = [sql.SQL("BEGIN"), *(statement.text for statement in statements)]
    told: list[tuple[Statement, str]] = []

    def heard(place: int, diagnostic: Diagnostic) -> None:
        if 1 <= place <= len(statements) and _is_ours(diagnostic):
            statement = statements[place - 1]
            if diagnostic.severity_nonlocalized == "ERROR":
                at.change = statement.change
            elif diagnostic.sqlstate in _ineffective(statement):
                told.append((statement, _text(diagnostic)))

    values = await send_together(
        at.connection, [*texts, *([proviso.text] if proviso else ())], heard
    )
    if proviso and values[-1] != b"t":
        raise proviso.error
    if told:
        raise _changed_nothing(at, *told[0])


async def _send(at: _At, statements: Sequence[Statement], *, transactional: bool) -> None:
    connection = at.connection
    with _warnings(connection) as warnings:
        for statement in statements:
            at.change = statement.change
            foreign = transactional and isinstance(statement.text, Verbatim)
            begun = await _transaction_id(connection) if foreign else None
            # The timeout holds for each statement of a script, the limit for all of it.
            with connection.within(connection.limit * (2 if foreign else 1)):
                cursor = await connection.execute(sql.Composed([statement.text]))
            if statement.otherwise and await cursor.fetchone() != (True,):
                raise OvertakenError(
                    f"{at.where}: {statement.otherwise}",
                    hint="another session did that since this run looked: run again, the next run"
                    " continues from what is there",
                )
            told = [text for code, text in warnings if code in _ineffective(statement)]
            if told:
                raise _changed_nothing(at, statement, told[0])
            ended = connection.info.transaction_status == TransactionStatus.IDLE
            if foreign and not ended:
                ended = begun != await _transaction_id(connection)
            if transactional and ended:
                raise ServerError(
                    f"{at.where}: the SQL ended its own transaction",
                    hint="undo what it has committed, and take COMMIT and ROLLBACK out of it: it"
                    " runs in one transaction",
                    code=Code.UNFIT_SQL,
                )


def _changed_nothing(at: _At, statement: Statement, told: str) -> ServerError:
    at.change = statement.change
    return at.blaming(
        IneffectiveError(
            f"{at.where}: PostgreSQL reported success but changed nothing ({told})"
            f" for: {_shown(statement)}",
            hint="somebody else granted this privilege; see the grantors in the ACL",
            sqlstate="01006",
        )
    )


async def _transaction_id(connection: Connection) -> object:
    """Return what tells this transaction from one that a `COMMIT AND CHAIN` put in its place."""
    row = await (await connection.execute("SELECT pg_catalog.pg_current_xact_id()")).fetchone()
    return row[0] if row else None


@contextmanager
def _warnings(connection: Connection) -> Iterator[list[tuple[str, str]]]:
    found: list[tuple[str, str]] = []

    def note(diagnostic: Diagnostic) -> None:
        if diagnostic.sqlstate is not None and _is_ours(diagnostic):
            found.append((diagnostic.sqlstate, _text(diagnostic)))

    connection.add_notice_handler(note)
    try:
        yield found
    finally:
        connection.remove_notice_handler(note)


def _is_ours(diagnostic: Diagnostic) -> bool:
    """Return whether a notice is about a statement, and not about a wait for a standby."""
    return diagnostic.source_function != _SYNC_REP


def _text(diagnostic: Diagnostic) -> str:
    return diagnostic.message_primary or "no privileges were changed"


@contextmanager
def _unconfirmed(connection: Connection) -> Iterator[list[Diagnostic]]:
    """Collect the warnings that a wait for a synchronous standby was cancelled, by whomever."""
    found: list[Diagnostic] = []

    def note(diagnostic: Diagnostic) -> None:
        if diagnostic.source_function == _SYNC_REP:
            found.append(diagnostic)

    connection.add_notice_handler(note)
    try:
        yield found
    finally:
        connection.remove_notice_handler(note)


def _ineffective(statement: Statement) -> frozenset[str]:
    """Return the warnings that say that a statement did nothing; a tenant's may say anything."""
    ours = not isinstance(statement.text, Verbatim)
    if ours and as_text(statement.text).startswith(("GRANT ", "REVOKE ")):
        return INEFFECTIVE | {_WARNING}
    return INEFFECTIVE


def _shown(statement: Statement) -> str:
    text = as_text(statement.text)
    return text if len(text) <= 200 else text[:200] + "…"
