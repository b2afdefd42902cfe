"""SCRAM-SHA-256 verifiers, computed on this side: the server never sees a password.

libpq computes them (`PQencryptPasswordConn`), SASLprep and salt included. A malformed
verifier would silently become the password itself, so the shape is checked here and a
login follows.
https://www.postgresql.org/docs/current/libpq-misc.html#LIBPQ-PQENCRYPTPASSWORDCONN
"""

from __future__ import annotations

import re
from typing import Final

from psycopg import sql

from pgtenant.postgres.libpq import Connection

_SHAPE: Final = re.compile(
    r"SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}="
)


def verifier(connection: Connection, role: str, password: str) -> sql.Literal:
    """Return the literal to put after `PASSWORD`.

    Raises:
        AssertionError: libpq returned something else than a verifier.
    """
    raw = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode("ascii")
    if _SHAPE.fullmatch(raw) is None:
        msg = f"libpq made no SCRAM-SHA-256 verifier for {role}"
        raise AssertionError(msg)
    return sql.Literal(raw)
