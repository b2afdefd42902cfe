"""Ask one of the catalog queries, and again where that met a conflict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.queries import query
from pgtenant.postgres.retry import patiently


async def rows_of(
    connection: Connection, name: str, parameters: Mapping[str, object], *, doing: str
) -> list[tuple[Any, ...]]:
    """Return the rows of a query.

    Args:
        connection: idle: inside of a transaction that has failed nothing can be asked again.
        name: of its file.
        parameters: of the query.
        doing: what that is for, in words.

    Raises:
        ServerError: it failed.
    """

    async def once() -> list[tuple[Any, ...]]:
        return await (await connection.execute(query(name), parameters)).fetchall()

    try:
        return await patiently(once)
    except psycopg.Error as error:
        raise failed(error, doing=doing, where=connection.info.dbname) from None
