"""The SQL of the attempts: it changes no row and fires no trigger.

`EXPLAIN` checks privileges where the statement itself would (`ExecutorStart`), runs nothing and
fires no trigger, and it works in a read-only transaction. `WHERE false` keeps the planner from
looking at partitions. https://www.postgresql.org/docs/current/sql-explain.html

The planner does call what a table's owner declared `IMMUTABLE` in a default, a policy, a rule, an
index, a statistics object or a domain, and a rule may leave nothing to check. So what came of an
`EXPLAIN` counts only when `has_*_privilege`, which nobody but PostgreSQL answers, explains it.
"""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql

from pgtenant.verify.model import Kind

READ_PASSWORDS = sql.SQL("SELECT rolpassword FROM pg_catalog.pg_authid LIMIT 0")
CREATE_TEMPORARY = sql.SQL("CREATE TEMPORARY TABLE pgtenant_verify (n pg_catalog.int4)")


def explain(kind: Kind, schema: str, table: str, column: str | None = None) -> sql.Composed:
    """Return the `EXPLAIN` of a write, or a `SELECT` of every column that returns no row.

    `INSERT … DEFAULT VALUES` names no column, so the privilege on any single one is enough.
    """
    name = sql.Identifier(schema, table)
    match kind:
        case Kind.SELECT:
            return sql.SQL("SELECT * FROM {} WHERE false").format(name)
        case Kind.INSERT:
            return sql.SQL("EXPLAIN INSERT INTO {} DEFAULT VALUES").format(name)
        case Kind.UPDATE if column is not None:
            return sql.SQL("EXPLAIN UPDATE {} SET {} = NULL WHERE false").format(
                name, sql.Identifier(column)
            )
        case Kind.DELETE:
            return sql.SQL("EXPLAIN DELETE FROM {} WHERE false").format(name)
        case _:
            msg = f"{kind} is not about a table"
            raise AssertionError(msg)


def call(schema: str, name: str, arguments: Iterable[tuple[str, str]]) -> sql.Composed:
    """Return the `EXPLAIN` of a call, which checks `EXECUTE` and calls nothing.

    A sub-select is no constant, so that the planner has nothing to work out beforehand.
    """
    nulls = (sql.SQL("(SELECT NULL::{})").format(sql.Identifier(*a)) for a in arguments)
    return sql.SQL("EXPLAIN SELECT {}({})").format(
        sql.Identifier(schema, name), sql.SQL(", ").join(nulls)
    )


def ask_execute(oid: int, schema: str) -> sql.Composed:
    """Ask whether the session may call a function."""
    return sql.SQL(
        "SELECT has_function_privilege({}::oid, 'EXECUTE') AND has_schema_privilege({}, 'USAGE')"
    ).format(sql.Literal(oid), sql.Literal(schema))


def ask_table(kind: Kind, schema: str, table: str, column: str | None = None) -> sql.Composed:
    """Ask whether the session holds what `explain` needs, in the catalogs."""
    held: sql.Composable
    match kind:
        case Kind.SELECT:
            held = sql.SQL(
                "has_table_privilege(c.oid, 'SELECT') OR"
                " (SELECT bool_and(has_column_privilege(c.oid, a.attnum, 'SELECT'))"
                " FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0"
                " AND NOT a.attisdropped)"
            )
        case Kind.INSERT:
            held = sql.SQL("has_any_column_privilege(c.oid, 'INSERT')")
        case Kind.UPDATE if column is not None:
            held = sql.SQL("has_column_privilege(c.oid, {}, 'UPDATE')").format(sql.Literal(column))
        case _:
            held = sql.SQL("has_table_privilege(c.oid, 'DELETE')")
    return sql.SQL(
        "SELECT has_schema_privilege(n.oid, 'USAGE') AND coalesce({}, false) FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {} AND c.relname = {}"
    ).format(held, sql.Literal(schema), sql.Literal(table))


def create_schema(name: str) -> sql.Composed:
    """`CREATE SCHEMA`."""
    return sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name))


def create_table(schema: str, name: str) -> sql.Composed:
    """`CREATE TABLE` with one column of a built-in type."""
    return sql.SQL("CREATE TABLE {} (n pg_catalog.int4)").format(sql.Identifier(schema, name))


def create_sequence(schema: str, name: str) -> sql.Composed:
    """`CREATE SEQUENCE`."""
    return sql.SQL("CREATE SEQUENCE {}").format(sql.Identifier(schema, name))


def ask_database(privilege: str) -> sql.Composed:
    """Ask whether the session holds a privilege on its database."""
    return sql.SQL("SELECT has_database_privilege(current_database(), {})").format(
        sql.Literal(privilege)
    )


def ask_schema(schema: str) -> sql.Composed:
    """Ask whether the session may create in a schema."""
    return sql.SQL("SELECT has_schema_privilege({}, 'CREATE')").format(sql.Literal(schema))


def write(kind: Kind, schema: str, table: str) -> sql.Composed:
    """Return a real statement on a table of the verification's own."""
    texts = {
        Kind.INSERT: sql.SQL("INSERT INTO {} VALUES (1)"),
        Kind.SELECT: sql.SQL("SELECT n FROM {}"),
        Kind.UPDATE: sql.SQL("UPDATE {} SET n = 2"),
        Kind.DELETE: sql.SQL("DELETE FROM {}"),
    }
    return texts[kind].format(sql.Identifier(schema, table))


def acl_of_new(names: Iterable[tuple[str, str]]) -> sql.Composed:
    """Ask what everybody was given on relations that were just made, their owner left out.

    The rows are schema, kind, grantee, privilege.
    """
    wanted = (
        sql.SQL("({}, {})").format(sql.Literal(schema), sql.Literal(name)) for schema, name in names
    )
    return sql.SQL(
        "SELECT n.nspname::text, CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END,"
        " CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END,"
        " a.privilege_type"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " CROSS JOIN LATERAL aclexplode(c.relacl) a"
        " WHERE (n.nspname, c.relname) IN (VALUES {}) AND a.grantee <> c.relowner"
    ).format(sql.SQL(", ").join(wanted))
