"""Where tenants attack each other: stand-ins of theirs, made for it and undone.

What an attack writes, it writes into tables of its own: of a real tenant's table nobody can know
what a trigger, a sequence or a lock on it does to others, also when the transaction is rolled back.
The stand-ins have the policy, the setting and the type of the column of the real tables, and the
same owner on the same server; that the real ones are made like that is what the catalogs tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.privileges import ObjectKind, granted_by
from pgtenant.planning.sql.statements.words import grantee, privileges
from pgtenant.planning.tenants import statements
from pgtenant.planning.tenants.found import Column
from pgtenant.planning.tenants.policy import Isolation, type_of

ROWS: Final = "rows"
PARENT: Final = "parent"
ID: Final = "pgtenant_id"
TEXT: Final = "pgtenant_text"
"""Columns of the stand-ins: an application's tenant column has another name."""

_CALLED: Final = "PT001"
UNDONE: Final = "PT000"

MARK: Final = "pgtenant_attack_"
"""What the names of all schemas begin with that are made for an attack; a number of it follows."""

_MADE: Final = re.compile(f"{MARK}[0-9a-f]{{12}}(_[0-9]+)?")

MOST: Final = 50
"""Tenants of which each attacks every other."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """One tenant's place in the attack.

    Attributes:
        tenant: the schema of the tenant that it stands for, or empty for nobody's.
        schema: made for it.
        value: what stands in its column.
    """

    tenant: str
    schema: str
    value: str


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything that is made for an attack.

    Attributes:
        isolation: how the real tenants are kept apart.
        column: of the type that most of their tables have.
        tools: the schema of the functions.
        stand_ins: at least two.
    """

    isolation: Isolation
    column: Column
    tools: str
    stand_ins: tuple[StandIn, ...]


def sampled(schemas: Sequence[str], most: int = MOST) -> tuple[str, ...]:
    """Return all of some schemas, or so many of them, evenly spread over their names."""
    ordered = sorted(schemas)
    if len(ordered) <= most:
        return tuple(ordered)
    return tuple(ordered[place * len(ordered) // most] for place in range(most))


def ground(isolation: Isolation, column: Column, schemas: Sequence[str], mark: str) -> Ground:
    """Return stand-ins for some tenants, and for nobody where there are less than two.

    Args:
        isolation: how tenants are kept apart.
        column: of a comparable type.
        schemas: of the tenants.
        mark: a name that nothing has in the database, of at most 40 letters; where the stand-ins
            are to stay for a moment, `MARK` and twelve hexadecimal digits.
    """
    tenants = (*schemas, *[""] * (2 - len(schemas)))
    return Ground(
        isolation=isolation,
        column=column,
        tools=mark,
        stand_ins=tuple(
            StandIn(tenant, f"{mark}_{number}", _value(column, number))
            for number, tenant in enumerate(tenants, start=1)
        ),
    )


def _value(column: Column, number: int) -> str:
    """Return a value that no other stand-in has, and that the type takes."""
    return f"00000000-0000-0000-0000-{number:012d}" if column.type == "uuid" else str(number)


def become(isolation: Isolation, value: str | None) -> sql.Composed:
    """Set the tenant until the transaction ends; None empties the setting."""
    return sql.SQL("SELECT pg_catalog.set_config({}, {}, true)").format(
        sql.Literal(isolation.setting), sql.Literal(value)
    )


def making(place: Ground) -> Iterator[sql.Composable]:
    """Yield the statements that make the stand-ins, without a row."""
    yield from tools(place)
    for stand_in in place.stand_ins:
        yield statements.create_schema(stand_in.schema)
        yield from table_of(place, stand_in, ROWS, key=(place.isolation.column, ID))
    yield from table_of(place, place.stand_ins[0], PARENT, key=(ID,))


def tools(place: Ground) -> Iterator[sql.Composable]:
    """Yield the statements that make the functions of an attack."""
    yield statements.create_schema(place.tools)
    yield _attempt(place.tools)
    yield _telling(place.tools, "leak", sql.SQL("text"), sql.SQL("boolean"))
    # A policy would find this one first, if it looked names up when it is asked.
    yield _telling(place.tools, "current_setting", sql.SQL("text, boolean"), sql.SQL("text"))


def filling_of(place: Ground, stand_in: StandIn) -> Iterator[sql.Composable]:
    """Yield the statements that give one stand-in its row."""
    yield become(place.isolation, stand_in.value)
    yield insert(place, stand_in, stand_in, ROWS)


def filling(place: Ground) -> Iterator[sql.Composable]:
    """Yield the statements that give each stand-in its row."""
    for stand_in in place.stand_ins:
        yield from filling_of(place, stand_in)
    first = place.stand_ins[0]
    yield become(place.isolation, first.value)
    yield insert(place, first, first, PARENT)


def opening(place: Ground, login: str) -> Iterator[sql.Composable]:
    """Yield the grants that let another login than their owner's use the stand-ins.

    They are those of an editor, also where a run has not come to its default privileges yet.
    """
    schemas = sql.SQL(", ").join(
        map(sql.Identifier, (place.tools, *(one.schema for one in place.stand_ins)))
    )
    tables = [(one.schema, ROWS) for one in place.stand_ins]
    tables.append((place.stand_ins[0].schema, PARENT))
    every = sql.SQL(", ").join(sql.Identifier(*table) for table in tables)
    functions = sql.SQL("ALL FUNCTIONS IN SCHEMA {}").format(sql.Identifier(place.tools))
    for words, kind, names in (
        (granted_by(AccessLevel.EDITOR, ObjectKind.SCHEMA), "SCHEMA ", schemas),
        (granted_by(AccessLevel.EDITOR, ObjectKind.TABLE), "TABLE ", every),
        (("EXECUTE",), "", functions),
    ):
        yield sql.SQL("GRANT {} ON {}{} TO {}").format(
            privileges(sorted(words)), sql.SQL(kind), names, grantee(login)
        )


def made_for_an_attack(schemas: Iterable[str]) -> tuple[str, ...]:
    """Return those of some schemas that have the name of a stand-in, or of its functions."""
    return tuple(sorted(schema for schema in schemas if _MADE.fullmatch(schema)))


def unmaking(schemas: Iterable[str]) -> Iterator[sql.Composable]:
    """Yield the statements that drop what was made, and nothing that somebody put beside it."""
    for schema in schemas:
        yield sql.SQL("DROP TABLE IF EXISTS {}, {}").format(
            sql.Identifier(schema, ROWS), sql.Identifier(schema, PARENT)
        )
        yield sql.SQL("DROP FUNCTION IF EXISTS {}(text), {}(text), {}(text, boolean)").format(
            *(sql.Identifier(schema, name) for name in ("attempt", "leak", "current_setting"))
        )
        yield sql.SQL("DROP SCHEMA {}").format(sql.Identifier(schema))


def insert(place: Ground, into: StandIn, whose: StandIn, table: str) -> sql.Composed:
    """`INSERT` a row with the number 1."""
    return sql.SQL("INSERT INTO {} VALUES ({}::{}, 1, {})").format(
        sql.Identifier(into.schema, table),
        sql.Literal(whose.value),
        type_of(place.column),
        sql.Literal("told to nobody"),
    )


def table_of(
    place: Ground, stand_in: StandIn, table: str, *, key: tuple[str, ...]
) -> Iterator[sql.Composed]:
    """Yield the statements that make a table of a stand-in, and secure it."""
    name = (stand_in.schema, table)
    yield sql.SQL("CREATE TABLE {} ({} {} NOT NULL, {} bigint, {} text, PRIMARY KEY ({}))").format(
        sql.Identifier(*name),
        sql.Identifier(place.isolation.column),
        type_of(place.column),
        sql.Identifier(ID),
        sql.Identifier(TEXT),
        sql.SQL(", ").join(map(sql.Identifier, key)),
    )
    yield statements.enable(name)
    yield statements.force(name)
    yield statements.create_policy(name, place.isolation, place.column)


def _attempt(schema: str) -> sql.Composed:
    """Make what tries a statement, undoes it, and returns its number of rows or its SQLSTATE."""
    return sql.SQL(
        "CREATE FUNCTION {}(tried text) RETURNS text LANGUAGE plpgsql AS $attempt$"
        " DECLARE number bigint;"
        " BEGIN"
        " EXECUTE tried;"
        " GET DIAGNOSTICS number = ROW_COUNT;"
        " RAISE EXCEPTION USING ERRCODE = {}, MESSAGE = number::text;"
        " EXCEPTION WHEN OTHERS THEN"
        " RETURN CASE SQLSTATE WHEN {} THEN SQLERRM ELSE SQLSTATE END;"
        " END $attempt$"
    ).format(sql.Identifier(schema, "attempt"), sql.Literal(UNDONE), sql.Literal(UNDONE))


def _telling(schema: str, name: str, arguments: sql.SQL, result: sql.SQL) -> sql.Composed:
    """Make a cheap function that fails where it is called, and tells what it was given."""
    return sql.SQL(
        "CREATE FUNCTION {}({}) RETURNS {} LANGUAGE plpgsql COST 0.0001 AS $telling$"
        " BEGIN RAISE EXCEPTION USING ERRCODE = {}, MESSAGE = $1; END $telling$"
    ).format(sql.Identifier(schema, name), arguments, result, sql.Literal(_CALLED))
