"""What an acceptance asks of the live server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from pgtenant.planning.tenants.capability import capability
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.queries import query
from pgtenant.verify.acceptance.found import Role, Server, Unknown
from pgtenant.verify.acceptance.settings import SETTINGS


@dataclass(frozen=True, slots=True)
class Standing:
    """A role and its database in the shared catalogs.

    Attributes:
        owner: of the database; None when it is not there.
        role: None when it is not there.
    """

    owner: str | None
    role: Role | None


async def read_server(connection: Connection, address: str, *, instance: str | None) -> Server:
    """Read what the server runs with.

    Args:
        connection: the admin's.
        address: `host:port`.
        instance: which one in AWS that host is, where its name tells it.

    Raises:
        ServerError: it can't be read.
    """
    rows = await _rows(connection, "acceptance_settings", {"names": list(SETTINGS)})
    return Server(
        address=address,
        version=connection.info.server_version,
        admin=connection.info.user,
        encrypted=bool(connection.pgconn.ssl_in_use),
        settings={name: value for name, value, _ in rows},
        waiting=tuple(name for name, _, waits in rows if waits),
        instance=instance,
    )


async def read_standing(
    connection: Connection, pairs: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], Standing]:
    """Read what roles may do in their databases, and who owns those.

    Args:
        connection: the admin's.
        pairs: of a role and a database.

    Raises:
        ServerError: it can't be read.
    """
    values = {"roles": [role for role, _ in pairs], "databases": [name for _, name in pairs]}
    rows = await _rows(connection, "acceptance_entries", values)
    return {
        (role, database): Standing(
            owner=owner,
            role=Role(tuple(powers), tuple(through), creates) if there else None,
        )
        for role, database, owner, there, powers, through, creates in rows
    }


async def try_row_security(
    connection: Connection, isolation: Isolation, schema: str
) -> Unknown | str | None:
    """Try out in one transaction, which is rolled back, whether row security holds this login.

    Args:
        connection: of the role that owns the tenants' tables.
        isolation: names the setting and the column.
        schema: a name that nothing has.

    Returns:
        None when it holds; what was seen or refused instead; or why nothing was seen.
    """
    try:
        async with connection.transaction(force_rollback=True):
            for statement in capability(isolation, schema):
                await connection.execute(sql.Composed([statement]))
    except psycopg.Error as error:
        said = error.diag.message_primary
        if connection.closed or said is None:
            return Unknown("the connection was lost before row security was tried out")
        # Full, cancelled, waiting for a lock: that says nothing of row security.
        proves_nothing = (error.sqlstate or "").startswith(("53", "55", "57"))
        return Unknown(said) if proves_nothing else said
    cursor = await connection.execute("SELECT pg_catalog.to_regnamespace(%s) IS NULL", [schema])
    row = await cursor.fetchone()
    return None if row is not None and row[0] else f"the schema {schema} is there"


async def _rows(
    connection: Connection, name: str, values: Mapping[str, list[str]]
) -> list[tuple[Any, ...]]:
    try:
        return await (await connection.execute(query(name), values)).fetchall()
    except psycopg.Error as error:
        raise failed(
            error, doing="reading what it runs with", where=connection.info.dbname
        ) from None
