"""The boundary where the driver's errors become ours: what, where, and what to do."""

from __future__ import annotations

from typing import Final

import psycopg

from pgtenant.codes import Code
from pgtenant.errors import ServerError
from pgtenant.postgres.bounded import NoAnswerError
from pgtenant.postgres.libpq import refusal_sqlstate, refusal_text

_NO_SLOTS: Final = "the server is out of connection slots; lower [server] connections or wait"
_AGAIN: Final = "run again: the next run continues from what is there"
_SILENT: Final = (
    "is the server stopped, out of disk or in a failover? When it answers, run again: the next run"
    " continues from what is there"
)
_NO_HOST: Final = "the host's name does not resolve: check the secret's host"
_CONFLICT: Final = "another session changes the same thing again and again; run again"
_REFUSALS: Final[dict[str, tuple[str, Code]]] = {
    "28P01": ("the stored password is not the role's: check the secret", Code.WRONG_PASSWORD),
    "28000": (
        (
            "pg_hba.conf or the role itself refuses this login (on RDS: a member of rds_iam"
            " can't log in with a password; without TLS rds.force_ssl refuses)"
        ),
        Code.LOGIN_REFUSED,
    ),
    "3D000": (
        "check the database's name in the secret or in [server] maintenance_database",
        Code.NO_DATABASE,
    ),
    "42501": ("grant the role CONNECT on that database", Code.NO_CONNECT),
    "53300": (_NO_SLOTS, Code.NO_SLOTS),
    "57P03": ("the server is starting up or shutting down; try again", Code.STARTING),
    "08P01": (
        "connect to the instance itself: RDS Proxy and poolers refuse startup options",
        Code.POOLER,
    ),
}
_SYMPTOMS: Final[tuple[tuple[str, str, Code], ...]] = (
    (
        "unsupported startup parameter",
        "connect to the instance itself: poolers refuse startup options",
        Code.POOLER,
    ),
    (
        "RDS Proxy",
        "connect to the instance itself: RDS Proxy refuses startup options",
        Code.POOLER,
    ),
    (
        "too many connections for role",
        "raise the role's connection_limit, or wait",
        Code.NO_SLOTS,
    ),
    (
        "does not support SSL",
        (
            'the server has no TLS: turn it on; [server] sslmode = "prefer" is for a server on'
            " this very machine"
        ),
        Code.NO_TLS,
    ),
    (
        "certificate verify failed",
        (
            "the server's certificate is not signed by the CA in [server] sslrootcert: use the"
            " provider's current bundle"
        ),
        Code.CERTIFICATE,
    ),
    (
        "does not match host name",
        "connect by the name in the server's certificate: correct the secret's host",
        Code.CERTIFICATE,
    ),
    (
        "root certificate file",
        "set [server] sslrootcert to a CA bundle, such as the RDS global bundle",
        Code.CA_BUNDLE,
    ),
    ("closed the connection unexpectedly", _AGAIN, Code.NOT_CONNECTED),
    (
        "Connection refused",
        "is the server up, and are host and port of the secret right?",
        Code.UNREACHABLE,
    ),
    (
        "timeout expired",
        "no answer: check security groups and routes to the instance",
        Code.UNREACHABLE,
    ),
    ("translate host name", _NO_HOST, Code.UNKNOWN_HOST),
    ("failed to resolve host", _NO_HOST, Code.UNKNOWN_HOST),
)
_STATEMENTS: Final[dict[str, tuple[str, Code]]] = {
    "40001": (_CONFLICT, Code.CONFLICT),
    "40P01": (_CONFLICT, Code.CONFLICT),
    "25006": (
        "the server is read-only: is this a replica? Use the writer's endpoint",
        Code.READ_ONLY,
    ),
    "53100": ("the server's disk is full", Code.DISK_FULL),
    "53300": (_NO_SLOTS, Code.NO_SLOTS),
    "55P03": (
        "another session holds a lock on it; see pg_locks, or raise [server] lock_timeout",
        Code.OBJECT_LOCKED,
    ),
    "57014": ("it took longer than [server] statement_timeout", Code.STATEMENT_TIMEOUT),
    "57P01": ("the connection was ended by an administrator; run again", Code.CONNECTION_LOST),
    "57P02": (_AGAIN, Code.CONNECTION_LOST),
    "42501": ("the admin lacks a privilege for this", Code.PRIVILEGE),
}

_TEXTS: Final[tuple[tuple[str, str, Code], ...]] = (
    ("tuple concurrently ", _CONFLICT, Code.CONFLICT),
    # RDS's own check, made outside of PostgreSQL: AWS documents the text and no SQLSTATE.
    (
        "rds_password",
        (
            "rds.restrict_password_commands is on: have the master run GRANT rds_password TO the"
            " admin. It restricts PASSWORD, VALID UNTIL and RENAME alike"
        ),
        Code.PRIVILEGE,
    ),
    (
        "no possible grantors",
        (
            "the admin may act on this role only through another one that holds ADMIN on it: have"
            " ADMIN granted to the admin itself (`pgtenant bootstrap` does)"
        ),
        Code.PRIVILEGE,
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
    hint, code = _REFUSALS.get(sqlstate or "", ("", Code.NOT_CONNECTED))
    for symptom, cure, about in _SYMPTOMS:
        if symptom.lower() in message.lower():
            hint, code = cure, about
            break
    return ServerError(
        f"cannot connect to {where} as {who}: {refusal_text(message)}",
        hint=hint,
        sqlstate=sqlstate,
        code=code,
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
                code=Code.UNFIT_SQL,
            )
        return ServerError(
            f"{doing} in {where}: the connection was lost ({text}){either}",
            hint=_SILENT if isinstance(error, NoAnswerError) else _AGAIN,
            sqlstate=sqlstate,
            code=Code.CONNECTION_LOST,
        )
    parts = [f"{doing} in {where}: {primary}"]
    if error.diag.message_detail:
        parts.append(f"({' '.join(error.diag.message_detail.split())})")
    hint, about = _known(sqlstate or "", primary)
    state = f" [{sqlstate}]" if sqlstate else ""
    return ServerError(
        f"{' '.join(parts)}{state}{either}",
        hint=hint or error.diag.message_hint or "",
        sqlstate=sqlstate,
        code=about,
    )


def _known(sqlstate: str, text: str) -> tuple[str, Code]:
    told = ((cure, code) for symptom, cure, code in _TEXTS if symptom in text)
    return next(told, _STATEMENTS.get(sqlstate, ("", Code.STATEMENT_REFUSED)))
