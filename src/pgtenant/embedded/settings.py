"""The configuration files of an embedded server."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pgtenant.embedded.account import Account

LOOPBACK = "127.0.0.1"
LOOPBACK_V6 = "::1"
PASSWORDS_ONLY = (
    f"host all all {LOOPBACK}/32 scram-sha-256",
    f"host all all {LOOPBACK_V6}/128 scram-sha-256",
)

# For servers whose data is worth nothing: as fast as PostgreSQL gets.
NOT_DURABLE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "16MB",
    "jit": "off",
}


@dataclass(frozen=True, slots=True)
class Tls:
    """A server certificate.

    Attributes:
        certificate: a PEM file with the chain.
        key: a PEM file with its private key; a copy is made for the server's user.
    """

    certificate: Path
    key: Path


def free_port() -> tuple[int, tuple[str, ...]]:
    """A TCP port that nobody listens on, and the loopback addresses on which it is free.

    Somebody may take it before the server does: be ready to try another.
    """
    while True:
        with socket.socket() as v4:
            v4.bind((LOOPBACK, 0))
            port: int = v4.getsockname()[1]
            try:
                with socket.socket(socket.AF_INET6) as v6:
                    v6.bind((LOOPBACK_V6, 0))
            except OSError:
                return port, (LOOPBACK,)
            try:
                with socket.socket(socket.AF_INET6) as v6:
                    v6.bind((LOOPBACK_V6, port))
            except OSError:
                continue
            return port, (LOOPBACK, LOOPBACK_V6)


def write_private(path: Path, content: bytes, account: Account | None) -> None:
    """Writes a file for the server's user alone, as PostgreSQL wants it for keys.

    With an account it stays ours, so that the account cannot swap it under us.
    """
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    if account is not None:
        os.chown(path, -1, account.gid)
        path.chmod(0o640)


def write_config(directory: Path, data: Path, settings: Mapping[str, str]) -> Path:
    """Writes `postgresql.conf`, which adds `settings` to what initdb found, and returns its path.

    Settings changed with ALTER SYSTEM live in the data directory and win, as everywhere.
    """
    lines = [f"include {_quoted(str(data / 'postgresql.conf'))}"]
    lines += [f"{name} = {_quoted(value)}" for name, value in settings.items()]
    return _write(directory / "postgresql.conf", lines)


def write_hba(directory: Path, rules: Iterable[str]) -> Path:
    """Writes `pg_hba.conf` with these lines and returns its path."""
    return _write(directory / "pg_hba.conf", rules)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _write(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(0o644)
    return path
