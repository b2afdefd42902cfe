"""The boundary where the driver's errors become ours: what, where, and what to do."""

from __future__ import annotations

from typing import Final

import psycopg

from pgtenant.errors import ServerError
from pgtenant.postgres.bounded import NoAnswerError
from pgtenant.postgres.libpq import refusal_sqlstate, refusal_text

_NO_SLOTS: Final = "the server is out of connection slots; lower [server] connections or wait"
_AGAIN: Final = "run again: the next run continues from what is there"
_SILENT: Final = (
    "is the server stopped, out of disk or in a failover? When it answers, run again: the next run"
    " continues from what is there"
)
_CONFLICT: Final = "another session changes the same thing again and again; run again"
_REFUSALS: Final[dict[str, str]] = {
    "28P01": "the stored password is not the role's: check the secret",
    "28000": (
        "pg_hba.conf or the role itself refuses this login (on RDS: a member of rds_iam"
        " can't log in with a password; without TLS rds.force_ssl refuses)"
    ),
    "3D000": "check the database's name in the secret or in [server] maintenance_database",
    "42501": "grant the role CONNECT on that database",
    "53300": _NO_SLOTS,
    "57P03": "the server is starting up or shutting down; try again",
    "08P01": "connect to the instance itself: RDS Proxy and poolers refuse startup options",
}
_SYMPTOMS: Final[tuple[tuple[str, str], ...]] = (
    (
        "unsupported startup parameter",
        "connect to the instance itself: poolers refuse startup options",
    ),
    ("too many connections for role", "raise the role's connection_limit, or wait"),
    ("RDS Proxy", "connect to the instance itself: RDS Proxy refuses startup options"),
    (
        "does not support SSL",
        (
            'the server has no TLS: turn it on; [server] sslmode = "prefer" is for a server on'
            " this very machine"
        ),
    ),
    (
        "certificate verify failed",
        (
            "the server's certificate is not signed by the CA in [server] sslrootcert: use the"
            " provider's current bundle"
        ),
    ),
    (
        "does not match host name",
        "connect by the name in the server's certificate: correct the secret's host",
    ),
    (
        "root certificate file",
        "set [server] sslrootcert to a CA bundle, such as the RDS global bundle",
    ),
    ("closed the connection unexpectedly", _AGAIN),
    ("Connection refused", "is the server up, and are host and port of the secret right?"),
    ("timeout expired", "no answer: check security groups and routes to the instance"),
    ("translate host name", "the host's name does not resolve: check the secret's host"),
    ("failed to resolve host", "the host's name does not resolve: check the secret's host"),
)
_STATEMENTS: Final[dict[str, str]] = {
    "40001": _CONFLICT,
    "40P01": _CONFLICT,
    "25006": "the server is read-only: is this a replica? Use the writer's endpoint",
    "53100": "the server's disk is full",
    "53300": _NO_SLOTS,
    "55P03": "another session holds a lock on it; see pg_locks, or raise [server] lock_timeout",
    "57014": "it took longer than [server] statement_timeout",
    "57P01": "the connection was ended by an administrator; run again",
    "57P02": _AGAIN,
    "42501": "the admin lacks a privilege for this",
}

_TEXTS: Final[tuple[tuple[str, str], ...]] = (
    ("tuple concurrently ", _CONFLICT),
    # RDS's own check, made outside of PostgreSQL: AWS documents the text and no SQLSTATE.
    (
        "rds_password",
        (
            "rds.restrict_password_commands is on: have the master run GRANT rds_password TO the"
            " admin. It restricts PASSWORD, VALID UNTIL and RENAME alike"
        ),
    ),
    (
        "no possible grantors",
        (
            "the admin may act on this role only through another one that holds ADMIN on it: have"
            " ADMIN granted to the admin itself (`pgtenant bootstrap` does)"
        ),
    ),
)
"""What the SQLSTATE does not tell."""


def refused(error: psycopg.Error, *, who: str, where: str) -> ServerError:
    """Translate a failed connection.

    Args:
        error: what psycopg raised.
        who: the role that tried.
        where: `host:port/database`.
    """
    message = str(error)
    sqlstate = refusal_sqlstate(message)
    hint = _REFUSALS.get(sqlstate or "", "")
    for symptom, cure in _SYMPTOMS:
        if symptom.lower() in message.lower():
            hint = cure
            break
    return ServerError(
        f"cannot connect to {where} as {who}: {refusal_text(message)}",
        hint=hint,
        sqlstate=sqlstate,
    )


def failed(error: psycopg.Error, *, doing: str, where: str, unknown: bool = False) -> ServerError:
    """Translate a failed statement. The server's text is kept, its context is not.

    Args:
        error: what psycopg raised.
        doing: what was being done, without secrets.
        where: the database.
        unknown: whether the connection was lost at a moment at which the server may have made
            permanent what was being done.
    """
    sqlstate = error.sqlstate
    either = "; whether it took effect is unknown" if unknown else ""
    primary = error.diag.message_primary
    if primary is None:
        text = refusal_text(str(error)) or type(error).__name__
        if not isinstance(error, psycopg.OperationalError):  # the driver itself refused
            return ServerError(
                f"{doing} in {where}: {text}",
                hint="COPY to or from the client can't be used here: load rows with INSERT",
            )
        return ServerError(
            f"{doing} in {where}: the connection was lost ({text}){either}",
            hint=_SILENT if isinstance(error, NoAnswerError) else _AGAIN,
            sqlstate=sqlstate,
        )
    parts = [f"{doing} in {where}: {primary}"]
    if error.diag.message_detail:
        parts.append(f"({' '.join(error.diag.message_detail.split())})")
    hint = _hint(sqlstate or "", primary) or error.diag.message_hint or ""
    code = f" [{sqlstate}]" if sqlstate else ""
    return ServerError(f"{' '.join(parts)}{code}{either}", hint=hint, sqlstate=sqlstate)


def _hint(sqlstate: str, text: str) -> str:
    known = next((cure for symptom, cure in _TEXTS if symptom in text), "")
    return known or _STATEMENTS.get(sqlstate, "")
