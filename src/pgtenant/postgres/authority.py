"""Prove that the admin can borrow roles, by borrowing them and rolling back.

Asking is not enough: from PostgreSQL 16 on `pg_has_role(…, 'MEMBER WITH ADMIN OPTION')`
says yes through a chain for which `GRANT` then fails with `no possible grantors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

import psycopg
from psycopg import sql

from pgtenant.planning.changes import MarkRole
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.script import Lending
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection

BATCH: Final = 200
"""How many are tried in one transaction: each keeps locks until its end, in a table that all
sessions share and that a few thousand fill."""

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
        ServerError: the connection was lost.
    """
    refusals: dict[str, str] = {}
    for some in _batches(sorted(roles)):
        try:
            async with connection.transaction(force_rollback=True):
                for role in some:
                    try:
                        async with connection.transaction():
                            await _borrow(connection, role, lending)
                    except psycopg.Error as error:
                        if error.diag.message_primary is None or connection.closed:
                            raise
                        refusals[role] = error.diag.message_primary
        except psycopg.Error as error:
            where = connection.info.dbname
            raise failed(error, doing="proving authority", where=where) from None
    return refusals


async def refused_comments(connection: Connection, changes: Iterable[MarkRole]) -> dict[str, str]:
    """Write every comment once inside transactions that are rolled back.

    A loan does not prove it: who may `SET ROLE` to a role already borrows nothing, and from
    PostgreSQL 16 on the comment takes `ADMIN` on the role.

    Returns:
        What the server said for each role that can't be commented on.

    Raises:
        ServerError: the connection was lost.
    """
    refusals: dict[str, str] = {}
    for some in _batches(list(changes)):
        try:
            async with connection.transaction(force_rollback=True):
                for change in some:
                    try:
                        async with connection.transaction():
                            statement = statements.comment_on_role(change.role, change.after)
                            await connection.execute(statement)
                    except psycopg.Error as error:
                        if error.diag.message_primary is None or connection.closed:
                            raise
                        refusals[change.role] = error.diag.message_primary
        except psycopg.Error as error:
            where = connection.info.dbname
            raise failed(error, doing="proving authority", where=where) from None
    return refusals


async def admins_of(connection: Connection, role: str) -> tuple[str, ...]:
    """Return who may grant `role` to others, superusers left out."""
    try:
        cursor = await connection.execute(
            "SELECT m.rolname::text FROM pg_auth_members a"
            " JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid"
            " WHERE g.rolname = %s AND a.admin_option AND m.rolname <> current_user ORDER BY 1",
            (role,),
        )
        return tuple(row[0] for row in await cursor.fetchall())
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="reading who may lend a role", where=where) from None


def _batches(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


async def _borrow(connection: Connection, role: str, lending: Lending) -> None:
    texts: list[sql.Composable] = [s.text for s in lending.lend(role)]
    texts.append(statements.set_local_role(role))
    texts.append(sql.SQL("RESET ROLE"))
    for text in texts:
        await connection.execute(sql.Composed([text]))
