"""One embedded PostgreSQL server."""

from __future__ import annotations

import contextlib
import secrets
import time
from enum import Enum
from signal import SIGINT, SIGKILL, SIGQUIT, SIGTERM
from typing import TYPE_CHECKING, Self

import psycopg
from psycopg.conninfo import make_conninfo

from pgtenant.codes import Code
from pgtenant.embedded import settings as files
from pgtenant.embedded.keeper import Keeper
from pgtenant.embedded.runnable import runnable
from pgtenant.errors import PgtenantError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pgtenant.embedded.distribution import Distribution
    from pgtenant.embedded.settings import Tls

_ATTEMPTS = 10
_START_TIMEOUT = 60.0
_STOP_TIMEOUT = 60.0
_POLL = 0.02
_LOG_TAIL = 15


class StopMode(Enum):
    """How a server is told to stop: PostgreSQL's three shutdown modes, and a crash."""

    SMART = SIGTERM
    FAST = SIGINT
    IMMEDIATE = SIGQUIT
    KILL = SIGKILL


class _PortTakenError(Exception):
    pass


class _StillInUseError(Exception):
    pass


class Server:
    """A PostgreSQL on loopback with a data directory of its own. A context manager.

    Password logins only (SCRAM), no Unix socket. It is stopped and its files are
    removed on leaving, and also when this process dies in any way.

    Args:
        distribution: the program files; copied when the server's user cannot reach them.
        superuser: the name of the bootstrap superuser.
        password: its password; by default a random one. With `seed`, the seed's.
        settings: server settings, added to the defaults.
        tls: switches TLS on.
        hba: the lines of `pg_hba.conf`.
        durable: False trades the data's safety for speed.
        seed: a data directory to start from instead of a new one: that of a stopped server.
        keeper: shared by several servers to save a process; by default one of its own.

    Attributes:
        host: always `127.0.0.1`.
        port: kept over restarts.
        superuser, superuser_password: may log in to every database.
        data_directory: the server user's own.
        log_path: everything the server said.

    Raises:
        PgtenantError: on entering, when the server does not start; ends with its log.
    """

    def __init__(
        self,
        distribution: Distribution,
        *,
        superuser: str = "rdsadmin",
        password: str | None = None,
        settings: Mapping[str, str] | None = None,
        tls: Tls | None = None,
        hba: Sequence[str] = files.PASSWORDS_ONLY,
        durable: bool = True,
        seed: Path | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self.distribution = distribution
        self.host = files.LOOPBACK
        self.port = 0
        self.superuser = superuser
        self.superuser_password = password or secrets.token_urlsafe(24)
        self.data_directory: Path
        self.log_path: Path
        self._settings = ({} if durable else files.NOT_DURABLE) | dict(settings or {})
        self._tls = tls
        self._hba = tuple(hba)
        self._durable = durable
        self._seed = seed
        self._keeper: Keeper
        self._given_keeper = keeper
        self._config: Path
        self._addresses: tuple[str, ...] = ()
        self._pid: int | None = None
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> Self:
        try:
            self._prepare()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, None while the server is stopped."""
        return self._pid

    def superuser_conninfo(self, dbname: str = "postgres") -> str:
        """A libpq connection string for the superuser."""
        return make_conninfo(
            host=self.host,
            port=self.port,
            user=self.superuser,
            password=self.superuser_password,
            dbname=dbname,
        )

    def log_text(self) -> str:
        """Everything the server has logged, as text."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Starts the server and waits until it accepts connections. It must be stopped."""
        for _ in range(_ATTEMPTS):
            if not self._addresses:
                self.port, self._addresses = files.free_port()
            offset = self.log_path.stat().st_size if self.log_path.exists() else 0
            self._pid = self._keeper.start(self._command(), log=self.log_path)
            try:
                self._await_ready(offset)
            except _PortTakenError:
                self.stop(StopMode.IMMEDIATE)
                self._addresses = ()
            except _StillInUseError:
                time.sleep(10 * _POLL)
            else:
                return
        raise self._failure(f"did not start in {_ATTEMPTS} attempts")

    def stop(self, mode: StopMode = StopMode.FAST, *, timeout: float = _STOP_TIMEOUT) -> None:
        """Stops the server and keeps its data. Does nothing when it is stopped.

        Raises:
            PgtenantError: it still runs after `timeout` seconds.
        """
        if self._pid is None:
            return
        if self._keeper.stop(self._pid, mode.value, timeout=timeout) is None:
            raise self._failure(f"did not stop within {timeout:g} s")
        self._pid = None

    def restart(self, mode: StopMode = StopMode.FAST) -> None:
        """Stops and starts the server; the port stays the same."""
        self.stop(mode)
        self.start()

    def close(self) -> None:
        """Stops the server and removes all its files. May be called again."""
        self._cleanup.close()

    def _prepare(self) -> None:
        self._keeper = self._given_keeper or self._cleanup.enter_context(Keeper())
        self.distribution = self._cleanup.enter_context(runnable(self.distribution, self._keeper))
        base = self._keeper.directory("pgtenant-server-")
        self._cleanup.callback(self._keeper.remove, base)
        self._cleanup.callback(self.stop, StopMode.IMMEDIATE)
        self.log_path = base / "server.log"
        self.data_directory = base / "data"
        self._config = base / "config"
        self._config.mkdir()
        self._config.chmod(0o755)
        self._keeper.private_directory(self.data_directory)
        if self._seed is None:
            self._initialise()
        else:
            self._run("cp", "-a", f"{self._seed}/.", str(self.data_directory))

    def _initialise(self) -> None:
        password_file = self._config / "password"
        files.write_private(password_file, self.superuser_password.encode(), self._keeper.account)
        self._run(
            str(self.distribution.program("initdb")),
            f"--pgdata={self.data_directory}",
            f"--username={self.superuser}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            # What a crash of the machine would lose here, nobody would miss.
            "--no-sync",
            *(() if self._durable else ("--wal-segsize=1",)),
        )
        password_file.unlink()

    def _run(self, *argv: str) -> None:
        if self._keeper.run(argv, log=self.log_path) != 0:
            raise self._failure(f"could not be prepared: {argv[0]} failed")

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": ",".join(self._addresses),
            "port": str(self.port),
            "unix_socket_directories": "",
            "hba_file": str(files.write_hba(self._config, self._hba)),
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        if self._tls is not None:
            key, certificate = self._config / "server.key", self._config / "server.crt"
            files.write_private(key, self._tls.key.read_bytes(), self._keeper.account)
            certificate.write_bytes(self._tls.certificate.read_bytes())
            certificate.chmod(0o644)
            settings |= {"ssl": "on", "ssl_key_file": str(key), "ssl_cert_file": str(certificate)}
        config = files.write_config(self._config, self.data_directory, settings | self._settings)
        return [
            str(self.distribution.program("postgres")),
            "-D",
            str(self.data_directory),
            "-c",
            f"config_file={config}",
        ]

    def _await_ready(self, log_offset: int) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        while self._pid is not None:
            # With two addresses PostgreSQL makes do with one of them; somebody else's
            # server on the other would be taken for this one.
            if b"could not bind" in self._said_since(log_offset):
                raise _PortTakenError
            if self._says_ready() and self._answers():
                return
            if self._keeper.poll(self._pid) is not None:
                self._pid = None
                # After a crash the old server's children take a moment to notice it.
                if b"pre-existing shared memory block" in self._said_since(log_offset):
                    raise _StillInUseError
                raise self._failure("ended while starting")
            if time.monotonic() > deadline:
                raise self._failure(f"accepts no connections after {_START_TIMEOUT:g} s")
            time.sleep(_POLL)

    def _said_since(self, offset: int) -> bytes:
        return self.log_path.read_bytes()[offset:]

    def _says_ready(self) -> bool:
        # As pg_ctl does it: the last line of the lock file, if it is this process's.
        try:
            lines = (self.data_directory / "postmaster.pid").read_text("utf-8").splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(self._pid)] and lines[-1].strip() == "ready"

    def _answers(self) -> bool:
        try:
            # Whoever else may listen there must not get to see the password.
            with psycopg.connect(
                self.superuser_conninfo(),
                require_auth="scram-sha-256",
                sslmode="disable",
                connect_timeout=10,
                options="",
            ) as connection:
                row = connection.execute("SELECT current_setting('data_directory')").fetchone()
        except psycopg.OperationalError:
            return False
        return row == (str(self.data_directory),)

    def _failure(self, what: str) -> PgtenantError:
        tail = ""
        if self.log_path.exists():
            tail = "\n".join(["", *self.log_text().splitlines()[-_LOG_TAIL:]])
        return PgtenantError(
            f"the embedded PostgreSQL {self.distribution.version} {what}{tail}",
            code=Code.EMBEDDED_SERVER,
        )
