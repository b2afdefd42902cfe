"""Read who can do what on an instance: all of it, or one database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pgtenant.access.model import AccessModel, Database
from pgtenant.access.rows import Listing, listing
from pgtenant.access.view import Filters
from pgtenant.codes import Code
from pgtenant.errors import ServerError, UsageError
from pgtenant.postgres.access import NO_CONNECT, read_inside, read_shared
from pgtenant.postgres.visits import Patience, visiting
from pgtenant.secrets.store import SecretStore
from pgtenant.settings.model import Settings
from pgtenant.usecases.inputs import server_inputs
from pgtenant.usecases.look import Instance, connected

_LOST = ("08", "57P")


async def read_access(instance: Instance, *, only: str | None = None) -> AccessModel:
    """Read the shared catalogs, and enter every database that lets the admin in, or its owner.

    One connection and one query for each database, within the connection budget. The one to the
    maintenance database is there already. Where the admin has no `CONNECT`, as in what applications
    made themselves, the owner's own login is used, should its secret be at hand.

    Args:
        instance: where.
        only: the one database to look into, or None for all.

    Raises:
        ServerError: the server failed. A single database that can't be entered is no failure: it
            says why it was not looked into.
    """
    shared = await read_shared(instance.primary, host=instance.inputs.admin.host)
    here = shared.model.maintenance_database
    owners = _Owners(instance)

    async def read(database: Database) -> Database:
        try:
            if database.unread:
                return await owners.read(database, shared.names)
            if database.name == here:
                inside = await read_inside(instance.primary, shared.names)
            else:
                async with instance.gate.open(instance.admin, database.name) as connection:
                    inside = await read_inside(connection, shared.names)
            return replace(database, inside=inside)
        except ServerError as error:
            if error.sqlstate is None or error.sqlstate.startswith(_LOST):
                raise
            return replace(database, unread=error.message)

    found = await asyncio.gather(
        *(read(d) for d in shared.model.databases.values() if only in {None, d.name})
    )
    return replace(shared.model, databases={**shared.model.databases, **{d.name: d for d in found}})


@dataclass(slots=True)
class _Owners:
    """Looks into databases on their owners' logins, one at a time of each: it may have a limit."""

    instance: Instance
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)
    _patience: Patience = field(default_factory=Patience)

    async def read(self, database: Database, names: Mapping[int, str]) -> Database:
        owner = self.instance.inputs.desired.by_name.get(database.owner)
        login = self.instance.login(owner) if owner else None
        if login is None or database.unread != NO_CONNECT:
            return database
        gate = self.instance.gate
        async with (
            self._turns.setdefault(login.user, asyncio.Lock()),
            visiting(gate, login, database.name, self._patience) as visit,
        ):
            if visit.connection is None:
                return replace(database, unread=visit.answer.message)
            return replace(database, inside=await read_inside(visit.connection, names), unread="")


async def who_can(
    settings: Settings, environment: str, store: SecretStore, filters: Filters
) -> Listing:
    """Return who can do what on the instance of an environment, as far as it was asked for.

    Raises:
        SecretError: the admin's secret is missing or bad; no other is asked for.
        ServerError: the instance could not be read.
        UsageError: a filter names what the instance does not have.
    """
    inputs = await server_inputs(settings, environment, store)
    async with connected(inputs) as instance:
        model = await read_access(instance, only=filters.database)
    if filters.role is not None and filters.role not in model.roles:
        raise UsageError(
            f"the instance has no role {filters.role}",
            hint="check its name",
            code=Code.UNKNOWN_NAME,
        )
    if filters.database is not None and filters.database not in model.databases:
        raise UsageError(
            f"the instance has no database {filters.database}",
            hint="check its name",
            code=Code.UNKNOWN_NAME,
        )
    found = listing(model, filters)
    if filters.table is not None and not any(row.database for row in found.rows):
        raise UsageError(
            f"no database that was looked into has a table {filters.table} that anybody may use",
            hint="write SCHEMA.TABLE or TABLE, as the catalogs have them, without quotes",
            code=Code.UNKNOWN_NAME,
        )
    return found
