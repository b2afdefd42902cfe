"""Statements about what is inside a database."""

from __future__ import annotations

from typing import Final

from psycopg import sql

from pgtenant.planning.changes import (
    GrantDefault,
    GrantObjects,
    RevokeColumns,
    RevokeDefault,
    RevokeObjects,
)
from pgtenant.planning.observed import ForeignObject, FunctionGrant
from pgtenant.planning.privileges import ObjectKind
from pgtenant.planning.sql.statements.words import (
    KEYWORDS,
    and_dependents,
    grant_option,
    grantee,
    names_in,
    privileges,
)

_DEFAULT_KEYWORDS: Final = {
    "schema": sql.SQL("SCHEMAS"),
    "table": sql.SQL("TABLES"),
    "sequence": sql.SQL("SEQUENCES"),
    "function": sql.SQL("ROUTINES"),
    "type": sql.SQL("TYPES"),
    "large_object": sql.SQL("LARGE OBJECTS"),
}


def grant_objects(change: GrantObjects) -> sql.Composed:
    """`GRANT … ON SCHEMA/TABLE/SEQUENCE` for named objects."""
    return sql.SQL("GRANT {} ON {} {} TO {}").format(
        privileges(change.privileges),
        KEYWORDS[change.object_kind],
        names_in(change.schema, change.names),
        grantee(change.role),
    )


def revoke_objects(change: RevokeObjects) -> sql.Composed:
    """`REVOKE … ON SCHEMA/TABLE/SEQUENCE` for named objects."""
    return sql.SQL("REVOKE {}{} ON {} {} FROM {}{}").format(
        grant_option(only=change.grant_option_only),
        privileges(change.privileges),
        KEYWORDS[change.object_kind],
        names_in(change.schema, change.names),
        grantee(change.role),
        and_dependents(cascade=change.cascade),
    )


def revoke_columns(change: RevokeColumns) -> sql.Composed:
    """`REVOKE … (columns) ON TABLE`, with whatever was passed on."""
    return sql.SQL("REVOKE {} ({}) ON TABLE {} FROM {} CASCADE").format(
        privileges([change.privilege]),
        sql.SQL(", ").join(map(sql.Identifier, change.columns)),
        sql.Identifier(change.schema, change.table),
        grantee(change.role),
    )


def revoke_execute(grant: FunctionGrant) -> sql.Composed:
    """`REVOKE EXECUTE ON ROUTINE`; only ever shown."""
    return sql.SQL("REVOKE EXECUTE ON ROUTINE {}({}) FROM {}").format(
        sql.Identifier(grant.schema, grant.name),
        sql.SQL(", ").join(sql.Identifier(*argument) for argument in grant.arguments),
        grantee(grant.role),
    )


def close_public_schema() -> sql.Composed:
    """Keep `PUBLIC` from creating objects in the schema `public`."""
    return sql.SQL("REVOKE CREATE ON SCHEMA {} FROM PUBLIC").format(sql.Identifier("public"))


def grant_default(change: GrantDefault) -> sql.Composed:
    """`ALTER DEFAULT PRIVILEGES … GRANT`, for everything the owner will make."""
    return sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT {} ON {} TO {}").format(
        sql.Identifier(change.owner),
        privileges(change.privileges),
        _DEFAULT_KEYWORDS[change.object_kind],
        grantee(change.role),
    )


def revoke_default(change: RevokeDefault) -> sql.Composed:
    """`ALTER DEFAULT PRIVILEGES … REVOKE`."""
    where = (
        sql.SQL(" IN SCHEMA {}").format(sql.Identifier(change.schema))
        if change.schema
        else sql.SQL("")
    )
    return sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {}{} REVOKE {}{} ON {} FROM {}").format(
        sql.Identifier(change.owner),
        where,
        grant_option(only=change.grant_option_only),
        privileges(change.privileges),
        _DEFAULT_KEYWORDS[change.object_kind],
        grantee(change.role),
    )


def no_schemas() -> sql.SQL:
    """Have unqualified names found among PostgreSQL's own, until the transaction ends."""
    return sql.SQL("SET LOCAL search_path = pg_catalog")


def create_extension(name: str) -> sql.Composed:
    """`CREATE EXTENSION`."""
    return sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(name))


def change_owner(item: ForeignObject, owner: str) -> sql.Composed:
    """`ALTER … OWNER TO`, for a schema or relation that someone else owns."""
    name = sql.Identifier(item.schema, item.name) if item.schema else sql.Identifier(item.name)
    return sql.SQL("ALTER {} {} OWNER TO {}").format(
        KEYWORDS[ObjectKind(item.kind)], name, sql.Identifier(owner)
    )
