"""Statements that close what an attempt found; only ever shown."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql

from pgtenant.planning.sql import statements


def revoke_membership(group: str, member: str, grantor: str) -> sql.Composed:
    """`REVOKE group FROM member`; from PostgreSQL 16 on `GRANTED BY` whoever granted it."""
    revoke = statements.revoke_membership(group, member)
    if not grantor:
        return revoke
    return revoke + sql.SQL(" GRANTED BY {}").format(sql.Identifier(grantor))


def revoke_connect(database: str, role: str) -> sql.Composed:
    """`REVOKE CONNECT ON DATABASE`, with whatever was passed on."""
    return sql.SQL("REVOKE CONNECT ON DATABASE {} FROM {} CASCADE").format(
        sql.Identifier(database), statements.grantee(role)
    )


def revoke_on_table(privilege: str, schema: str, table: str, role: str) -> sql.Composed:
    """`REVOKE … ON TABLE`, which takes it from every column as well."""
    return sql.SQL("REVOKE {} ON TABLE {} FROM {}, PUBLIC CASCADE").format(
        statements.privileges([privilege]), sql.Identifier(schema, table), sql.Identifier(role)
    )


def revoke_create_on_schema(schema: str, role: str) -> sql.Composed:
    """`REVOKE CREATE ON SCHEMA`, from the role and from everyone."""
    return sql.SQL("REVOKE CREATE ON SCHEMA {} FROM {}, PUBLIC").format(
        sql.Identifier(schema), sql.Identifier(role)
    )


def revoke_on_database(privilege: str, database: str, role: str) -> sql.Composed:
    """`REVOKE … ON DATABASE`, from the role and from everyone."""
    return sql.SQL("REVOKE {} ON DATABASE {} FROM {}, PUBLIC").format(
        statements.privileges([privilege]), sql.Identifier(database), sql.Identifier(role)
    )


def revoke_execute(schema: str, name: str, arguments: Iterable[tuple[str, str]]) -> sql.Composed:
    """`REVOKE EXECUTE ON ROUTINE … FROM PUBLIC`, which is who has it by default."""
    return sql.SQL("REVOKE EXECUTE ON ROUTINE {}({}) FROM PUBLIC").format(
        sql.Identifier(schema, name),
        sql.SQL(", ").join(sql.Identifier(*argument) for argument in arguments),
    )


def revoke_default(
    owner: str, schema: str, kind: str, privileges: Iterable[str], role: str
) -> sql.Composed:
    """`ALTER DEFAULT PRIVILEGES … REVOKE`."""
    words = {"table": sql.SQL("TABLES"), "sequence": sql.SQL("SEQUENCES")}
    where = sql.SQL(" IN SCHEMA {}").format(sql.Identifier(schema)) if schema else sql.SQL("")
    return sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {}{} REVOKE {} ON {} FROM {}").format(
        sql.Identifier(owner),
        where,
        statements.privileges(privileges),
        words[kind],
        statements.grantee(role),
    )
