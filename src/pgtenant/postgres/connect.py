"""Connections: armoured, counted, translated."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo

from pgtenant.errors import ServerError
from pgtenant.postgres.failures import failed, refused
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.options import (
    NO_SCHEMAS,
    Timeouts,
    armour,
    armour_of_version,
    startup_options,
)

OLDEST: Final = 15
NEWEST: Final = 18
APPLICATION_NAME: Final = "pgtenant"

# Our side of the connection, in seconds: a server that vanished fails the run within a minute.
# The server's side is in the armour. No keepalive is sent while a statement is unacknowledged:
# there `tcp_user_timeout` counts, instead of the quarter of an hour that the kernel would try.
_PROBE_AFTER: Final = 30
_PROBE_EVERY: Final = 10
_PROBES: Final = 3


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the instance is, and how it is reached.

    Attributes:
        sslmode: one of libpq's.
        sslrootcert: a path, or None for libpq's default.
    """

    host: str
    port: int
    sslmode: str
    sslrootcert: str | None
    timeouts: Timeouts


@dataclass(frozen=True, slots=True)
class Login:
    """A role and its password, which no `repr` shows."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gate:
    """Opens connections to one instance, never more than its budget at once.

    Attributes:
        slots: the connection budget.
        major: the server's major version, or None before the first connection.
    """

    endpoint: Endpoint
    slots: asyncio.Semaphore
    major: int | None = None

    @classmethod
    def of(cls, endpoint: Endpoint, connections: int) -> Gate:
        """Return a gate with a budget of `connections`."""
        return cls(endpoint=endpoint, slots=asyncio.Semaphore(connections))

    def knowing(self, major: int) -> Gate:
        """Return the same gate, budget included, for a server of a known version."""
        return replace(self, major=major)

    @asynccontextmanager
    async def open(
        self, login: Login, database: str, *, search_path: str = NO_SCHEMAS
    ) -> AsyncIterator[Connection]:
        """Open a connection for the length of the block.

        Args:
            login: who logs in.
            database: where.
            search_path: where unqualified names are looked for: nowhere of a tenant's, unless
                the SQL to be run is the tenant's own.

        Raises:
            ServerError: the connection was refused or did not come about.
        """
        async with self.slots:
            connection = await self._connect(
                self._conninfo(login, database, search_path), login, database
            )
            try:
                yield connection
            finally:
                await connection.close()

    async def _connect(self, conninfo: str, login: Login, database: str) -> Connection:
        where = f"{self.endpoint.host}:{self.endpoint.port}/{database}"
        _forget_libpq_variables()
        try:
            connection = await Connection.connect(conninfo, autocommit=True, prepare_threshold=None)
        except psycopg.Error as error:
            raise refused(error, who=login.user, where=where) from None
        except UnicodeError:
            raise ServerError(
                f"cannot connect to {where}: the host is no valid name",
                hint="check the secret's host",
            ) from None
        connection.limit = self.endpoint.timeouts.answer
        return connection

    def _conninfo(self, login: Login, database: str, search_path: str) -> str:
        endpoint = self.endpoint
        settings = armour(endpoint.timeouts) | {"search_path": search_path}
        if self.major is not None:
            settings |= armour_of_version(self.major, endpoint.timeouts)
        return make_conninfo(
            "",
            host=endpoint.host,
            port=endpoint.port,
            user=login.user,
            password=login.password,
            dbname=database,
            sslmode=endpoint.sslmode,
            sslrootcert=endpoint.sslrootcert,
            connect_timeout=max(2, round(endpoint.timeouts.connect)),
            application_name=APPLICATION_NAME,
            client_encoding="utf8",
            gssencmode="disable",
            options=startup_options(settings),
            keepalives=1,
            keepalives_idle=_PROBE_AFTER,
            keepalives_interval=_PROBE_EVERY,
            keepalives_count=_PROBES,
            tcp_user_timeout=(_PROBE_AFTER + _PROBE_EVERY * _PROBES) * 1000,
        )


def _forget_libpq_variables() -> None:
    """Take libpq's variables out of the process's environment.

    A `PGHOSTADDR` would send the admin's login to another machine, a `PGSERVICE` names a whole
    set of parameters, `PGSSL*` and `PGREQUIREAUTH` change what is accepted. Not all of them can
    be overruled in the connection string: an empty `service` is an error, some (`PGTZ`,
    `PGDATESTYLE`) have no keyword, and the next libpq may know more. Where to connect to is in
    the secret and in the settings alone.
    """
    for name in [n for n in os.environ if n.startswith("PG") and not n.startswith("PGTENANT_")]:
        del os.environ[name]


def check_version(connection: Connection) -> int:
    """Return `server_version_num`.

    Raises:
        ServerError: the server is older than PostgreSQL 15.
    """
    version = connection.info.server_version
    if version // 10000 < OLDEST:
        raise ServerError(
            f"the server is PostgreSQL {version // 10000}; pgtenant supports {OLDEST} to {NEWEST}",
            hint="upgrade the instance: older versions left community support, and there a tenant"
            " can make the admin a member of itself",
        )
    return version


async def arm(connection: Connection, timeouts: Timeouts) -> None:
    """Set what the first connection could not ask for before it knew the version.

    Raises:
        ServerError: a setting was refused, or the connection lost.
    """
    major = connection.info.server_version // 10000
    where = connection.info.dbname
    for name, value in armour_of_version(major, timeouts).items():
        try:
            await connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, value))
        except psycopg.Error as error:
            raise failed(error, doing=f"setting {name}", where=where) from None
