"""Read which schemas of tenants there are, and what outside of one needs it."""

from __future__ import annotations

from collections.abc import Collection

import psycopg

from pgtenant.planning.tenants.adding import There
from pgtenant.planning.tenants.slugs import RETIRED_LIKE
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.queries import query


async def schemas_there(
    connection: Connection, names: Collection[str], *, prefix: str = ""
) -> dict[str, There]:
    """Return the schemas of these names, and those of retired tenants, by name.

    Args:
        connection: to the database, anybody's who may enter it.
        names: those that may be there.
        prefix: with any, every schema too whose name begins with it.

    Raises:
        ServerError: the query failed.
    """
    like = f"{RETIRED_LIKE}|^{prefix}" if prefix else RETIRED_LIKE
    parameters = {"names": sorted(names), "like": like}
    try:
        cursor = await connection.execute(query("tenant_schemas"), parameters)
        rows = await cursor.fetchall()
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="reading the tenants' schemas", where=where) from None
    return {
        name: There(name, owner, comment, filled, tuple(held))
        for name, owner, comment, filled, held in rows
    }


async def dependents(connection: Connection, schema: str) -> tuple[tuple[str, str], ...]:
    """Return the first of what is outside of a schema and needs something in it.

    Raises:
        ServerError: the query failed.
    """
    try:
        cursor = await connection.execute(query("tenant_outside"), {"schema": schema})
        rows = await cursor.fetchall()
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing=f"reading what needs {schema}", where=where) from None
    return tuple((where, name) for where, name in rows)
