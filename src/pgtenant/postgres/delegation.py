"""Who may administer whom, as the server has it and as it lets us prove."""

from __future__ import annotations

from collections.abc import Collection

import psycopg
from psycopg import sql

from pgtenant.planning.privileges import IAM_ROLE
from pgtenant.planning.sql import statements
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection

_HELD = """
SELECT m.rolname::text, array_agg(DISTINCT g.rolname::text)
  FROM pg_auth_members a
  JOIN pg_roles m ON m.oid = a.member
  JOIN pg_roles g ON g.oid = a.roleid
 WHERE a.admin_option AND m.rolname = ANY (%s)
 GROUP BY 1
"""


async def admin_options(
    connection: Connection, members: Collection[str]
) -> dict[str, frozenset[str]]:
    """Return, for each of `members`, the roles on which it holds `ADMIN` itself.

    Raises:
        ServerError: the query failed.
    """
    try:
        cursor = await connection.execute(_HELD, (sorted(members),))
        found = {member: frozenset(groups) for member, groups in await cursor.fetchall()}
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="reading who administers what", where=where) from None
    return {member: found.get(member, frozenset()) for member in members}


async def refused_admin_grants(
    connection: Connection, roles: Collection[str], to: str, *, exists: bool
) -> frozenset[str]:
    """Return the roles on which the session may not grant `ADMIN`, found by trying.

    Args:
        connection: in autocommit mode and idle; everything is rolled back.
        roles: roles that exist.
        to: who would get it.
        exists: whether that role is there; otherwise it is made, and rolled back too.

    Raises:
        ServerError: the connection was lost, or the role can't be made.
    """
    major = connection.info.server_version // 10000
    refused: set[str] = set()
    if not roles:
        return frozenset()
    try:
        async with connection.transaction(force_rollback=True):
            if not exists:
                made = sql.SQL("CREATE ROLE {}").format(sql.Identifier(to))
                await connection.execute(made)
            for role in sorted(roles):
                try:
                    async with connection.transaction():
                        await connection.execute(statements.grant_admin(role, to, major))
                except psycopg.Error as error:
                    if error.diag.message_primary is None or connection.closed:
                        raise
                    refused.add(role)
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="proving authority", where=where) from None
    return frozenset(refused)


async def refused_iam(connection: Connection, role: str, *, exists: bool) -> str:
    """Return what the server says to `GRANT rds_iam TO role`, found by trying; empty for yes.

    Args:
        connection: in autocommit mode and idle; everything is rolled back.
        role: who would get it.
        exists: whether that role is there; otherwise it is made, and rolled back too.

    Raises:
        ServerError: the connection was lost.
    """
    try:
        async with connection.transaction(force_rollback=True):
            if not exists:
                made = sql.SQL("CREATE ROLE {}").format(sql.Identifier(role))
                await connection.execute(made)
            await connection.execute(statements.grant_role(IAM_ROLE, role))
    except psycopg.Error as error:
        if error.diag.message_primary is None or connection.closed:
            where = connection.info.dbname
            raise failed(error, doing="proving authority", where=where) from None
        return error.diag.message_primary
    return ""
