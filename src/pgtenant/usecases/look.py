"""Connect to an instance and read all of it that a plan depends on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from pgtenant.catalog.model import Auth
from pgtenant.errors import ServerError
from pgtenant.logs import get_logger
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.logins import judge
from pgtenant.planning.observed import Contents, Database, Observed, Role
from pgtenant.postgres.connect import NEWEST, Endpoint, Gate, Login, arm, check_version
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.observe import observe_contents, observe_instance
from pgtenant.postgres.options import Timeouts
from pgtenant.postgres.probe import try_login
from pgtenant.postgres.reach import reach
from pgtenant.usecases.elsewhere import secrets_of_elsewhere
from pgtenant.usecases.inputs import Inputs

_LOST = ("08", "57P")


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance that the admin is connected to.

    Attributes:
        gate: opens further connections, within the budget that `primary` counts in.
        primary: to the maintenance database, for as long as the run lasts.
    """

    gate: Gate
    primary: Connection
    inputs: Inputs

    @property
    def admin(self) -> Login:
        """How the admin logs in."""
        return Login(self.inputs.admin.username, self.inputs.admin.password.reveal())

    def login(self, role: DesiredRole) -> Login | None:
        """Return how a catalog role logs in, or None when its secret is bad."""
        password = self.inputs.passwords.get(role.secret)
        return Login(role.name, password.reveal()) if password else None


@asynccontextmanager
async def connected(inputs: Inputs) -> AsyncIterator[Instance]:
    """Connect to the maintenance database and keep the connection for the block.

    Raises:
        ServerError: no way there, no connection, or a server too old.
    """
    server = inputs.settings.server
    endpoint = Endpoint(
        host=inputs.admin.host,
        port=inputs.admin.port,
        sslmode=server.effective_sslmode(inputs.admin.host),
        sslrootcert=server.sslrootcert,
        timeouts=Timeouts(
            connect=server.connect_timeout,
            lock=server.lock_timeout,
            statement=server.statement_timeout,
        ),
    )
    gate = Gate.of(endpoint, server.connections)
    login = Login(inputs.admin.username, inputs.admin.password.reveal())
    if server.preflight:
        await reach(
            endpoint.host,
            endpoint.port,
            timeout=server.connect_timeout,
            secret=inputs.admin.name,
        )
    async with gate.open(login, inputs.maintenance_database) as primary:
        version = check_version(primary)
        if version // 10000 > NEWEST:
            get_logger().warning(
                "server_newer_than_tested", server=version // 10000, newest_tested=NEWEST
            )
        await arm(primary, endpoint.timeouts)
        yield Instance(gate=gate.knowing(version // 10000), primary=primary, inputs=inputs)


async def observe(instance: Instance, *, adopting: Collection[str] = ()) -> Observed:
    """Read the shared catalogs, try every stored password, and enter every database of ours.

    Args:
        instance: where.
        adopting: roles that are looked at as if they were ours, their databases too.

    Raises:
        ServerError: the server failed. A single database that can't be entered is no
            failure: it is observed as unread.
    """
    desired = instance.inputs.desired
    shared = await observe_instance(
        instance.primary,
        roles=[role.name for role in desired.roles],
        extensions={name for database in desired.databases for name in database.extensions},
    )
    roles, databases, elsewhere = await asyncio.gather(
        _prove_passwords(instance, shared, adopting),
        _read_contents(instance, shared, adopting),
        secrets_of_elsewhere(instance.inputs),
    )
    return replace(
        shared,
        roles={**shared.roles, **roles},
        databases={**shared.databases, **databases},
        elsewhere=elsewhere,
    )


async def _prove_passwords(
    instance: Instance, shared: Observed, adopting: Collection[str]
) -> dict[str, Role]:
    async def prove(wanted: DesiredRole, existing: Role) -> Role:
        if wanted.auth is Auth.IAM:
            return existing  # without a password there is nothing to prove
        login = instance.login(wanted)
        if login is None:
            return replace(existing, password_note="its secret could not be read")  # noqa: S106
        outcome = await try_login(instance.gate, login, instance.inputs.maintenance_database)
        state, note = judge(outcome, expired=existing.expired, rds_iam=existing.rds_iam)
        return replace(existing, password=state, password_note=note)

    found = [
        prove(role, shared.roles[role.name])
        for role in instance.inputs.desired.roles
        if role.name in shared.roles
        and (role.name in adopting or _ours(shared, instance.inputs.desired, role.name))
    ]
    return {role.name: role for role in await asyncio.gather(*found)}


async def _read_contents(
    instance: Instance, shared: Observed, adopting: Collection[str]
) -> dict[str, Database]:
    desired = instance.inputs.desired
    names = sorted({*desired.by_name, *shared.managed(desired.environment)})

    async def read(wanted: DesiredDatabase, existing: Database) -> Database:
        try:
            async with instance.gate.open(instance.admin, wanted.name) as connection:
                contents: Contents = await observe_contents(
                    connection, wanted, roles=names, will_own=wanted.owner.name in adopting
                )
        except ServerError as error:
            if error.sqlstate is None or error.sqlstate.startswith(_LOST):
                raise
            return replace(existing, unread=error.message)
        return replace(existing, contents=contents)

    found = [
        read(database, shared.databases[database.name])
        for database in instance.inputs.desired.databases
        if _enterable(shared, instance.inputs.desired, database, adopting)
    ]
    return {database.name: database for database in await asyncio.gather(*found)}


def _ours(shared: Observed, desired: Desired, role: str) -> bool:
    existing = shared.roles.get(role)
    marker = existing.marker if existing else None
    return marker is not None and marker.environment == desired.environment


def _enterable(
    shared: Observed, desired: Desired, database: DesiredDatabase, adopting: Collection[str]
) -> bool:
    """Return whether a database is ours and can be expected to let the admin in."""
    if database.owner.name in adopting:
        there = shared.databases.get(database.name)
        return there is not None and there.allow_connections
    existing = shared.databases.get(database.name)
    return (
        existing is not None
        and existing.owner == database.owner.name
        and existing.allow_connections
        and _ours(shared, desired, database.owner.name)
    )
