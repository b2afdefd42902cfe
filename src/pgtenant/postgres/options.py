"""The armour of a session: settings that the owner of a database can't override.

The owner of a database decides with `ALTER DATABASE … SET` and `ALTER ROLE … SET` what
happens to whoever connects. Startup options beat both
(https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-SHELL).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

NO_SCHEMAS: Final = "pg_catalog"
OWN_SCHEMAS: Final = '"$user", public'
"""PostgreSQL's default: what the author of an application's schema expects."""

_IDLE: Final = "10min"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits of a session, in seconds."""

    connect: float
    lock: float
    statement: float


def armour(timeouts: Timeouts) -> dict[str, str]:
    """Return the settings that every supported and refused version knows.

    `client_min_messages` above `warning` would swallow the warnings that nothing was granted
    or revoked; `exit_on_error` would end a session that is to try again; a serializable,
    deferrable, read-only transaction waits for a safe snapshot; without `synchronous_commit` a
    crash could lose what the audit has on record.
    """
    return {
        "search_path": NO_SCHEMAS,
        "role": "none",
        "local_preload_libraries": "",
        "client_min_messages": "warning",
        "exit_on_error": "off",
        "synchronous_commit": "on",
        "default_transaction_read_only": "off",
        "default_transaction_isolation": "read committed",
        "default_transaction_deferrable": "off",
        "statement_timeout": _milliseconds(timeouts.statement),
        "lock_timeout": _milliseconds(timeouts.lock),
        "idle_in_transaction_session_timeout": _IDLE,
    }


def armour_of_version(major: int, timeouts: Timeouts) -> dict[str, str]:
    """Return the settings that depend on the version: each is fatal where it is unknown.

    `idle_session_timeout` is off, because the connection that holds the run's lock idles
    while databases are made; a client that dies is noticed within seconds instead.
    """
    settings = {"idle_session_timeout": "0", "client_connection_check_interval": "2s"}
    if major >= 16:
        settings["createrole_self_grant"] = ""
    if major >= 17:
        settings["transaction_timeout"] = _milliseconds(timeouts.statement * 2)
    return settings


def startup_options(settings: Mapping[str, str]) -> str:
    """Return the `options` parameter; spaces and backslashes escaped as libpq wants."""
    return " ".join(
        "-c " + f"{name}={value}".replace("\\", "\\\\").replace(" ", "\\ ")
        for name, value in settings.items()
    )


def _milliseconds(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"
