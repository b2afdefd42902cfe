"""Prove that the admin can borrow roles, by borrowing them and rolling back.

Asking is not enough: from PostgreSQL 16 on `pg_has_role(…, 'MEMBER WITH ADMIN OPTION')`
says yes through a chain for which `GRANT` then fails with `no possible grantors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

import psycopg
from psycopg import sql

from pgtenant.planning.changes import MarkRole
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.script import Lending
from pgtenant.postgres.batch import send_together
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.retry import is_transient, patiently

BATCH: Final = 200
"""How many are tried in one transaction: each keeps locks until its end, in a table that all
sessions share and that a few thousand fill."""

_PASSING_CLASSES: Final = ("08", "25", "40", "53", "57", "58")
_PASSING: Final = frozenset({"55P03"})
"""What the server says when it can't: lost, read-only, in conflict, full, stopped, timed out."""

_T = TypeVar("_T")


async def refused_loans(
    connection: Connection, roles: Iterable[str], lending: Lending
) -> dict[str, str]:
    """Borrow every role once inside transactions that are rolled back.

    Args:
        connection: the admin's, in autocommit mode and idle.
        roles: roles that exist.
        lending: how loans are made.

    Returns:
        What the server said for each role that can't be borrowed.

    Raises:
        ServerError: the server failed, or the connection was lost.
    """
    return await refusals(
        connection,
        {
            role: [
                *(statement.text for statement in lending.lend(role)),
                statements.set_local_role(role),
                sql.SQL("RESET ROLE"),
            ]
            for role in sorted(roles)
        },
    )


async def refused_comments(connection: Connection, changes: Iterable[MarkRole]) -> dict[str, str]:
    """Write every comment once inside transactions that are rolled back.

    A loan does not prove it: who may `SET ROLE` to a role already borrows nothing, and from
    PostgreSQL 16 on the comment takes `ADMIN` on the role.

    Returns:
        What the server said for each role that can't be commented on.

    Raises:
        ServerError: the server failed, or the connection was lost.
    """
    return await refusals(
        connection,
        {
            change.role: [statements.comment_on_role(change.role, change.after)]
            for change in changes
        },
    )


async def refusals(
    connection: Connection,
    attempts: Mapping[str, Sequence[sql.Composable]],
    *,
    before: Sequence[sql.Composable] = (),
) -> dict[str, str]:
    """Try statements inside transactions that are rolled back.

    Args:
        connection: in autocommit mode and idle.
        attempts: what is tried for each name, apart from all the others.
        before: what each transaction begins with.

    Returns:
        What the server said for each name that it refused.

    Raises:
        ServerError: the server failed, or the connection was lost: that is no refusal.
    """
    found: dict[str, str] = {}
    for some in _batches(list(attempts.items())):
        try:
            found |= await patiently(partial(_tried, connection, before, some))
        except psycopg.Error as error:
            where = connection.info.dbname
            raise failed(error, doing="proving authority", where=where) from None
    return found


async def _tried(
    connection: Connection,
    before: Sequence[sql.Composable],
    attempts: Sequence[tuple[str, Sequence[sql.Composable]]],
) -> dict[str, str]:
    """Try all together, on one round trip; only when one is refused, each by itself."""
    together = [text for _, texts in attempts for text in texts]
    rollback = sql.SQL("ROLLBACK")
    try:
        await send_together(connection, [sql.SQL("BEGIN"), *before, *together, rollback])
    except psycopg.Error as error:
        with suppress(psycopg.Error):  # the first error is the one to report
            await connection.rollback()
        if not _is_refusal(error) or connection.closed:
            raise
    else:
        return {}
    found: dict[str, str] = {}
    async with connection.transaction(force_rollback=True):
        await _send(connection, before)
        for name, texts in attempts:
            try:
                async with connection.transaction():
                    await _send(connection, texts)
            except psycopg.Error as error:
                if not _is_refusal(error) or connection.closed:
                    raise
                found[name] = error.diag.message_primary or ""
    return found


def _is_refusal(error: psycopg.Error) -> bool:
    """Return whether the server says no, and not just that it can't at this moment."""
    state = error.sqlstate or ""
    passing = not state or state in _PASSING or state.startswith(_PASSING_CLASSES)
    return not passing and not is_transient(error)


async def _send(connection: Connection, texts: Iterable[sql.Composable]) -> None:
    for text in texts:
        await connection.execute(sql.Composed([text]))


async def admins_of(connection: Connection, role: str) -> tuple[str, ...]:
    """Return who may grant `role` to others, superusers left out."""

    async def once() -> list[tuple[Any, ...]]:
        cursor = await connection.execute(
            "SELECT m.rolname::text FROM pg_auth_members a"
            " JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid"
            " WHERE g.rolname = %s AND a.admin_option AND m.rolname <> current_user ORDER BY 1",
            (role,),
        )
        return await cursor.fetchall()

    try:
        return tuple(row[0] for row in await patiently(once))
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="reading who may lend a role", where=where) from None


def _batches(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
