"""PgBouncer in transaction mode, on loopback: Debian's package `pgbouncer`."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgtenant.embedded.account import choose_account
from support.instance import Instance

_PROGRAM = "pgbouncer"
_PLACES = ("/usr/sbin", "/usr/local/sbin")
_PATIENCE = 30.0
"""Seconds until it answers."""

_PORTS = 5
"""How many ports are tried: between choosing one and listening somebody else may take it."""


@dataclass(frozen=True, slots=True)
class Pooler:
    """A running one whose clients share a single session of a role.

    Attributes:
        port: on loopback.
        dbname: the only database that it knows.
    """

    port: int
    dbname: str

    @property
    def conninfo(self) -> str:
        """How a client logs in; as whom is the pooler's business."""
        return make_conninfo(
            host="127.0.0.1",
            port=self.port,
            dbname=self.dbname,
            user="anybody",
            sslmode="disable",
            connect_timeout=10,
        )


@contextlib.contextmanager
def pooled(
    instance: Instance, user: str, password: str, dbname: str, directory: Path
) -> Iterator[Pooler]:
    """Run it for the block; skip the test where it is not installed."""
    program = shutil.which(_PROGRAM) or shutil.which(_PROGRAM, path=":".join(_PLACES))
    if program is None:
        pytest.skip("needs PgBouncer: Debian's package pgbouncer is not installed")
    account = choose_account()
    # It reads its settings as root, and then runs as somebody else.
    command = [program, *([] if account is None else ["-u", account.name])]
    for _ in range(_PORTS):
        pooler = Pooler(_free_port(), dbname)
        settings = directory / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n{dbname} = host=127.0.0.1 port={instance.port}"
            f" user={user} password={password}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {pooler.port}\n"
            "unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 1\n"
            "max_client_conn = 20\nserver_tls_sslmode = require\n"
        )
        with (directory / "pgbouncer.log").open("wb") as log:
            process = subprocess.Popen([*command, settings], stdout=log, stderr=log)
        try:
            if _answers(pooler, process):
                yield pooler
                return
        finally:
            process.terminate()
            process.wait()
    raise AssertionError((directory / "pgbouncer.log").read_text(errors="replace"))


def _answers(pooler: Pooler, process: subprocess.Popen[bytes]) -> bool:
    """Wait until it lets a client in; it ends where somebody has taken its port meanwhile."""
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            psycopg.connect(pooler.conninfo).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
