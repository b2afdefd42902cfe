"""What only the owner of tables can do, tried by an application's login that owns none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from psycopg import sql

from pgtenant.planning.tenants.policy import NAME
from pgtenant.verify.tenants.ground import ID, ROWS, Ground, StandIn
from pgtenant.verify.tenants.tricks import REFUSED, Attempt, Trick, shown

_OF_AN_OWNER: Final = frozenset({Trick.DISABLE, Trick.TRUNCATE, Trick.FOREIGN_KEY})

_TRIED_ON_TABLES: Final = (
    (Trick.NO_DISABLE, "ALTER TABLE {theirs} DISABLE ROW LEVEL SECURITY"),
    (Trick.NO_DISABLE, "ALTER TABLE {theirs} NO FORCE ROW LEVEL SECURITY"),
    (Trick.NO_POLICY, "DROP POLICY {policy} ON {theirs}"),
    (Trick.NO_POLICY, "ALTER POLICY {policy} ON {theirs} USING (true)"),
    (Trick.NO_TRUNCATE, "TRUNCATE {theirs}"),
    (
        Trick.NO_REFERENCE,
        "ALTER TABLE {mine} ADD FOREIGN KEY ({column}, {id}) REFERENCES {theirs} ({column}, {id})",
    ),
)
_TRIED: Final = (
    (Trick.NO_OBJECT, "CREATE TABLE {made} (id int)"),
    (Trick.NO_OBJECT, "CREATE FUNCTION {made}() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    (Trick.NO_OBJECT, "CREATE SCHEMA {schema}"),
    (Trick.NO_OBJECT, "CREATE TEMPORARY TABLE {temporary} (id int)"),
    (Trick.NO_OWNER, "SET LOCAL ROLE {owner}"),
    (Trick.NO_BYPASS, "ALTER ROLE CURRENT_USER BYPASSRLS"),
)


def refused(place: Ground, owner: str) -> Iterator[Attempt]:
    """Yield what nobody but an owner may do, and what still can't be prevented.

    The second stand-in tries it on the first.

    Args:
        place: the stand-ins.
        owner: of their tables.
    """
    yield from (attempt for attempt in shown(place) if attempt.trick not in _OF_AN_OWNER)
    other, own = place.stand_ins[:2]
    yield from on_tables(place, own, other)
    made = f"{place.tools}_made"
    given = {
        "made": sql.Identifier(own.schema, made),
        "schema": sql.Identifier(made),
        "temporary": sql.Identifier(made),
        "owner": sql.Identifier(owner),
    }
    for trick, text in _TRIED:
        yield Attempt(trick, sql.SQL(text).format(**given), REFUSED)


def on_tables(place: Ground, own: StandIn, other: StandIn) -> Iterator[Attempt]:
    """Yield what only the owner of a stand-in's table may do to it."""
    given = {
        "theirs": sql.Identifier(other.schema, ROWS),
        "mine": sql.Identifier(own.schema, ROWS),
        "policy": sql.Identifier(NAME),
        "column": sql.Identifier(place.isolation.column),
        "id": sql.Identifier(ID),
    }
    for trick, text in _TRIED_ON_TABLES:
        yield Attempt(trick, sql.SQL(text).format(**given), REFUSED)
