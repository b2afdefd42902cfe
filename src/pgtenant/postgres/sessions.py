"""End sessions that are older than a revoke."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg import sql

from pgtenant.planning.sql import statements
from pgtenant.planning.sql.script import Lending
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.verify.facts import StaleSession

_NO_PRIVILEGE: Final = "42501"
_WAIT: Final = 2000
"""Milliseconds to wait for a session to end."""

# A pid may be somebody else's by now, and the privilege back: both are looked at once more.
_END: Final = sql.SQL(
    "SELECT pg_catalog.pg_terminate_backend(a.pid, {wait})"
    " FROM pg_catalog.pg_stat_activity a"
    " WHERE a.pid = {pid} AND pg_catalog.pg_get_userbyid(a.usesysid) = {user}"
    " AND a.datname = {database} AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r"
    " JOIN pg_catalog.pg_database d ON d.oid = a.datid"
    " WHERE r.oid = a.usesysid AND r.rolcanlogin AND d.datallowconn"
    " AND pg_catalog.has_database_privilege(r.oid, a.datid, 'CONNECT'))"
)


async def end_session(
    connection: Connection, session: StaleSession, lending: Lending | None
) -> str:
    """End one session, as the admin or with the session's role borrowed.

    Args:
        connection: the admin's, in autocommit mode.
        session: as it was seen; when it is gone already, or may be there again, nothing happens.
        lending: how loans are made, or None for a role that must not be borrowed.

    Returns:
        Why it could not be ended, or empty.

    Raises:
        ServerError: the connection was lost.
    """
    refusal = await _end(connection, session, None)
    if refusal != _NO_PRIVILEGE:
        return refusal
    if lending is None:
        return "the admin is no member of pg_signal_backend, and the role is not ours to borrow"
    return await _end(connection, session, lending)


async def _end(connection: Connection, session: StaleSession, lending: Lending | None) -> str:
    end = _END.format(
        wait=sql.Literal(_WAIT),
        pid=sql.Literal(session.pid),
        user=sql.Literal(session.user),
        database=sql.Literal(session.database),
    )
    before: list[sql.Composable] = []
    after: list[sql.Composable] = []
    if lending is not None:
        before = [s.text for s in lending.lend(session.user)]
        before.append(statements.set_local_role(session.user))
        after = [sql.SQL("RESET ROLE"), *(s.text for s in lending.give_back(session.user))]
    try:
        async with connection.transaction():
            for text in before:
                await connection.execute(sql.Composed([text]))
            row = await (await connection.execute(end)).fetchone()
            for text in after:
                await connection.execute(sql.Composed([text]))
    except psycopg.Error as error:
        if connection.closed or error.diag.message_primary is None:
            where = connection.info.dbname
            raise failed(error, doing="ending a session", where=where) from None
        if lending is None and error.sqlstate == _NO_PRIVILEGE:
            return _NO_PRIVILEGE
        return error.diag.message_primary
    if row is not None and not row[0]:
        return f"it did not end within {_WAIT // 1000} s"
    return ""
