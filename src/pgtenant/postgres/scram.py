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
from dataclasses import dataclass, field
from typing import Final

from psycopg import sql

from pgtenant.postgres.connect import Keys
from pgtenant.postgres.libpq import Connection

_ITERATIONS: Final = 4096
_SALT: Final = 16
_SHAPE: Final = re.compile(
    r"SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}="
)


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a server stores in place of a password.

    Attributes:
        literal: what to put after `PASSWORD`.
        keys: what a client derives from the password and this salt; None where only libpq knows.
    """

    literal: sql.Literal = field(repr=False)
    keys: Keys | None = None


def verifier(connection: Connection, role: str, password: str) -> Verifier:
    """Return a verifier with a new salt. Nothing is sent on the connection.

    Raises:
        AssertionError: it is none.
    """
    keys = None
    if password.isascii():
        raw, keys = _computed(password.encode())
    else:
        raw = _of_libpq(connection, role, password)
    if _SHAPE.fullmatch(raw) is None:
        msg = f"no SCRAM-SHA-256 verifier was made for {role}"
        raise AssertionError(msg)
    return Verifier(sql.Literal(raw), keys)


def _computed(password: bytes) -> tuple[str, Keys]:
    salt = secrets.token_bytes(_SALT)
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    stored = hashlib.sha256(client).digest()
    raw = f"SCRAM-SHA-256${_ITERATIONS}:{_base64(salt)}${_base64(stored)}:{_base64(server)}"
    return raw, Keys(_base64(client), _base64(server))


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _of_libpq(connection: Connection, role: str, password: str) -> str:
    raw: bytes = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    )
    return raw.decode("ascii")
