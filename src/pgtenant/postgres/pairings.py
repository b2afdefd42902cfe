"""Read what matters of roles where two logins alternate."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pgtenant.planning.desired import Desired
from pgtenant.planning.observed import Observed, Pairing, Setting
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.queries import query
from pgtenant.postgres.retry import patiently


async def with_pairings(connection: Connection, observed: Observed, desired: Desired) -> Observed:
    """Return a server with the pairings of all roles that have one; one query if any has.

    Args:
        connection: to any database.
        observed: the server.
        desired: the catalog.

    Raises:
        ServerError: the query failed.
    """
    names = {name for role in desired.by_second.values() for name in (role.name, role.second)}
    for name, role in observed.roles.items():
        if role.marker is not None and role.marker.second_of is not None:
            names |= {name, role.marker.second_of}
    found = await _pairings(connection, names & observed.roles.keys())
    roles = {name: replace(observed.roles[name], pairing=one) for name, one in found.items()}
    return replace(observed, roles={**observed.roles, **roles})


async def _pairings(connection: Connection, names: Collection[str]) -> dict[str, Pairing]:
    if not names:
        return {}

    async def once() -> list[dict[str, Any]]:
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query("pairings"), {"roles": sorted(names)})
            return await cursor.fetchall()

    try:
        rows = await patiently(once)
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="reading the shared catalogs", where=where) from None
    return {
        row["name"]: Pairing(
            settings=tuple(sorted(Setting(*setting) for setting in row["settings"])),
            acts_as=tuple(sorted(row["acts_as"])),
            owns=tuple(sorted(row["owns"])),
            holds=tuple(sorted(row["holds"])),
            sessions=row["sessions"],
        )
        for row in rows
    }
