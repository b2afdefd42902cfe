"""Send a transaction's statements, and believe none of them blindly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus

from pgtenant.errors import ServerError
from pgtenant.planning.sql.render import Statement, Verbatim
from pgtenant.planning.sql.text import as_text
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.retry import patiently

INEFFECTIVE: Final = frozenset({"01006", "01007"})
"""`privilege_not_revoked` and `privilege_not_granted`: a success in which nothing changed."""

_SYNC_REP: Final = "SyncRepWaitForLSN"
"""The function whose warning says that a wait for a standby was cancelled: it has no SQLSTATE of
its own, and its text is translated."""

_WARNING: Final = "01000"
"""All that `REVOKE role FROM role` says on 16+ when somebody else granted the membership."""


class IneffectiveError(ServerError):
    """PostgreSQL reported success and a warning that nothing was granted or revoked."""


class OvertakenError(ServerError):
    """What a statement asked before the others is not so, or not any more."""


class UnconfirmedError(ServerError):
    """It is committed on this server, and no synchronous standby has confirmed it."""


async def run(
    connection: Connection, statements: Sequence[Statement], *, transactional: bool, doing: str
) -> None:
    """Run statements in one transaction, or one statement outside of any.

    The whole transaction is run again when it met a transient conflict.

    Args:
        connection: in autocommit mode and idle.
        statements: in order.
        transactional: whether they share a transaction.
        doing: what they do, in words, for error messages.

    Raises:
        IneffectiveError: a grant or revoke had no effect; nothing was committed.
        OvertakenError: somebody else has done it meanwhile; nothing was committed.
        UnconfirmedError: it was committed, and the wait for a standby's confirmation cancelled.
        ServerError: a statement failed, and nothing was committed; or the connection was lost
            while the server committed, and the message says that nobody knows.
    """
    ours = not any(isinstance(statement.text, Verbatim) for statement in statements)
    final = False

    async def once() -> None:
        nonlocal final
        final = not transactional  # from here on, the server may make it permanent
        if not transactional:
            await _send(connection, statements, doing, transactional=transactional)
            return
        async with connection.transaction():
            await _send(connection, statements, doing, transactional=transactional)
            final = True

    with _unconfirmed(connection) as waits:
        try:
            await patiently(once, ours=ours)
        except psycopg.Error as error:
            where, unknown = connection.info.dbname, final and connection.closed
            raise failed(error, doing=doing, where=where, unknown=unknown) from None
    # SQL that is not ours may have silenced the warning.
    if waits or (connection.overdue and not ours):
        raise UnconfirmedError(
            f"{doing} in {connection.info.dbname}: committed on this server, but no synchronous"
            " standby has confirmed it, so a failover could lose it",
            hint="bring back a standby that synchronous_standby_names names (pg_stat_replication"
            " shows which are connected), or take it out of that setting; then run again: the next"
            " run continues from what is there",
            sqlstate=_WARNING,
        )


async def _send(
    connection: Connection, statements: Sequence[Statement], doing: str, *, transactional: bool
) -> None:
    with _warnings(connection) as warnings:
        for statement in statements:
            foreign = transactional and isinstance(statement.text, Verbatim)
            begun = await _transaction_id(connection) if foreign else None
            # The timeout holds for each statement of a script, the limit for all of it.
            with connection.within(connection.limit * (2 if foreign else 1)):
                cursor = await connection.execute(sql.Composed([statement.text]))
            if statement.otherwise and await cursor.fetchone() != (True,):
                raise OvertakenError(
                    f"{doing} in {connection.info.dbname}: {statement.otherwise}",
                    hint="another session did that since this run looked: run again, the next run"
                    " continues from what is there",
                )
            told = [text for code, text in warnings if code in _ineffective(statement)]
            if told:
                raise IneffectiveError(
                    f"{doing} in {connection.info.dbname}: PostgreSQL reported success but changed"
                    f" nothing ({told[0]}) for: {_shown(statement)}",
                    hint="somebody else granted this privilege; see the grantors in the ACL",
                    sqlstate="01006",
                )
            ended = connection.info.transaction_status == TransactionStatus.IDLE
            if foreign and not ended:
                ended = begun != await _transaction_id(connection)
            if transactional and ended:
                raise ServerError(
                    f"{doing} in {connection.info.dbname}: the SQL ended its own transaction",
                    hint="undo what it has committed, and take COMMIT and ROLLBACK out of it: it"
                    " runs in one transaction",
                )


async def _transaction_id(connection: Connection) -> object:
    """Return what tells this transaction from one that a `COMMIT AND CHAIN` put in its place."""
    row = await (await connection.execute("SELECT pg_catalog.pg_current_xact_id()")).fetchone()
    return row[0] if row else None


@contextmanager
def _warnings(connection: Connection) -> Iterator[list[tuple[str, str]]]:
    found: list[tuple[str, str]] = []

    def note(diagnostic: Diagnostic) -> None:
        if diagnostic.sqlstate is not None and diagnostic.source_function != _SYNC_REP:
            text = diagnostic.message_primary or "no privileges were changed"
            found.append((diagnostic.sqlstate, text))

    connection.add_notice_handler(note)
    try:
        yield found
    finally:
        connection.remove_notice_handler(note)


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
