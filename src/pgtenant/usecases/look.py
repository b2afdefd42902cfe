"""Connect to an instance and read all of it that a plan depends on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from pgtenant.logs import get_logger
from pgtenant.planning.desired import DesiredRole
from pgtenant.planning.observed import Contents, Observed
from pgtenant.planning.trust import trusted_contents
from pgtenant.postgres.connect import (
    NEWEST,
    Endpoint,
    Gate,
    Login,
    address_of,
    arm,
    check_version,
)
from pgtenant.postgres.dependencies import observe_dependencies
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.observe import observe_instance
from pgtenant.postgres.options import Timeouts
from pgtenant.postgres.pairings import with_pairings
from pgtenant.postgres.reach import reach
from pgtenant.report.progress import Progress, Silent
from pgtenant.settings.model import ServerSettings
from pgtenant.usecases.elsewhere import secrets_of_elsewhere
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.survey import Survey


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
        """Return how a catalog role logs in, or None when its secret is bad.

        A second login acts as the role, as in the sessions of the application.
        """
        password = self.inputs.passwords.get(role.secret)
        if password is None:
            return None
        acts_as = role.name if role.by_second else ""
        return Login(role.login, password.reveal(), acts_as=acts_as)


def endpoint_of(server: ServerSettings, host: str, port: int) -> Endpoint:
    """Return how a server is reached, as the settings say."""
    return Endpoint(
        host=host,
        port=port,
        sslmode=server.effective_sslmode(host),
        sslrootcert=server.sslrootcert,
        timeouts=Timeouts(
            connect=server.connect_timeout,
            lock=server.lock_timeout,
            statement=server.statement_timeout,
        ),
    )


@asynccontextmanager
async def connected(inputs: Inputs) -> AsyncIterator[Instance]:
    """Connect to the maintenance database and keep the connection for the block.

    Raises:
        ServerError: no way there, no connection, or a server too old.
    """
    server = inputs.settings.server
    endpoint = endpoint_of(server, inputs.admin.host, inputs.admin.port)
    gate = Gate.of(endpoint, server.connections)
    login = Login(inputs.admin.username, inputs.admin.password.reveal())
    if server.preflight:
        await reach(
            endpoint.host,
            endpoint.port,
            timeout=server.connect_timeout,
            secret=inputs.admin.name,
        )
    try:
        async with gate.open(login, inputs.maintenance_database) as primary:
            version = check_version(primary)
            if version // 10000 > NEWEST:
                get_logger().warning(
                    "server_newer_than_tested", server=version // 10000, newest_tested=NEWEST
                )
            await arm(primary, endpoint.timeouts)
            known = gate.knowing(version // 10000, address_of(primary))
            yield Instance(gate=known, primary=primary, inputs=inputs)
    finally:
        gate.threads.shutdown(wait=False)


async def observe(
    instance: Instance, *, adopting: Collection[str] = (), progress: Progress | None = None
) -> Observed:
    """Read the shared catalogs, try every stored password, and enter every database of ours.

    Where the catalog's markers are trusted, what they speak for is left out.

    Args:
        instance: where.
        adopting: roles that are looked at as if they were ours, their databases too.
        progress: told of each step.

    Raises:
        ServerError: the server failed. A single database that can't be entered is no
            failure: it is observed as unread.
    """
    desired = instance.inputs.desired
    shared = await observe_instance(
        instance.primary,
        roles=desired.names,
        extensions={name for database in desired.databases for name in database.extensions},
    )
    shared = await with_pairings(instance.primary, shared, desired)
    trusted: Mapping[str, Contents] = {}
    if desired.trust_markers:
        held = await observe_dependencies(instance.primary)
        trusted = trusted_contents(shared, desired, held)
    survey = Survey(instance, shared, frozenset(adopting), progress or Silent(), trusted)
    _, elsewhere = await asyncio.gather(survey.run(), secrets_of_elsewhere(instance.inputs))
    return replace(
        shared,
        roles={**shared.roles, **survey.roles},
        databases={**shared.databases, **survey.databases},
        elsewhere=elsewhere,
    )
