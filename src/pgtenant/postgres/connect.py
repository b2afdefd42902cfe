"""Connections: armoured, counted, translated."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import make_conninfo
from psycopg.pq.abc import PGconn

from pgtenant.codes import Code
from pgtenant.errors import ServerError
from pgtenant.postgres.failures import failed, refused
from pgtenant.postgres.libpq import Connection, dial
from pgtenant.postgres.options import (
    NO_SCHEMAS,
    Timeouts,
    armour,
    armour_of_version,
    startup_options,
)
from pgtenant.postgres.reach import is_socket

OLDEST: Final = 15
NEWEST: Final = 18
APPLICATION_NAME: Final = "pgtenant"

# Our side of the connection, in seconds: a server that vanished fails the run within a minute.
# The server's side is in the armour. No keepalive is sent while a statement is unacknowledged:
# there `tcp_user_timeout` counts, instead of the quarter of an hour that the kernel would try.
_PROBE_AFTER: Final = 30
_PROBE_EVERY: Final = 10
_PROBES: Final = 3

_TAKES_KEYS: Final = 180000
"""https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNECT-SCRAM-CLIENT-KEY"""


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
class Keys:
    """What SCRAM derives from a password and a salt, in base64: as good as the password."""

    client: str = field(repr=False)
    server: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """A role and its password, which no `repr` shows.

    Attributes:
        keys: what was derived from the password for the verifier that the server should have:
            with them a login costs a quarter of the computing, where libpq is 18 or newer.
        acts_as: the role that its session starts as; empty for its own.
    """

    user: str
    password: str = field(repr=False)
    keys: Keys | None = None
    acts_as: str = ""

    @property
    def proof(self) -> dict[str, str]:
        """The parameters of a connection that prove who logs in.

        Beside the keys stands the password: a server may ask for it in clear text, for its own
        check or that of LDAP or RADIUS, and for SCRAM libpq takes the keys where it has both.
        """
        proof = {"password": self.password}
        if self.keys is not None and pq.version() >= _TAKES_KEYS:
            proof |= {"scram_client_key": self.keys.client, "scram_server_key": self.keys.server}
        return proof


@dataclass(frozen=True, slots=True)
class Gate:
    """Opens connections to one instance, never more than its budget at once.

    Attributes:
        slots: the connection budget.
        threads: in which connections are made.
        major: the server's major version, or None before the first connection.
        address: where the first connection led; empty for a socket, None for not known.
    """

    endpoint: Endpoint
    slots: asyncio.Semaphore
    threads: ThreadPoolExecutor = field(repr=False, compare=False)
    major: int | None = None
    address: str | None = None

    @classmethod
    def of(cls, endpoint: Endpoint, connections: int) -> Gate:
        """Return a gate with a budget of `connections`."""
        threads = ThreadPoolExecutor(connections, thread_name_prefix="pgtenant-connect")
        return cls(endpoint=endpoint, slots=asyncio.Semaphore(connections), threads=threads)

    def knowing(self, major: int, address: str | None = None) -> Gate:
        """Return the same gate, budget included, for a server of a known version and address.

        All connections of a run go to the server that the first one found: a name that leads
        elsewhere meanwhile would mix two of them.
        """
        return replace(self, major=major, address=address)

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
            connection = await self._connect(login, database, search_path)
            try:
                yield connection
            finally:
                await connection.close()

    async def knock(self, login: Login, database: str) -> None:
        """Open a connection and close it, armoured like all others.

        Raises:
            ServerError: it was refused or did not come about.
        """
        if self.address is None:
            async with self.open(login, database):
                return
        async with self.slots:
            with self._translated(login, database):
                (await self._dial(self._conninfo(login, database, NO_SCHEMAS))).finish()

    async def _connect(self, login: Login, database: str, search_path: str) -> Connection:
        conninfo = self._conninfo(login, database, search_path)
        with self._translated(login, database):
            if self.address is None:
                connection = await Connection.connect(conninfo)
            else:
                connection = Connection.on(await self._dial(conninfo))
        await connection.set_autocommit(True)
        connection.prepare_threshold = None
        connection.limit = self.endpoint.timeouts.answer
        return connection

    async def _dial(self, conninfo: str) -> PGconn:
        unwanted = threading.Event()
        loop = asyncio.get_running_loop()
        seconds = float(_connect_timeout(self.endpoint))
        try:
            return await loop.run_in_executor(self.threads, dial, conninfo, seconds, unwanted)
        finally:
            unwanted.set()

    @contextmanager
    def _translated(self, login: Login, database: str) -> Iterator[None]:
        where = f"{self.endpoint.host}:{self.endpoint.port}/{database}"
        _forget_libpq_variables()
        try:
            yield
        except psycopg.Error as error:
            raise refused(error, who=login.user, where=where) from None
        except UnicodeError:
            raise ServerError(
                f"cannot connect to {where}: the host is no valid name",
                hint="check the secret's host",
                code=Code.UNKNOWN_HOST,
            ) from None

    def _conninfo(self, login: Login, database: str, search_path: str) -> str:
        shared = _shared_conninfo(
            self.endpoint, self.major, self.address, search_path, login.acts_as
        )
        own = {"user": login.user, **login.proof, "dbname": database}
        return " ".join([shared, *(f"{name}={_quoted(value)}" for name, value in own.items())])


@lru_cache
def _shared_conninfo(
    endpoint: Endpoint, major: int | None, address: str | None, search_path: str, acts_as: str
) -> str:
    """Return what all connections have in common: thousands are made."""
    settings = armour(endpoint.timeouts) | {"search_path": search_path}
    if acts_as:
        settings["role"] = acts_as
    if major is not None:
        settings |= armour_of_version(major, endpoint.timeouts)
    return make_conninfo(
        "",
        host=endpoint.host,
        hostaddr=address or None,
        port=endpoint.port,
        sslmode=endpoint.sslmode,
        sslrootcert=endpoint.sslrootcert,
        connect_timeout=_connect_timeout(endpoint),
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


def _quoted(value: str) -> str:
    """Return a value as a connection string has it."""
    escaped = value.replace("\\", r"\\").replace("'", r"\'")
    return f"'{escaped}'"


def _connect_timeout(endpoint: Endpoint) -> int:
    return max(2, round(endpoint.timeouts.connect))


def address_of(connection: Connection) -> str | None:
    """Return where a connection led, for `Gate.knowing`; None where there was a choice."""
    host = connection.info.host
    if is_socket(host):
        return ""
    return None if "," in host else connection.info.hostaddr or None


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
            code=Code.OLD_SERVER,
        )
    return version


async def arm(connection: Connection, timeouts: Timeouts) -> None:
    """Set what the first connection could not ask for before it knew the version.

    Raises:
        ServerError: a setting was refused, or the connection lost.
    """
    major = connection.info.server_version // 10000
    where = connection.info.dbname
    settings = armour_of_version(major, timeouts)
    each = sql.SQL("pg_catalog.set_config({}, {}, false)")
    calls = [each.format(sql.Literal(name), sql.Literal(value)) for name, value in settings.items()]
    try:
        await connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(calls)))
    except psycopg.Error as error:
        names = ", ".join(settings)
        raise failed(error, doing=f"setting {names}", where=where) from None
