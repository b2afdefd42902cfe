"""`pgtenant import`: read a whole server, and describe it as a catalog."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psycopg

from pgtenant.errors import ServerError
from pgtenant.planning.import_inside import whole
from pgtenant.planning.imported import Imported
from pgtenant.planning.importing import import_catalog
from pgtenant.planning.observed import Database, Observed
from pgtenant.postgres.failures import failed
from pgtenant.postgres.observe import observe_contents, observe_instance
from pgtenant.postgres.pairings import with_pairings
from pgtenant.secrets.store import SecretStore
from pgtenant.settings.model import Settings
from pgtenant.usecases.inputs import naming_policy, server_inputs
from pgtenant.usecases.look import Instance, connected

_LOST = ("08", "57P")


async def read_server(settings: Settings, environment: str, store: SecretStore) -> Imported:
    """Read everything on the instance of an environment, as the admin; nothing is changed.

    Raises:
        SecretError: the admin's secret is missing or bad; no other is asked for.
        ServerError: the instance could not be read. A database that can't be entered is no
            failure.
    """
    inputs = await server_inputs(settings, environment, store)
    async with connected(inputs) as instance:
        observed = await _observe(instance)
    return import_catalog(observed, naming_policy(settings, environment), environment)


async def _observe(instance: Instance) -> Observed:
    roles = await _role_names(instance)
    shared = await observe_instance(instance.primary, roles=roles, extensions=())
    shared = await with_pairings(instance.primary, shared, instance.inputs.desired)

    async def read(database: Database) -> Database:
        wanted = whole(database, database.owner)
        try:
            async with instance.gate.open(instance.admin, database.name) as connection:
                contents = await observe_contents(connection, wanted, roles=roles)
        except ServerError as error:
            if error.sqlstate is None or error.sqlstate.startswith(_LOST):
                raise
            return replace(database, unread=error.message)
        return replace(database, contents=contents)

    skipped = {instance.inputs.maintenance_database, "postgres", "rdsadmin"}
    entered = [
        read(d)
        for d in shared.databases.values()
        if d.allow_connections and not d.is_template and d.name not in skipped
    ]
    databases = {d.name: d for d in await asyncio.gather(*entered)}
    return replace(shared, databases={**shared.databases, **databases})


async def _role_names(instance: Instance) -> list[str]:
    try:
        cursor = await instance.primary.execute(
            "SELECT rolname::text FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1"
        )
        return [row[0] for row in await cursor.fetchall()]
    except psycopg.Error as error:
        where = instance.inputs.maintenance_database
        raise failed(error, doing="reading the roles", where=where) from None
