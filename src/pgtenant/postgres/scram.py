"""SCRAM-SHA-256 verifiers, computed on this side: the server never sees a password.

A malformed verifier would silently become the password itself, so the shape of all of them is
checked here, and a login follows. Where SASLprep changes nothing, which is so for ASCII, Python's
own PBKDF2 computes them: in a third of the time that libpq takes, with other threads going on
meanwhile. For all else libpq does (`PQencryptPasswordConn`), SASLprep included.
https://www.rfc-editor.org/rfc/rfc5803
https://www.postgresql.org/docs/current/libpq-misc.html#LIBPQ-PQENCRYPTPASSWORDCONN
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import b64encode
from typing import Final

from psycopg import sql

from pgtenant.postgres.libpq import Connection

_ITERATIONS: Final = 4096
_SALT: Final = 16
_SHAPE: Final = re.compile(
    r"SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}="
)


def verifier(connection: Connection, role: str, password: str) -> sql.Literal:
    """Return the literal to put after `PASSWORD`. Nothing is sent on the connection.

    Raises:
        AssertionError: it is no verifier.
    """
    raw = _computed(password) if password.isascii() else _of_libpq(connection, role, password)
    if _SHAPE.fullmatch(raw) is None:
        msg = f"no SCRAM-SHA-256 verifier was made for {role}"
        raise AssertionError(msg)
    return sql.Literal(raw)


def _computed(password: str) -> str:
    salt = secrets.token_bytes(_SALT)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (b64encode(x).decode() for x in (salt, stored, server))
    return f"SCRAM-SHA-256${_ITERATIONS}:{salt_text}${stored_text}:{server_text}"


def _of_libpq(connection: Connection, role: str, password: str) -> str:
    raw: bytes = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    )
    return raw.decode("ascii")
