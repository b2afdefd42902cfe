"""Statements about an entry's second login."""

from __future__ import annotations

from psycopg import sql

from pgtenant.planning.observed import Setting


def set_default(role: str, setting: Setting) -> sql.Composed:
    """`ALTER ROLE … [IN DATABASE …] SET … TO …`."""
    return _of(role, setting.database) + sql.SQL(" SET {} TO {}").format(
        sql.Identifier(setting.name), sql.SQL(", ").join(map(sql.Literal, setting.words))
    )


def reset_default(role: str, database: str, name: str) -> sql.Composed:
    """`ALTER ROLE … [IN DATABASE …] RESET …`; an empty database stands for all."""
    return _of(role, database) + sql.SQL(" RESET {}").format(sql.Identifier(name))


def rename_role(role: str, name: str) -> sql.Composed:
    """`ALTER ROLE … RENAME`; a second login's is only ever shown, a retired tenant's is sent."""
    return sql.SQL("ALTER ROLE {} RENAME TO {}").format(sql.Identifier(role), sql.Identifier(name))


def end_sessions(role: str) -> sql.Composed:
    """End a login's sessions; only ever shown."""
    return sql.SQL(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
        " WHERE usename = {}"
    ).format(sql.Literal(role))


def no_sessions(role: str) -> sql.Composed:
    """Ask whether a login has no session."""
    return sql.SQL(
        "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE usename = {})"
    ).format(sql.Literal(role))


def reassign_owned(second: str, first: str) -> sql.Composed:
    """`REASSIGN OWNED BY second TO first`."""
    return sql.SQL("REASSIGN OWNED BY {} TO {}").format(
        sql.Identifier(second), sql.Identifier(first)
    )


def _of(role: str, database: str) -> sql.Composed:
    where = sql.SQL(" IN DATABASE {}").format(sql.Identifier(database)) if database else sql.SQL("")
    return sql.SQL("ALTER ROLE {}{}").format(sql.Identifier(role), where)
