"""Statements that take roles and databases out of service, for good or for a dump."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql


def lend_rights(role: str, admin: str, major: int) -> sql.Composed:
    """Give `admin` the rights of `role` until the end of the transaction, without `SET ROLE`.

    What two owners have to agree to (a new owner, a revoke of what others granted) can't be done
    as either of them.
    """
    grant = sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(admin))
    if major < 16:
        return grant
    return grant + sql.SQL(" WITH INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER")


def drop_owned(role: str) -> sql.Composed:
    """`DROP OWNED`, never with `CASCADE`: in this database, and in the ACLs that all share."""
    return sql.SQL("DROP OWNED BY {} RESTRICT").format(sql.Identifier(role))


def drop_role(role: str) -> sql.Composed:
    """`DROP ROLE`; its memberships go with it."""
    return sql.SQL("DROP ROLE {}").format(sql.Identifier(role))


def create_dumper(role: str, verifier: sql.Composable) -> sql.Composed:
    """`CREATE ROLE` for the login of one dump."""
    return sql.SQL("CREATE ROLE {} LOGIN INHERIT PASSWORD {}").format(
        sql.Identifier(role), verifier
    )


def grant_rights(role: str, login: str, major: int) -> sql.Composed:
    """Let a login act as a role: that of a dump as the owner, an entry's second as its first."""
    grant = sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(login))
    return grant if major < 16 else grant + sql.SQL(" WITH INHERIT TRUE, SET TRUE")


def force_row_security(schema: str, table: str, *, on: bool) -> sql.Composed:
    """`ALTER TABLE … FORCE` or `NO FORCE ROW LEVEL SECURITY`."""
    return sql.SQL("ALTER TABLE {} {} ROW LEVEL SECURITY").format(
        sql.Identifier(schema, table), sql.SQL("FORCE" if on else "NO FORCE")
    )


def create_scratch(name: str, options: Sequence[tuple[str, str]]) -> sql.Composed:
    """`CREATE DATABASE` like another one, empty and closed.

    Args:
        name: the database.
        options: keywords of ours, such as `LC_COLLATE`, each with its value.
    """
    like = sql.SQL(" ").join(
        sql.SQL("{} {}").format(sql.SQL(word), sql.Literal(value)) for word, value in options
    )
    return sql.SQL("CREATE DATABASE {} TEMPLATE template0 ALLOW_CONNECTIONS false {}").format(
        sql.Identifier(name), like
    )


def rollback_prepared(gid: str) -> sql.Composed:
    """`ROLLBACK PREPARED`; only ever shown."""
    return sql.SQL("ROLLBACK PREPARED {}").format(sql.Literal(gid))


def drop_slot(name: str) -> sql.Composed:
    """Drop a replication slot; only ever shown."""
    return sql.SQL("SELECT pg_catalog.pg_drop_replication_slot({})").format(sql.Literal(name))


def drop_subscription(name: str) -> sql.Composed:
    """`DROP SUBSCRIPTION`; only ever shown."""
    return sql.SQL("DROP SUBSCRIPTION {}").format(sql.Identifier(name))
