"""Read who can do what on an instance: all of it, or one database."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from pgtenant.access.model import AccessModel, Database
from pgtenant.errors import ServerError
from pgtenant.postgres.access import read_inside, read_shared
from pgtenant.usecases.look import Instance

_LOST = ("08", "57P")


async def read_access(instance: Instance, *, only: str | None = None) -> AccessModel:
    """Read the shared catalogs, and enter every database that lets the admin in.

    One connection and one query for each database, within the connection budget. The one to the
    maintenance database is there already.

    Args:
        instance: where.
        only: the one database to look into, or None for all.

    Raises:
        ServerError: the server failed. A single database that can't be entered is no failure: it
            says why it was not looked into.
    """
    shared = await read_shared(instance.primary, host=instance.inputs.admin.host)
    here = shared.model.maintenance_database

    async def read(database: Database) -> Database:
        if database.unread:
            return database
        try:
            if database.name == here:
                return replace(database, inside=await read_inside(instance.primary, shared.names))
            async with instance.gate.open(instance.admin, database.name) as connection:
                return replace(database, inside=await read_inside(connection, shared.names))
        except ServerError as error:
            if error.sqlstate is None or error.sqlstate.startswith(_LOST):
                raise
            return replace(database, unread=error.message)

    found = await asyncio.gather(
        *(read(d) for d in shared.model.databases.values() if only in {None, d.name})
    )
    return replace(shared.model, databases={**shared.model.databases, **{d.name: d for d in found}})
