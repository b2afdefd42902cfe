"""What the demo and the sandbox share: an admin as RDS makes it, words, the wait for Ctrl-C."""

from __future__ import annotations

import signal
import sys

import psycopg
from psycopg import sql

from pgtenant.demo.project import ADMIN, MAINTENANCE, DemoProject
from pgtenant.embedded import Server


def make_admin(server: Server, project: DemoProject) -> None:
    """Make the admin, its secret and its database: all that a new RDS instance has."""
    password = project.store("goldenpath/dev/rds/master", ADMIN, MAINTENANCE)
    with psycopg.connect(server.superuser_conninfo(), autocommit=True) as connection:
        verifier = connection.pgconn.encrypt_password(
            password.encode(), ADMIN.encode(), b"scram-sha-256"
        )
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(
                sql.Identifier(ADMIN), sql.Literal(verifier.decode())
            )
        )
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(MAINTENANCE), sql.Identifier(ADMIN)
            )
        )


def say(text: str) -> None:
    """Print a line at once."""
    # A pipe of another encoding gets escapes instead of a traceback.
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


def until_interrupted() -> None:
    """Wait for Ctrl-C."""
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("\nRemoving everything …")
