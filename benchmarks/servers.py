"""The server that all tools run against: each first apply on a fresh copy of one data directory."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.workload import App
from benchmarks.world import ADMIN, MAINTENANCE, Account
from pgtenant.embedded import Distribution, Keeper, Server, find_bundled, runnable
from support.majors import resolve

SETTINGS = {"max_connections": "400"}
"""Everything else is PostgreSQL's default, fsync included. One peer keeps a connection to every
database until it ends."""

_SPARE = 20 << 30
"""Bytes on disk, with less than which a server's files are removed at once.

For half a minute ext4 gives out no inode of a file that was removed, and looks at all of those for
each new file: whoever makes databases after that would pay for the server before.
"""
_IN_MEMORY = "/dev/shm"


@dataclass(slots=True)
class Servers:
    """Makes servers in the states that scenarios begin with.

    Attributes:
        distribution: the program files.
        psql: the program; its version may be newer than the server's.
        admin: `LOGIN CREATEROLE CREATEDB`; owns the maintenance database.
        superuser: the bootstrap superuser.
    """

    distribution: Distribution
    keeper: Keeper
    psql: Path
    admin: Account
    superuser: Account
    _seeds: dict[tuple[App, ...], Path] = field(default_factory=dict)
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @contextlib.contextmanager
    def fresh(self, databases: tuple[App, ...] = ()) -> Iterator[Server]:
        """Start a server without anything of W(N), or with these databases, empty and unowned."""
        server = self._stack.enter_context(self._server(self._seed(databases)))
        try:
            yield server
        finally:
            server.stop()
            directory = server.data_directory
            in_memory = directory.is_relative_to(_IN_MEMORY)
            if in_memory or shutil.disk_usage(directory).free < _SPARE:
                server.close()

    def _seed(self, databases: tuple[App, ...]) -> Path:
        if databases not in self._seeds:
            base = self._seed(()) if databases else None
            server = self._stack.enter_context(self._server(base))
            if not databases:
                _make_admin(server, self.admin)
            with psycopg.connect(server.superuser_conninfo(), autocommit=True) as connection:
                for app in databases:
                    connection.execute(
                        sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(
                            sql.Identifier(app.database)
                        )
                    )
                connection.execute("CHECKPOINT")
            server.stop()
            self._seeds[databases] = server.data_directory
        return self._seeds[databases]

    def _server(self, seed: Path | None) -> Server:
        return Server(
            self.distribution,
            superuser=self.superuser.user,
            password=self.superuser.password,
            settings=SETTINGS,
            seed=seed,
            keeper=self.keeper,
        )

    def close(self) -> None:
        """Remove the seeds."""
        self._stack.close()


@contextlib.contextmanager
def servers(major: int | None) -> Iterator[Servers]:
    """Prepare servers of a major version; by default the one that brings psql along.

    Raises:
        LookupError: it can't be had.
    """
    bundled = find_bundled()
    with tempfile.TemporaryDirectory(prefix="pgtenant-bench-") as directory:
        wanted = major or bundled.major
        majors = resolve(Path(directory))
        if wanted not in majors.found:
            raise LookupError(f"PostgreSQL {wanted} can't be had: {majors.left_out.get(wanted)}")
        with Keeper() as keeper, runnable(majors.found[wanted], keeper) as distribution:
            made = Servers(
                distribution,
                keeper,
                bundled.program("psql"),
                admin=Account(ADMIN, secrets.token_urlsafe(18)),
                superuser=Account("rdsadmin", secrets.token_urlsafe(18)),
            )
            with contextlib.closing(made):
                yield made


def _make_admin(server: Server, admin: Account) -> None:
    user, database = sql.Identifier(admin.user), sql.Identifier(MAINTENANCE)
    with psycopg.connect(server.superuser_conninfo(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(
                user, sql.Literal(admin.password)
            )
        )
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, user))
        for name in ("postgres", "template1", MAINTENANCE):
            connection.execute(
                sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name))
            )
