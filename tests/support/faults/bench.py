"""A server, a proxy before it, and runs of pgtenant that go through the proxy."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from psycopg import sql
from psycopg.abc import QueryNoTemplate

from pgtenant.embedded.server import StopMode
from pgtenant.postgres.connect import APPLICATION_NAME
from support import hygiene
from support.faults.proxy import Proxy
from support.faults.runs import Runs, forked
from support.instance import Instance
from support.project import Project

SETTINGS = {"log_statement": "none", "max_connections": "14", "synchronous_commit": "on"}
"""Few connections, so that all of them can be taken; and no crash takes back what was done."""

_GONE = """
SELECT count(*) FROM pg_stat_activity
 WHERE application_name = %s AND backend_type = 'client backend'
"""
_PATIENCE = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Relayed(Instance):
    """The same server, as pgtenant gets to see it."""

    through: int = 0

    @property
    def port(self) -> int:
        """The proxy's."""
        return self.through


class Direct(Instance):
    """The same server, quickly: without TLS, and the superuser's connection is kept."""

    _kept: ClassVar[dict[int, psycopg.Connection[tuple[Any, ...]]]] = {}

    def conninfo(self, user: str, password: str, dbname: str, **extra: Any) -> str:
        """A connection string; `extra` adds or replaces."""
        return Instance.conninfo(self, user, password, dbname, **{"sslmode": "disable", **extra})

    def su(
        self,
        query: QueryNoTemplate,
        params: Sequence[Any] | dict[str, Any] | None = None,
        dbname: str = "postgres",
    ) -> list[tuple[Any, ...]]:
        """Runs one statement as the superuser, committed at once, and returns its rows."""
        if dbname != "postgres":
            return Instance.su(self, query, params, dbname)
        try:
            return self._su(query, params)
        except psycopg.OperationalError:  # the server was restarted
            self.let_go()
            return self._su(query, params)

    def let_go(self) -> None:
        """Close the superuser's connection."""
        if connection := self._kept.pop(self.port, None):
            connection.close()

    def _su(self, query: QueryNoTemplate, params: Any) -> list[tuple[Any, ...]]:
        if self.port not in self._kept:
            conninfo = self.superuser_conninfo()
            self._kept[self.port] = psycopg.connect(conninfo, autocommit=True)
        cursor = self._kept[self.port].execute(query, params)
        return cursor.fetchall() if cursor.description else []


@dataclass(slots=True)
class Bench:
    """Where trials are made.

    Attributes:
        instance: the server itself.
        project: of which the secrets lead through the proxy.
    """

    instance: Direct
    proxy: Proxy
    project: Project
    runs: Runs
    _roles: list[tuple[Any, ...]]
    _databases: list[tuple[Any, ...]]
    _bystanders: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _left: int = 0

    def clean(self) -> None:
        """Put server and project back into their first state."""
        self.close()
        self._left = 0
        hygiene.clean(self.instance, self._roles, self._databases)
        shutil.rmtree(self.project.root)
        self.project.root.mkdir()
        self.project.settings = {"server": {"sslmode": "disable", "connections": 2}}

    def close(self) -> None:
        """Close every connection of its own."""
        self._bystanders.close()
        self.instance.let_go()

    def sql(self, dbname: str, *statements: str, admin: bool = False) -> None:
        """Run statements as the superuser, or as the admin."""
        instance = self.instance
        conninfo = instance.admin_conninfo if admin else instance.superuser_conninfo
        with psycopg.connect(conninfo(dbname), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def bystander(self, dbname: str, *statements: str, as_run: bool = False) -> None:
        """Let somebody be in a transaction on another connection, until `clean`.

        Args:
            dbname: where.
            statements: what is done in it.
            as_run: be a session of the admin's that a run left behind, not the superuser's.
        """
        if as_run:
            conninfo = self.instance.admin_conninfo(dbname, application_name=APPLICATION_NAME)
        else:
            conninfo = self.instance.superuser_conninfo(dbname)
        connection = psycopg.connect(conninfo)
        self._bystanders.callback(connection.close)
        for statement in statements:
            connection.execute(statement.encode())
        self._left += as_run

    def settled(self) -> None:
        """Wait until the server has noticed that a run is over."""
        deadline = time.monotonic() + _PATIENCE
        while self.instance.su(_GONE, [APPLICATION_NAME]) > [(self._left,)]:
            assert time.monotonic() < deadline, "a session of pgtenant stays"
            time.sleep(0.01)

    # What faults do to the world.

    def terminate(self, pid: int) -> None:
        """End a server process, and wait until it is gone."""
        self.instance.su("SELECT pg_terminate_backend(%s, 10000)", [pid])

    def restart(self, mode: StopMode) -> None:
        """Restart the server."""
        self.instance.server.restart(mode)

    @contextlib.contextmanager
    def no_slots(self) -> Iterator[None]:
        """Take every connection that is to be had, as an application would."""
        admin = self.instance.admin
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    stack.enter_context(self.instance.connect(*dataclasses.astuple(admin)))
            yield


@contextlib.contextmanager
def bench(instance: Instance, root: Path) -> Iterator[Bench]:
    """Set one up.

    Args:
        instance: a private one, with `SETTINGS`.
        root: an empty directory for the project.
    """
    direct = Direct(instance.server, instance.ca_file, instance.admin, "127.0.0.1")
    proxy = Proxy(instance.server.host, instance.port)
    with forked() as runs, proxy.listening():
        relayed = Relayed(
            instance.server, instance.ca_file, instance.admin, "127.0.0.1", proxy.port
        )
        project = Project(root=root, instance=relayed)
        made = Bench(direct, proxy, project, runs, *hygiene.baseline(instance))
        try:
            yield made
        finally:
            made.close()


def quoted(text: str) -> str:
    """Quote a literal."""
    return sql.Literal(text).as_string(None)
