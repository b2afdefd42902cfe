"""Read who uses databases at this moment, and who could."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from pgtenant.planning.candidates import Session, Usage
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.queries import query
from pgtenant.postgres.retry import patiently


async def read_usage(connection: Connection) -> dict[str, Usage]:
    """Return the usage of each database that is no template, in one query.

    Args:
        connection: the admin's, to any database.

    Raises:
        ServerError: the query failed.
    """
    async with connection.cursor(row_factory=dict_row) as cursor:

        async def once() -> list[dict[str, Any]]:
            return await (await cursor.execute(query("usage"))).fetchall()

        try:
            rows = await patiently(once)
        except psycopg.Error as error:
            where = connection.info.dbname
            raise failed(error, doing="reading who uses the databases", where=where) from None
    return {
        row["database"]: Usage(
            sessions=tuple(sorted(Session(*session) for session in row["sessions"])),
            only_through_public=tuple(sorted(row["only_through_public"])),
            may_hand_over=row["may_hand_over"],
        )
        for row in rows
    }
