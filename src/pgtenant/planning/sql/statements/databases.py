"""Statements about a database as a whole."""

from __future__ import annotations

from typing import Final

from psycopg import sql

from pgtenant.planning.changes import AlterDatabase, GrantDatabase, RevokeDatabase
from pgtenant.planning.sql.statements.words import (
    and_dependents,
    boolean,
    grant_option,
    grantee,
    limit_to,
    privileges,
)

_SCHEMA_KEY: Final = int.from_bytes(b"pgschema", "big")
_SCHEMA_RECORDED: Final = '(?p)[{]"managed_by":"pgtenant",.*"initial_schema":".*[}]$'
"""A comment whose last line is a marker with an initial schema; `.` is within that line."""


def comment_on_database(database: str, comment: str) -> sql.Composed:
    """`COMMENT ON DATABASE`."""
    return sql.SQL("COMMENT ON DATABASE {} IS {}").format(
        sql.Identifier(database), sql.Literal(comment)
    )


def lock_schema() -> sql.Composed:
    """Wait until nobody else is running this database's initial schema.

    The lock goes with the transaction. Its key is not the run lock's, because the database may
    be the maintenance database of some run.
    """
    return sql.SQL("SELECT pg_catalog.pg_advisory_xact_lock({})").format(sql.Literal(_SCHEMA_KEY))


def no_schema_yet() -> sql.Composed:
    """Ask whether this database's comment records no initial schema.

    In a statement of its own after `lock_schema`, because one that waits does not see what was
    committed meanwhile.
    """
    return sql.SQL(
        "SELECT (pg_catalog.shobj_description(d.oid, 'pg_database') ~ {}) IS NOT TRUE"
        " FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()"
    ).format(sql.Literal(_SCHEMA_RECORDED))


def create_database(name: str) -> sql.Composed:
    """`CREATE DATABASE` that nobody can enter yet.

    From `template0`, because any tenant may sit in `template1` (creation then fails) or
    have left something there.
    """
    return sql.SQL("CREATE DATABASE {} TEMPLATE template0 ALLOW_CONNECTIONS false").format(
        sql.Identifier(name)
    )


def drop_database(name: str) -> sql.Composed:
    """`DROP DATABASE`."""
    return sql.SQL("DROP DATABASE {}").format(sql.Identifier(name))


def revoke_all_from_public(database: str) -> sql.Composed:
    """Close a database to everyone without a grant of their own."""
    return sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))


def database_owner(database: str, owner: str) -> sql.Composed:
    """`ALTER DATABASE … OWNER TO`."""
    return sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
        sql.Identifier(database), sql.Identifier(owner)
    )


def alter_database(change: AlterDatabase) -> sql.Composed:
    """`ALTER DATABASE` with the properties that are not None."""
    options: list[sql.Composable] = []
    if change.allow_connections is not None:
        options.append(sql.SQL("ALLOW_CONNECTIONS {}").format(boolean(change.allow_connections)))
    if change.connection_limit is not None:
        options.append(limit_to(change.connection_limit))
    if change.is_template is not None:
        options.append(sql.SQL("IS_TEMPLATE {}").format(boolean(change.is_template)))
    return sql.SQL("ALTER DATABASE {} {}").format(
        sql.Identifier(change.database), sql.SQL(" ").join(options)
    )


def grant_database(change: GrantDatabase) -> sql.Composed:
    """`GRANT … ON DATABASE`."""
    return sql.SQL("GRANT {} ON DATABASE {} TO {}").format(
        privileges(change.privileges), sql.Identifier(change.database), grantee(change.role)
    )


def revoke_database(change: RevokeDatabase) -> sql.Composed:
    """`REVOKE … ON DATABASE`."""
    return sql.SQL("REVOKE {}{} ON DATABASE {} FROM {}{}").format(
        grant_option(only=change.grant_option_only),
        privileges(change.privileges),
        sql.Identifier(change.database),
        grantee(change.role),
        and_dependents(cascade=change.cascade),
    )
