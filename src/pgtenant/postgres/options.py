"""The armour of a session: settings that the owner of a database can't override.

The owner of a database decides with `ALTER DATABASE … SET` and `ALTER ROLE … SET` what
happens to whoever connects. Startup options beat both
(https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-SHELL).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pgtenant.postgres.bounded import MARGIN

NO_SCHEMAS: Final = "pg_catalog"
CATALOG_FIRST: Final = "pg_catalog,pg_temp"
"""The same where a file of somebody else's runs: it may make a temporary `pg_class`, and what is
temporary comes first where the path does not name it."""

OWN_SCHEMAS: Final = '"$user", public'
"""PostgreSQL's default: what the author of an application's schema expects."""

_IDLE: Final = "10min"

_PROBE_AFTER: Final = 10
_PROBE_EVERY: Final = 5
_PROBES: Final = 3
_SILENCE: Final = _PROBE_AFTER + _PROBE_EVERY * _PROBES
"""Seconds after which the server gives up a client that answers nothing: less than
`lock_timeout` by default, so that the next run still gets its turn."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits of a session, in seconds."""

    connect: float
    lock: float
    statement: float

    @property
    def answer(self) -> float:
        """How long the client waits for an answer: the server gives up first, where it can."""
        return self.statement + MARGIN


def armour(timeouts: Timeouts) -> dict[str, str]:
    """Return the settings that every supported and refused version knows.

    `client_min_messages` above `warning` would swallow the warnings that nothing was granted
    or revoked; `exit_on_error` would end a session that is to try again; a serializable,
    deferrable, read-only transaction waits for a safe snapshot; without `synchronous_commit` a
    crash could lose what the audit has on record; with `quote_all_identifiers` the server prints
    expressions otherwise than they are known; a query of catalogs is planned as a dear one where
    there is much in them, and compiling it takes longer than to run it.

    A client that is killed closes its socket. One whose host or network vanishes says nothing,
    and the session that it leaves behind would keep the run's lock until the server's kernel
    gives up: two hours by Linux's defaults, six minutes by those of RDS.
    """
    return {
        "search_path": NO_SCHEMAS,
        "role": "none",
        "local_preload_libraries": "",
        "client_min_messages": "warning",
        "exit_on_error": "off",
        "quote_all_identifiers": "off",
        "jit": "off",
        "synchronous_commit": "on",
        "default_transaction_read_only": "off",
        "default_transaction_isolation": "read committed",
        "default_transaction_deferrable": "off",
        "statement_timeout": _milliseconds(timeouts.statement),
        "lock_timeout": _milliseconds(timeouts.lock),
        "idle_in_transaction_session_timeout": _IDLE,
        "tcp_keepalives_idle": f"{_PROBE_AFTER}s",
        "tcp_keepalives_interval": f"{_PROBE_EVERY}s",
        "tcp_keepalives_count": str(_PROBES),
    }


def armour_of_version(major: int, timeouts: Timeouts) -> dict[str, str]:
    """Return the settings that depend on the version: each is fatal where it is unknown.

    `idle_session_timeout` is off, because the connection that holds the run's lock idles
    while databases are made; a client that dies is noticed within seconds instead, also
    while a statement of its runs or waits for a lock.

    No keepalive is sent while an answer is on its way: that one `tcp_user_timeout` ends. On Linux
    it also decides instead of the number of probes, hence the same time for both.
    https://blog.cloudflare.com/when-tcp-sockets-refuse-to-die/
    """
    settings = {
        "idle_session_timeout": "0",
        "client_connection_check_interval": "2s",
        "tcp_user_timeout": f"{_SILENCE}s",
    }
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
