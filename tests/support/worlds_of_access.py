"""Random roles, owners and grants, and the statements that make them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from pgtenant.access.effective import privileges_of
from pgtenant.access.model import Kind

ROLES = tuple(f"w{number}" for number in range(6))
PREDEFINED = ("pg_read_all_data", "pg_write_all_data", "pg_maintain", "pg_monitor")
GRANTEES = (*ROLES, "public")


@dataclass(frozen=True, slots=True)
class Thing:
    """An object, as `GRANT … ON` and as the privilege functions call it."""

    kind: Kind
    keyword: str
    asked: str


DATABASE = Thing(Kind.DATABASE, "DATABASE", "world")
SCHEMAS = (
    Thing(Kind.SCHEMA, "SCHEMA", "a"),
    Thing(Kind.SCHEMA, "SCHEMA", "public"),
)
TABLES = (
    Thing(Kind.TABLE, "TABLE", "a.t"),
    Thing(Kind.TABLE, "TABLE", 'a."odd, name"'),
    Thing(Kind.TABLE, "VIEW", "public.v"),
)
THINGS = (
    DATABASE,
    *SCHEMAS,
    *TABLES,
    Thing(Kind.SEQUENCE, "SEQUENCE", "a.q"),
    Thing(Kind.FUNCTION, "FUNCTION", "a.f(integer)"),
    Thing(Kind.FUNCTION, "PROCEDURE", "a.p(a.mood, text)"),
    Thing(Kind.TYPE, "TYPE", "a.mood"),
    Thing(Kind.TYPE, "DOMAIN", "a.small"),
    Thing(Kind.LANGUAGE, "LANGUAGE", "plpgsql"),
    Thing(Kind.FOREIGN_DATA_WRAPPER, "FOREIGN DATA WRAPPER", "w"),
    Thing(Kind.SERVER, "FOREIGN SERVER", "s"),
    Thing(Kind.PARAMETER, "PARAMETER", "log_statement"),
    Thing(Kind.TABLESPACE, "TABLESPACE", "pg_default"),
)
COLUMNS = ("n", "b) c")
_QUOTED_COLUMNS = ("n", '"b) c"')

MADE = (
    "CREATE SCHEMA a",
    "CREATE TYPE a.mood AS ENUM ('good')",
    "CREATE DOMAIN a.small AS int",
    'CREATE TABLE a.t (n int, "b) c" int, last text)',
    'CREATE TABLE a."odd, name" (n int, "b) c" int)',
    'CREATE VIEW public.v AS SELECT 1 AS n, 2 AS "b) c"',
    "CREATE SEQUENCE a.q",
    "CREATE FUNCTION a.f(integer) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE PROCEDURE a.p(a.mood, text) LANGUAGE sql AS ''",
    "CREATE FOREIGN DATA WRAPPER w",
    "CREATE SERVER s FOREIGN DATA WRAPPER w",
)


Statement = tuple[str, str]
"""Who runs it, and what."""

NOBODY = "none"
"""`SET ROLE none`: the superuser itself."""

_MOVABLE = (
    DATABASE,
    DATABASE,
    *tuple(
        thing
        for thing in THINGS
        if thing.kind in {Kind.DATABASE, Kind.SCHEMA, Kind.TABLE, Kind.SEQUENCE, Kind.FUNCTION}
        or thing.kind in {Kind.TYPE, Kind.SERVER}
    ),
)


def attributes(role: str, *, inherit: bool, superuser: bool, createrole: bool) -> str:
    words = (
        "INHERIT" if inherit else "NOINHERIT",
        "SUPERUSER" if superuser else "NOSUPERUSER",
        "CREATEROLE" if createrole else "NOCREATEROLE",
    )
    return f"ALTER ROLE {role} {' '.join(words)}"


def moved(thing: Thing, role: str) -> str:
    keyword = {"DOMAIN": "TYPE", "FOREIGN SERVER": "SERVER"}.get(thing.keyword, thing.keyword)
    return f"ALTER {keyword} {thing.asked} OWNER TO {role}"


@st.composite
def memberships(draw: st.DrawFn, major: int) -> str:
    group = draw(st.sampled_from((*ROLES, *ROLES, *PREDEFINED)))
    member = draw(st.sampled_from(ROLES))
    flags = [draw(st.sampled_from(("TRUE", "FALSE"))) for _ in range(3)]
    options = " WITH ADMIN OPTION" if flags[0] == "TRUE" else ""
    if major >= 16:
        options = " WITH INHERIT {}, SET {}, ADMIN {}".format(*flags)
    return f"GRANT {group} TO {member}{options}"


@st.composite
def grants(draw: st.DrawFn, major: int) -> str:
    thing = draw(st.sampled_from(THINGS))
    to = draw(st.sampled_from(GRANTEES))
    words = sorted(draw(st.sets(st.sampled_from(privileges_of(thing.kind, major)), min_size=1)))
    what = ", ".join(words)
    if thing.kind is Kind.TABLE and draw(st.booleans()):
        word = draw(st.sampled_from(privileges_of(Kind.COLUMN, major)))
        what = f"{word} ({draw(st.sampled_from(_QUOTED_COLUMNS))})"
    on = f"{thing.keyword.replace('VIEW', 'TABLE')} {thing.asked}"
    if draw(st.integers(0, 2)) == 0:
        return f"REVOKE {what} ON {on} FROM {to} CASCADE"
    option = " WITH GRANT OPTION" if to != "public" and draw(st.booleans()) else ""
    return f"GRANT {what} ON {on} TO {to}{option}"


@st.composite
def worlds(draw: st.DrawFn, major: int) -> list[Statement]:
    """Attributes for every role, then up to fifty memberships, owners, grants and revokes."""
    made: list[Statement] = [
        (
            NOBODY,
            attributes(
                role,
                inherit=draw(st.booleans()),
                superuser=draw(st.integers(0, 19)) == 19,
                createrole=draw(st.integers(0, 9)) == 9,
            ),
        )
        for role in ROLES
    ]
    by = st.sampled_from((NOBODY, NOBODY, *ROLES))
    steps = st.one_of(
        st.tuples(st.just(NOBODY), memberships(major)),
        st.tuples(by, grants(major)),
        st.tuples(by, grants(major)),
        st.tuples(
            st.just(NOBODY), st.builds(moved, st.sampled_from(_MOVABLE), st.sampled_from(ROLES))
        ),
    )
    size = draw(st.integers(0, 50))  # left to itself hypothesis makes lists of two
    return made + draw(st.lists(steps, min_size=size, max_size=size))
