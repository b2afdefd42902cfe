"""What PostgreSQL itself says about who may do what in a random world, all at once."""

from __future__ import annotations

from typing import Any

from psycopg import sql

from pgtenant.access.effective import privileges_of
from pgtenant.access.model import Kind
from pgtenant.postgres.libpq import Connection
from support import worlds_of_access as worlds

Answer = tuple[str, str, str, str]
"""A kind (or a way of belonging), a role, an object, a privilege: all that hold."""

SUBJECTS = (*worlds.ROLES, "platform_admin")
_FUNCTIONS = {
    Kind.DATABASE: "has_database_privilege",
    Kind.SCHEMA: "has_schema_privilege",
    Kind.TABLE: "has_table_privilege",
    Kind.SEQUENCE: "has_sequence_privilege",
    Kind.FUNCTION: "has_function_privilege",
    Kind.TYPE: "has_type_privilege",
    Kind.LANGUAGE: "has_language_privilege",
    Kind.FOREIGN_DATA_WRAPPER: "has_foreign_data_wrapper_privilege",
    Kind.SERVER: "has_server_privilege",
    Kind.PARAMETER: "has_parameter_privilege",
    Kind.TABLESPACE: "has_tablespace_privilege",
}


def script(statements: list[worlds.Statement]) -> sql.Composed:
    """Run each statement as its role; what PostgreSQL refuses is left out.

    It refuses a cycle of memberships, and a grant by somebody who may not grant.
    """
    steps = (
        sql.SQL(
            "BEGIN EXECUTE {}; EXECUTE {}; RESET ROLE; EXCEPTION WHEN OTHERS THEN NULL; END;"
        ).format(sql.Literal(f"SET LOCAL ROLE {role}"), sql.Literal(statement))
        for role, statement in statements
    )
    body = sql.SQL("BEGIN {} END").format(sql.SQL(" ").join(steps))
    return sql.SQL("DO {}").format(sql.Literal(body.as_string(None)))


async def refusals(connection: Connection, statements: list[worlds.Statement]) -> list[str]:
    """Run each statement as its role, undo it, and return which fail, with PostgreSQL's reason."""
    steps = (
        sql.SQL(
            "BEGIN EXECUTE {}; EXECUTE {}; RAISE SQLSTATE 'UNDO1';"
            " EXCEPTION WHEN SQLSTATE 'UNDO1' THEN NULL;"
            " WHEN OTHERS THEN refused := refused || format('%s as %s: %s', {}, {}, SQLERRM); END;"
        ).format(
            sql.Literal(f"SET LOCAL ROLE {role}"),
            sql.Literal(statement),
            sql.Literal(statement),
            sql.Literal(role),
        )
        for role, statement in statements
    )
    body = sql.SQL(
        "DECLARE refused text[] := '{{}}';"
        " BEGIN {} PERFORM set_config('test.refused', to_json(refused)::text, true); END"
    ).format(sql.SQL(" ").join(steps))
    await connection.execute(sql.SQL("DO {}").format(sql.Literal(body.as_string(None))))
    cursor = await connection.execute("SELECT current_setting('test.refused')::json")
    row: Any = await cursor.fetchone()
    return list(row[0])


async def asked(connection: Connection, major: int) -> set[Answer]:
    """Put every question at once."""
    parts: list[sql.Composable] = []
    for kind, function in _FUNCTIONS.items():
        parts.append(
            sql.SQL(
                "SELECT {}, r, o, p FROM unnest({}::text[]) r, unnest({}::text[]) o,"
                " unnest({}::text[]) p WHERE {}(r, o, p)"
            ).format(
                sql.Literal(str(kind)),
                sql.Literal(list(SUBJECTS)),
                sql.Literal([thing.asked for thing in worlds.THINGS if thing.kind is kind]),
                sql.Literal(list(privileges_of(kind, major))),
                sql.SQL(function),
            )
        )
    parts.append(
        sql.SQL(
            "SELECT 'column', r, t || '.' || c, p FROM unnest({}::text[]) r, unnest({}::text[]) t,"
            " unnest({}::text[]) c, unnest({}::text[]) p WHERE has_column_privilege(r, t, c, p)"
        ).format(
            sql.Literal(list(SUBJECTS)),
            sql.Literal([thing.asked for thing in worlds.TABLES]),
            sql.Literal(list(worlds.COLUMNS)),
            sql.Literal(list(privileges_of(Kind.COLUMN, major))),
        )
    )
    ways = ["USAGE", "MEMBER", "SET"] if major >= 16 else ["USAGE", "MEMBER"]
    others = [*SUBJECTS, *worlds.PREDEFINED, "pg_database_owner"]
    parts.append(
        sql.SQL(
            "SELECT 'role', r, o.rolname::text, w FROM unnest({}::text[]) r, pg_roles o,"
            " unnest({}::text[]) w WHERE o.rolname = ANY ({}::text[])"
            " AND pg_has_role(r, o.oid, w)"
        ).format(sql.Literal(list(SUBJECTS)), sql.Literal(ways), sql.Literal(others))
    )
    cursor = await connection.execute(sql.SQL(" UNION ALL ").join(parts))
    rows: list[Any] = await cursor.fetchall()
    return {tuple(row) for row in rows}
