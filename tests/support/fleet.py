"""The servers of one test process."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgtenant.embedded import PASSWORDS_ONLY, Distribution, Keeper, Server, runnable
from support import hygiene
from support.instance import Instance, Login
from support.majors import mark_used

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pgtenant.embedded import Tls
    from support.majors import Majors
    from support.tls import Authority

AWS_ROLES = ("rds_superuser", "rds_password", "rds_iam")
SETTINGS = {
    "log_statement": "all",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "max_connections": "100",
}


class Fleet:
    """Starts servers when they are first asked for, and ends them all on `close`.

    Args:
        majors: the program files.
        authority: the certificate that the servers present.
        run_directory: where the use of a major is noted.
    """

    def __init__(self, majors: Majors, authority: Authority, run_directory: Path) -> None:
        self._majors = majors
        self._authority = authority
        self._run_directory = run_directory
        self._stack = contextlib.ExitStack()
        self._keeper: Keeper | None = None
        self._programs: dict[int, Distribution] = {}
        self._seeds: dict[int, tuple[Server, Login]] = {}
        self._shared: dict[int, _Shared] = {}

    def close(self) -> None:
        """Ends every server."""
        for shared in self._shared.values():
            shared.instance.server.close()
        self._stack.close()

    @contextlib.contextmanager
    def shared(self, major: int) -> Iterator[Instance]:
        """The process's server of `major`, in its first state, and put back into it afterwards."""
        shared = self._shared.get(major)
        if shared is None:
            shared = self._shared[major] = _Shared(self._start(major))
        try:
            yield shared.instance
        finally:
            if not shared.restore():
                shared.instance.server.close()
                del self._shared[major]

    @contextlib.contextmanager
    def private(
        self,
        major: int,
        *,
        settings: Mapping[str, str] | None = None,
        hba: Sequence[str] = PASSWORDS_ONLY,
        tls: Tls | None = None,
    ) -> Iterator[Instance]:
        """A server of one's own, to restart, break or configure."""
        instance = self._start(major, settings=settings, hba=hba, tls=tls)
        with contextlib.closing(instance.server):
            yield instance

    def distribution(self, major: int) -> Distribution:
        """The program files of `major`, where the server's user can execute them."""
        if major not in self._programs:
            entered = runnable(self._majors.found[major], self.keeper)
            self._programs[major] = self._stack.enter_context(entered)
            mark_used(self._run_directory, major)
        return self._programs[major]

    @property
    def keeper(self) -> Keeper:
        """The supervisor of all the servers."""
        if self._keeper is None:
            self._keeper = self._stack.enter_context(Keeper(fast_directory()))
        return self._keeper

    def _start(
        self,
        major: int,
        *,
        settings: Mapping[str, str] | None = None,
        hba: Sequence[str] = PASSWORDS_ONLY,
        tls: Tls | None = None,
    ) -> Instance:
        seed, admin = self._seed(major)
        server = Server(
            self.distribution(major),
            password=seed.superuser_password,
            settings=SETTINGS | dict(settings or {}),
            tls=tls or self._authority.tls,
            durable=False,
            seed=seed.data_directory,
            keeper=self.keeper,
            hba=hba,
        )
        server.__enter__()
        return Instance(server, self._authority.ca_file, admin)

    def _seed(self, major: int) -> tuple[Server, Login]:
        # A stopped server whose data the others copy: several times faster than initdb.
        if major not in self._seeds:
            server = Server(self.distribution(major), durable=False, keeper=self.keeper)
            self._stack.enter_context(server)
            admin = Login("platform_admin", secrets.token_urlsafe(18), "platform")
            _provision(server, admin)
            server.stop()
            self._seeds[major] = server, admin
        return self._seeds[major]


class _Shared:
    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._roles, self._databases = hygiene.baseline(instance)
        self._fingerprint = hygiene.fingerprint(instance)

    def restore(self) -> bool:
        try:
            hygiene.clean(self.instance, self._roles, self._databases)
            return hygiene.fingerprint(self.instance) == self._fingerprint
        except psycopg.Error:
            return False


def fast_directory() -> Path | None:
    """Where servers are fastest: in memory, if there is enough; else None."""
    # CREATE DATABASE writes 300 files: in memory it takes a fifth of the time.
    shared_memory, meminfo = Path("/dev/shm"), Path("/proc/meminfo")
    if not shared_memory.is_dir() or not meminfo.exists():
        return None
    available = next(
        int(line.split()[1]) * 1024
        for line in meminfo.read_text(encoding="ascii").splitlines()
        if line.startswith("MemAvailable:")
    )
    place = os.statvfs(shared_memory)
    free = place.f_bavail * place.f_frsize
    return shared_memory if free > 2 * 2**30 and available > 4 * 2**30 else None


def _provision(server: Server, admin: Login) -> None:
    with psycopg.connect(server.superuser_conninfo(), autocommit=True) as connection:
        for role in AWS_ROLES:
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        user = sql.Identifier(admin.user)
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(
                user, sql.Literal(admin.password)
            )
        )
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(admin.dbname), user)
        )
        # As a run leaves them, so that most tests are not about this.
        for dbname in ("postgres", "template1", admin.dbname):
            close = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
            connection.execute(close.format(sql.Identifier(dbname)))
