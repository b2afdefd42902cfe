"""An RDS-like server as a test sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from psycopg.abc import QueryNoTemplate

    from pgtenant.embedded import Server


@dataclass(frozen=True, slots=True)
class Login:
    """Who connects where."""

    user: str
    password: str
    dbname: str


@dataclass(frozen=True, slots=True)
class Instance:
    """A running server with TLS, as RDS would hand it over.

    Attributes:
        server: the server itself, to stop or restart; only a private instance may be.
        ca_file: the CA to verify it with.
        admin: `platform_admin`: LOGIN CREATEROLE CREATEDB, nothing else; owns `platform`.
        host: a name that the certificate is valid for.
    """

    server: Server
    ca_file: Path
    admin: Login
    host: str = "localhost"

    @property
    def major(self) -> int:
        """The server's major version."""
        return self.server.distribution.major

    @property
    def port(self) -> int:
        """The TCP port on loopback."""
        return self.server.port

    @property
    def log_path(self) -> Path:
        """The server's log, with every statement."""
        return self.server.log_path

    def conninfo(self, user: str, password: str, dbname: str, **extra: Any) -> str:
        """A connection string with `sslmode=verify-full`; `extra` adds or replaces."""
        settings: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "user": user,
            "password": password,
            "dbname": dbname,
            "sslmode": "verify-full",
            "sslrootcert": str(self.ca_file),
            "connect_timeout": 10,
        }
        return make_conninfo(**(settings | extra))

    def superuser_conninfo(self, dbname: str = "postgres", **extra: Any) -> str:
        """A connection string for `rdsadmin`."""
        server = self.server
        return self.conninfo(server.superuser, server.superuser_password, dbname, **extra)

    def admin_conninfo(self, dbname: str = "platform", **extra: Any) -> str:
        """A connection string for `platform_admin`."""
        return self.conninfo(self.admin.user, self.admin.password, dbname, **extra)

    def connect(
        self, user: str, password: str, dbname: str, *, autocommit: bool = True, **extra: Any
    ) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection; close it (`with` does)."""
        conninfo = self.conninfo(user, password, dbname, **extra)
        return psycopg.connect(conninfo, autocommit=autocommit)

    def su(
        self,
        query: QueryNoTemplate,
        params: Sequence[Any] | dict[str, Any] | None = None,
        dbname: str = "postgres",
    ) -> list[tuple[Any, ...]]:
        """Runs one statement as the superuser, committed at once, and returns its rows."""
        with psycopg.connect(self.superuser_conninfo(dbname), autocommit=True) as connection:
            cursor = connection.execute(query, params)
            return cursor.fetchall() if cursor.description else []

    def log_mark(self) -> int:
        """The log's present end, for `log_since`."""
        return self.log_path.stat().st_size

    def log_since(self, mark: int) -> str:
        """What was logged after `mark`."""
        return self.log_path.read_bytes()[mark:].decode(errors="replace")
