"""SQLSTATEs of refused connections.

psycopg raises what libpq says about a failed connection, and libpq says the SQLSTATE
only at verbosity `VERBOSE`, which has to be set between `PQconnectStart` and the
server's answer. psycopg does not wrap `PQsetErrorVerbosity`, so it is called on the
very libpq that psycopg has loaded. Where that can't be found, refusals simply carry no
SQLSTATE, and what follows from one is "not proven".

https://www.postgresql.org/docs/current/libpq-control.html#LIBPQ-PQSETERRORVERBOSITY
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import logging
import re
import select
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import psycopg
from psycopg import pq
from psycopg.abc import Buffer, PQGenConn
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq.abc import PGconn
from psycopg.types.json import set_json_loads
from psycopg.waiting import Wait

from pgtenant.postgres.bounded import BoundedConnection

# It warns of a rollback on a lost connection, which the next statement meets as an error.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

_DEFAULT, _VERBOSE = 1, 2
_SQLSTATE: Final = re.compile(r":  ([0-9A-Z]{5}): ")  # two spaces follow the severity


_UNKNOWN: Final = 0
"""The OID that stands for every type without a loader of its own."""

_SLICE: Final = 0.2
"""Seconds: the longest wait in a thread that nobody may want any more."""


class Connection(BoundedConnection):
    """psycopg's connection, with refusals that carry their SQLSTATE, and text of any bytes.

    The shared catalogs hold whatever bytes a session in another encoding wrote: whoever may
    create a database can name it in bytes that are no UTF-8, and the server sends them as they
    are. They arrive as lone surrogates (PEP 383), which nothing can send back.
    """

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Connection]:
        return cls.on((yield from _connect(conninfo)))

    @classmethod
    def on(cls, pgconn: PGconn) -> Connection:
        """Return what stands on a connection of libpq."""
        pgconn.nonblocking = 1
        connection = cls(pgconn)
        connection._adapters = AdaptersMap(_adapters())
        return connection


class _TextLoader(Loader):
    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "surrogateescape")


@cache
def _adapters() -> AdaptersMap:
    """Return what a connection converts with: the same for all, and not to be made for each."""
    adapters = AdaptersMap(psycopg.adapters)
    for type_ in (_UNKNOWN, "text", "name", "varchar", "bpchar"):
        adapters.register_loader(type_, _TextLoader)
    set_json_loads(load_json, adapters)
    return adapters


def load_json(data: str | bytes) -> Any:
    """Read JSON whose strings may hold bytes that are no UTF-8."""
    return json.loads(data if isinstance(data, str) else data.decode("utf-8", "surrogateescape"))


def refusal_sqlstate(message: str) -> str | None:
    """Return the SQLSTATE in a message of libpq at verbosity `VERBOSE`, or None.

    The last one counts: it belongs to the last address that was tried.
    """
    found = _SQLSTATE.findall(message)
    return found[-1] if found else None


def refusal_text(message: str) -> str:
    """Return the same message as it reads at the default verbosity, on one line."""
    lines = [line for line in message.splitlines() if not line.startswith("LOCATION:")]
    return " ".join(_SQLSTATE.sub(": ", " ".join(lines)).split())


def dial(conninfo: str, seconds: float, unwanted: threading.Event) -> PGconn:
    """Connect and wait for it, in a thread: what TLS and SCRAM compute takes milliseconds.

    Args:
        conninfo: names one address, or a socket: the others would be tried one after the other.
        seconds: how long to wait at most.
        unwanted: set when nobody wants it any more.

    Raises:
        psycopg.OperationalError: it was refused, or did not come about in time.
    """
    end = time.monotonic() + seconds
    steps = _connect(conninfo)
    try:
        socket, wait = next(steps)
        while True:
            line = select.poll()
            line.register(socket, select.POLLIN if wait is Wait.R else select.POLLOUT)
            while not line.poll(1000 * min(_SLICE, max(0.0, end - time.monotonic()))):
                if unwanted.is_set() or time.monotonic() >= end:
                    raise psycopg.errors.ConnectionTimeout("connection timeout expired")
            socket, wait = steps.send(True)
    except StopIteration as connected:
        conn: PGconn = connected.value
        return conn


def _connect(conninfo: str) -> PQGenConn[PGconn]:
    """Connect as `psycopg.generators.connect` does, at verbosity `VERBOSE` until it stands."""
    conn = pq.PGconn.connect_start(conninfo.encode())
    set_verbosity, poll = _function("PQsetErrorVerbosity", 1), _function("PQconnectPoll", 0)
    pointer: int | None = getattr(conn, "pgconn_ptr", None)  # not in psycopg's protocol
    if set_verbosity is not None and pointer is not None:
        set_verbosity(pointer, _VERBOSE)
    while True:
        if conn.status == pq.ConnStatus.BAD:
            raise _refused(conn)
        # Called like this, it lets other threads go on meanwhile.
        status = poll(pointer) if poll and pointer is not None else conn.connect_poll()
        if status == pq.PollingStatus.OK:
            break
        if status == pq.PollingStatus.FAILED:
            raise _refused(conn)
        wait = Wait.R if status == pq.PollingStatus.READING else Wait.W
        while not (yield conn.socket, wait):
            pass
    if set_verbosity is not None and pointer is not None:
        set_verbosity(pointer, _DEFAULT)
    return conn


def _refused(conn: PGconn) -> psycopg.OperationalError:
    message = conn.get_error_message("utf-8")
    conn.finish()
    return psycopg.OperationalError(message)


@cache
def _function(name: str, numbers: int) -> Callable[..., int] | None:
    """Return a function of libpq that takes a connection and so many numbers, and returns one."""
    for path in _candidates():
        try:
            function = getattr(ctypes.CDLL(path), name)
        except (OSError, AttributeError):
            continue
        function.argtypes = [ctypes.c_void_p, *[ctypes.c_int] * numbers]
        function.restype = ctypes.c_int
        return cast("Callable[..., int]", function)
    return None


def _candidates() -> list[str]:
    """Return where psycopg's libpq may lie; loading one again gives the same library."""
    if pq.__impl__ == "binary":
        import psycopg_binary

        package = Path(psycopg_binary.__file__).parent
        bundles = (package.parent / "psycopg_binary.libs", package / ".dylibs")
        return [str(p) for bundle in bundles for p in sorted(bundle.glob("libpq[-.]*"))]
    found = ctypes.util.find_library("pq")
    return [found] if found else []
