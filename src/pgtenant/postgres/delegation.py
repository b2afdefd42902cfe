"""Who may administer whom, as the server has it and as it lets us prove."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg
from psycopg import sql

from pgtenant.planning.privileges import IAM_ROLE
from pgtenant.planning.sql import statements
from pgtenant.postgres.authority import refusals
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.retry import patiently

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

    async def once() -> list[tuple[Any, ...]]:
        return await (await connection.execute(_HELD, (sorted(members),))).fetchall()

    try:
        found = {member: frozenset(groups) for member, groups in await patiently(once)}
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
    if not roles:
        return frozenset()
    major = connection.info.server_version // 10000
    return frozenset(
        await refusals(
            connection,
            {role: [statements.grant_admin(role, to, major)] for role in sorted(roles)},
            before=_made(to, exists=exists),
        )
    )


async def refused_iam(connection: Connection, role: str, *, exists: bool) -> str:
    """Return what the server says to `GRANT rds_iam TO role`, found by trying; empty for yes.

    Args:
        connection: in autocommit mode and idle; everything is rolled back.
        role: who would get it.
        exists: whether that role is there; otherwise it is made, and rolled back too.

    Raises:
        ServerError: the connection was lost.
    """
    refused = await refusals(
        connection,
        {role: [statements.grant_role(IAM_ROLE, role)]},
        before=_made(role, exists=exists),
    )
    return refused.get(role, "")


def _made(role: str, *, exists: bool) -> list[sql.Composable]:
    """Return what makes a role that is to be there for a proof."""
    return [] if exists else [sql.SQL("CREATE ROLE {}").format(sql.Identifier(role))]
