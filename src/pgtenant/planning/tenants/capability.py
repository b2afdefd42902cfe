"""Whether row security can keep tenants apart here, tried out: statements that leave nothing."""

from __future__ import annotations

from typing import Final

from psycopg import sql

from pgtenant.planning.sql.render import Verbatim
from pgtenant.planning.sql.text import as_text, dollar_quoted
from pgtenant.planning.tenants.found import Column
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.statements import create_policy, create_schema, enable, force

_ONE: Final = "00000000-0000-4000-8000-000000000001"
_OTHER: Final = "00000000-0000-4000-8000-000000000002"

_TRIAL: Final = sql.SQL("""
DECLARE
  refused boolean := false;
BEGIN
  PERFORM pg_catalog.set_config({setting}, {one}, true);
  INSERT INTO {table} ({column}) VALUES ({one});
  PERFORM pg_catalog.set_config({setting}, {other}, true);
  INSERT INTO {table} ({column}) VALUES ({other});
  IF (SELECT pg_catalog.count(*) FROM {table}) <> 1 THEN
    RAISE EXCEPTION 'a tenant sees rows of another one';
  END IF;
  BEGIN
    INSERT INTO {table} ({column}) VALUES ({one});
  EXCEPTION WHEN insufficient_privilege THEN
    refused := true;
  END;
  IF NOT refused THEN
    RAISE EXCEPTION 'a tenant writes rows of another one';
  END IF;
  PERFORM pg_catalog.set_config({setting}, '', true);
  IF EXISTS (SELECT FROM {table}) THEN
    RAISE EXCEPTION 'rows are seen without a tenant';
  END IF;
END
""")


def capability(isolation: Isolation, schema: str) -> tuple[sql.Composable, ...]:
    """Return what tries out, for two tenants of a table, what a policy promises.

    For one transaction of a login of the tables' owner, which is rolled back. One that comes to
    its end has seen a row, a refused one, and none without a tenant; the last statement raises
    an exception that says what is otherwise.

    Args:
        isolation: names the setting and the column.
        schema: a name that nothing has; the schema is made, and gone with the transaction.
    """
    table = (schema, "rows")
    make = sql.SQL("CREATE TABLE {} ({} uuid NOT NULL)").format(
        sql.Identifier(*table), sql.Identifier(isolation.column)
    )
    trial = _TRIAL.format(
        setting=sql.Literal(isolation.setting),
        column=sql.Identifier(isolation.column),
        table=sql.Identifier(*table),
        one=sql.Literal(_ONE),
        other=sql.Literal(_OTHER),
    )
    return (
        create_schema(schema),
        make,
        enable(table),
        force(table),
        create_policy(table, isolation, Column("uuid")),
        Verbatim(f"DO {dollar_quoted(as_text(trial))}"),
    )
