"""Who has something in which database, without opening any."""

from __future__ import annotations

import psycopg

from pgtenant.planning.trust import Dependency
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.queries import query
from pgtenant.postgres.retry import patiently


async def observe_dependencies(connection: Connection) -> list[Dependency]:
    """Read `pg_shdepend`: one query for all databases.

    Raises:
        ServerError: it failed.
    """

    async def once() -> list[Dependency]:
        cursor = await connection.execute(query("dependencies"))
        return [Dependency(*row) for row in await cursor.fetchall()]

    try:
        return await patiently(once)
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="reading the shared catalogs", where=where) from None
