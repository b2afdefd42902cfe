"""What one tenant's session tries on another's rows, and what has to come of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from psycopg import sql

from pgtenant.planning.sql.text import as_text
from pgtenant.planning.tenants import statements
from pgtenant.planning.tenants.policy import type_of
from pgtenant.verify.tenants.ground import ID, PARENT, ROWS, TEXT, Ground, StandIn, become, insert

NONE: Final = "0"
"""No row."""

REFUSED: Final = "42501"
_EXISTS: Final = "23505"
_MISSING: Final = "23503"
_BY_COPY: Final = "0A000"


class Trick(StrEnum):
    """What is tried."""

    READ = "read"
    READ_BY_NAME = "read_by_name"
    LOCK = "lock"
    SAMPLE = "sample"
    LEAKY = "leaky"
    ERROR = "error"
    PATH = "path"
    PLANTED = "planted"
    UPDATE = "update"
    DELETE = "delete"
    RETURNING = "returning"
    STEAL = "steal"
    MERGE = "merge"
    INSERT = "insert"
    INSERT_AT_HOME = "insert_at_home"
    MOVE = "move"
    UPSERT = "upsert"
    SWITCH = "switch"
    EMPTY = "empty"
    RESET = "reset"
    WRITE_WITHOUT = "write_without"
    COPY_OUT = "copy_out"
    COPY_IN = "copy_in"
    LOCAL = "local"
    REAL = "real"
    BECOME = "become"
    BECOME_INSIDE = "become_inside"
    DISABLE = "disable"
    TRUNCATE = "truncate"
    KEY = "key"
    FOREIGN_KEY = "foreign_key"
    SESSION = "session"
    NO_DISABLE = "no_disable"
    NO_POLICY = "no_policy"
    NO_TRUNCATE = "no_truncate"
    NO_REFERENCE = "no_reference"
    NO_OBJECT = "no_object"
    NO_OWNER = "no_owner"
    NO_BYPASS = "no_bypass"
    NO_ENTRY = "no_entry"
    NO_SETTING = "no_setting"
    ANOTHERS_ROLE = "anothers_role"


SAYS: Final[Mapping[Trick, str]] = {
    Trick.READ: "reading another tenant's table shows no row",
    Trick.READ_BY_NAME: "nor does asking for the other tenant's rows by their value",
    Trick.LOCK: "nor does locking them (FOR UPDATE)",
    Trick.SAMPLE: "nor does a sample (TABLESAMPLE)",
    Trick.LEAKY: "a function in WHERE that tells what it is given is not given them",
    Trick.ERROR: "an expression in WHERE that fails on them is not asked about them",
    Trick.PATH: "a search_path that leads to the other tenant's schema shows no row",
    Trick.PLANTED: "a function planted in the search_path is not called by the policy",
    Trick.UPDATE: "UPDATE reaches none of them",
    Trick.DELETE: "DELETE reaches none of them",
    Trick.RETURNING: "UPDATE … RETURNING returns none of them",
    Trick.STEAL: "DELETE … RETURNING inside of INSERT carries none of them away",
    Trick.MERGE: "MERGE reaches none of them",
    Trick.INSERT: "a row of the other tenant is refused in its table",
    Trick.INSERT_AT_HOME: "and in one's own",
    Trick.MOVE: "giving one's own row to the other tenant is refused",
    Trick.UPSERT: "INSERT … ON CONFLICT DO UPDATE … RETURNING is refused",
    Trick.SWITCH: "with row_security switched off a query is refused, not answered",
    Trick.EMPTY: "with an empty setting not even one's own rows are there",
    Trick.RESET: "nor after RESET",
    Trick.WRITE_WITHOUT: "without a tenant nothing can be written",
    Trick.COPY_OUT: "COPY … TO shows no row of another tenant",
    Trick.COPY_IN: "COPY … FROM is refused",
    Trick.LOCAL: "what SET LOCAL sets is gone with its transaction",
    Trick.REAL: "the tenants' own tables show no row, and raise no error, without a tenant, to one"
    " that does not exist, and to another's slug where the column is a text",
    Trick.BECOME: "whoever can run SQL can name another tenant",
    Trick.BECOME_INSIDE: "also in the middle of a query (set_config)",
    Trick.DISABLE: "the tables' owner can switch row security off",
    Trick.TRUNCATE: "and TRUNCATE, which no policy holds",
    Trick.KEY: "a key without the tenant column tells that another tenant has a value (23505)",
    Trick.FOREIGN_KEY: "a foreign key without it tells which of another tenant's rows exist",
    Trick.SESSION: "a plain SET stays with the session: behind a transaction pooler the next"
    " transaction has somebody else's tenant",
    Trick.NO_DISABLE: "the application's login can't switch row security off",
    Trick.NO_POLICY: "nor drop or change a policy",
    Trick.NO_TRUNCATE: "nor TRUNCATE, which no policy holds",
    Trick.NO_REFERENCE: "nor make a foreign key, which would tell which rows exist",
    Trick.NO_OBJECT: "nor make a table, a function or a schema, not even a temporary one",
    Trick.NO_OWNER: "nor become the tables' owner (SET ROLE)",
    Trick.NO_BYPASS: "nor give itself BYPASSRLS",
    Trick.NO_ENTRY: "without SET ROLE the application's login reaches no tenant's table",
    Trick.NO_SETTING: "in a tenant's role no other tenant's table is reached, not even with that"
    " tenant's setting",
    Trick.ANOTHERS_ROLE: "whoever can run SQL can enter another tenant's role, too: it is one"
    " application",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One statement, or several, that a session with a tenant runs.

    Attributes:
        answer: the number of rows, or the SQLSTATE, that it has to give.
    """

    trick: Trick
    statement: sql.Composable
    answer: str


def attacks(place: Ground, own: StandIn, other: StandIn) -> Iterator[Attempt]:
    """Yield what `own` tries on `other`, each with what has to come of it."""
    mine, theirs = (sql.Identifier(one.schema, ROWS) for one in (own, other))
    column, value = sql.Identifier(place.isolation.column), _value(place, other)
    tools = sql.Identifier(place.tools)
    given = {"mine": mine, "theirs": theirs, "column": column, "value": value, "tools": tools}
    given |= {"own": _value(place, own), "schema": sql.Identifier(other.schema)}
    given |= {"rows": sql.Identifier(ROWS)}
    given |= {"id": sql.Identifier(ID), "text": sql.Identifier(TEXT)}

    def tried(trick: Trick, text: str, answer: str) -> Attempt:
        return Attempt(trick, sql.SQL(text).format(**given), answer)

    yield tried(Trick.READ, "SELECT FROM {theirs}", NONE)
    yield tried(Trick.READ_BY_NAME, "SELECT FROM {theirs} WHERE {column} = {value}", NONE)
    yield tried(Trick.LOCK, "SELECT FROM {theirs} FOR UPDATE", NONE)
    yield tried(Trick.SAMPLE, "SELECT FROM {theirs} TABLESAMPLE SYSTEM (100)", NONE)
    yield tried(Trick.LEAKY, "SELECT FROM {theirs} WHERE {tools}.leak({text})", NONE)
    yield tried(Trick.ERROR, "SELECT FROM {theirs} WHERE 1 / ({id} - 1) = 1", NONE)
    yield tried(Trick.PATH, "SET LOCAL search_path = {schema}; SELECT FROM {rows}", NONE)
    planted = "SET LOCAL search_path = {tools}, pg_catalog; SELECT FROM {theirs}"
    yield tried(Trick.PLANTED, planted, NONE)
    yield tried(Trick.UPDATE, "UPDATE {theirs} SET {text} = ''", NONE)
    yield tried(Trick.DELETE, "DELETE FROM {theirs}", NONE)
    yield tried(Trick.RETURNING, "UPDATE {theirs} SET {text} = '' RETURNING {text}", NONE)
    stolen = "WITH stolen AS (DELETE FROM {theirs} RETURNING {text})"
    stolen += " INSERT INTO {mine} SELECT {own}, 2, {text} FROM stolen"
    yield tried(Trick.STEAL, stolen, NONE)
    merge = "MERGE INTO {theirs} t USING (VALUES (1)) s (number) ON t.{id} = s.number"
    yield tried(Trick.MERGE, merge + " WHEN MATCHED THEN UPDATE SET {text} = ''", NONE)
    yield tried(Trick.INSERT, "INSERT INTO {theirs} VALUES ({value}, 2, '')", REFUSED)
    yield tried(Trick.INSERT_AT_HOME, "INSERT INTO {mine} VALUES ({value}, 2, '')", REFUSED)
    yield tried(Trick.MOVE, "UPDATE {mine} SET {column} = {value}", REFUSED)
    upsert = "INSERT INTO {theirs} VALUES ({value}, 1, '') ON CONFLICT ({column}, {id})"
    yield tried(Trick.UPSERT, upsert + " DO UPDATE SET {text} = '' RETURNING {text}", REFUSED)
    switch = "SET LOCAL row_security = off; SELECT FROM {theirs}"
    yield tried(Trick.SWITCH, switch, REFUSED)


def without(place: Ground, own: StandIn) -> Iterator[Attempt]:
    """Yield what a session tries on its own rows without a tenant."""
    mine = sql.Identifier(own.schema, ROWS)
    read = sql.SQL("SELECT FROM {}").format(mine)
    empty = become(place.isolation, "")
    reset = sql.SQL("RESET {}").format(_setting(place))
    write = insert(place, own, own, ROWS)
    yield Attempt(Trick.EMPTY, _both(empty, read), NONE)
    yield Attempt(Trick.RESET, _both(reset, read), NONE)
    yield Attempt(Trick.WRITE_WITHOUT, _both(empty, write), REFUSED)


def shown(place: Ground) -> Iterator[Attempt]:
    """Yield what one role can't prevent; the second stand-in tries it on the first."""
    other, own = place.stand_ins[:2]
    table = (other.schema, ROWS)
    theirs = sql.Identifier(*table)
    read = sql.SQL("SELECT FROM {}").format(theirs)
    yield Attempt(Trick.BECOME, _both(become(place.isolation, other.value), read), "1")
    # The offset keeps the inner query apart, so that it comes first.
    inside = sql.SQL(
        "SELECT FROM (SELECT pg_catalog.set_config({}, {}, true) AS tenant OFFSET 0) s"
        " WHERE (SELECT count(*) FROM {} WHERE s.tenant IS NOT NULL) = 1"
    ).format(sql.Literal(place.isolation.setting), sql.Literal(other.value), theirs)
    yield Attempt(Trick.BECOME_INSIDE, inside, "1")
    yield Attempt(Trick.DISABLE, _both(statements.disable(table), read), "1")
    yield Attempt(Trick.TRUNCATE, sql.SQL("TRUNCATE {}").format(theirs), NONE)
    parent = sql.Identifier(other.schema, PARENT)
    key = sql.SQL("INSERT INTO {} VALUES ({}, 1, '')").format(parent, _value(place, own))
    yield Attempt(Trick.KEY, key, _EXISTS)
    home = sql.Identifier(own.schema, ROWS)
    # The rows that are there would be compared as a query does, under policies.
    refer = sql.SQL("ALTER TABLE {} ADD FOREIGN KEY ({}) REFERENCES {} ({}) NOT VALID").format(
        home, sql.Identifier(ID), parent, sql.Identifier(ID)
    )
    empty = sql.SQL("DELETE FROM {}").format(home)
    for number, answer in ((1, "1"), (2, _MISSING)):
        new = sql.SQL("INSERT INTO {} VALUES ({}, {}, '')").format(
            home, _value(place, own), sql.Literal(number)
        )
        yield Attempt(Trick.FOREIGN_KEY, _both(refer, empty, new), answer)


def copies(own: StandIn, other: StandIn) -> tuple[Attempt, Attempt]:
    """Return what only the client can try: it gets the rows of the first, and sends none."""
    theirs, mine = (sql.Identifier(one.schema, ROWS) for one in (other, own))
    return (
        Attempt(Trick.COPY_OUT, sql.SQL("COPY {} TO STDOUT").format(theirs), NONE),
        Attempt(Trick.COPY_IN, sql.SQL("COPY {} FROM STDIN").format(mine), _BY_COPY),
    )


def asked(place: Ground, attempts: list[Attempt]) -> sql.Composed:
    """Return the query whose one row has the answers to some attempts, in their order."""
    texts = (sql.Literal(as_text(attempt.statement)) for attempt in attempts)
    return sql.SQL(
        "SELECT pg_catalog.array_agg({}.attempt(t.tried) ORDER BY t.place)"
        " FROM pg_catalog.unnest(ARRAY[{}]::text[]) WITH ORDINALITY t (tried, place)"
    ).format(sql.Identifier(place.tools), sql.SQL(", ").join(texts))


def _both(*texts: sql.Composable) -> sql.Composed:
    return sql.SQL("; ").join(texts)


def _setting(place: Ground) -> sql.Identifier:
    return sql.Identifier(*place.isolation.setting.split(".", 1))


def _value(place: Ground, whose: StandIn) -> sql.Composed:
    return sql.SQL("{}::{}").format(sql.Literal(whose.value), type_of(place.column))
