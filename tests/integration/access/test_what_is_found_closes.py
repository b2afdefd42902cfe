"""When every finding's statement has run, no tenant can do more than the catalog promises.

Whatever the analysis overlooks would be left over, and PostgreSQL itself is asked what is. And
each statement has to be one that the role it names can run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import example, given

from pgtenant.access import Hole, analyse
from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.postgres.access import read_inside, read_shared
from pgtenant.postgres.libpq import Connection
from support import worlds_of_access as worlds
from support.oracle_of_access import Answer, asked, refusals, script
from support.random_worlds import examples

pytestmark = pytest.mark.slow

_ROUNDS = 8
_LEVELS = {"w0": AccessLevel.OWNER, "w1": AccessLevel.EDITOR, "w2": AccessLevel.READER}
_TENANTS = (*_LEVELS, "w3", "w4")  # w5 is a stranger
_PROMISED = {
    "w1": {
        "table": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "column": {"SELECT", "INSERT", "UPDATE"},
        "sequence": {"USAGE", "SELECT"},
        "schema": {"USAGE"},
        "database": {"CONNECT"},
    },
    "w2": {
        "table": {"SELECT"},
        "column": {"SELECT"},
        "sequence": {"SELECT"},
        "schema": {"USAGE"},
        "database": {"CONNECT"},
    },
}
_EVERYBODYS = {
    ("function", "EXECUTE"),
    ("type", "USAGE"),
    ("language", "USAGE"),
}
_OWNER_WITHOUT_THE_SCHEMA = [
    (worlds.NOBODY, "GRANT USAGE ON DOMAIN a.small TO w2 WITH GRANT OPTION"),
    (worlds.NOBODY, "ALTER TYPE a.small OWNER TO w0"),
]
_NOINHERIT_OWNER = [
    (worlds.NOBODY, "ALTER ROLE w0 NOINHERIT"),
    (worlds.NOBODY, "GRANT USAGE ON SCHEMA public TO w4 WITH GRANT OPTION"),
]
_GRANTOR_WITHOUT_THE_SCHEMA = [
    (worlds.NOBODY, "GRANT USAGE ON SCHEMA a TO w5"),
    (worlds.NOBODY, "GRANT SELECT ON TABLE a.t TO w5 WITH GRANT OPTION"),
    ("w5", "GRANT SELECT ON TABLE a.t TO w3"),
    (worlds.NOBODY, "REVOKE USAGE ON SCHEMA a FROM w5"),
    (worlds.NOBODY, "REVOKE USAGE ON SCHEMA public FROM w0"),
]
_GRANTOR_THAT_WAS_A_MEMBER_OF_THE_OWNER = [
    (worlds.NOBODY, "GRANT w0 TO w3"),
    (worlds.NOBODY, "GRANT CONNECT ON DATABASE world TO w3 WITH GRANT OPTION"),
    ("w3", "GRANT CONNECT ON DATABASE world TO w3, w4, PUBLIC"),
]
_GRANTOR_THAT_MAY_NO_LONGER_GRANT = [
    (worlds.NOBODY, "GRANT USAGE ON SCHEMA a TO w2"),
    (worlds.NOBODY, "GRANT SELECT ON TABLE a.t TO w2 WITH GRANT OPTION"),
    ("w2", "GRANT SELECT (n) ON TABLE a.t TO w3, PUBLIC"),
    (worlds.NOBODY, "REVOKE GRANT OPTION FOR SELECT ON TABLE a.t FROM w2 CASCADE"),
    (worlds.NOBODY, "GRANT SELECT (n) ON TABLE a.t TO w2"),
]
_DEFINER_HANDED_ON = [
    (worlds.NOBODY, "ALTER FUNCTION a.f(integer) SECURITY DEFINER"),
    (worlds.NOBODY, "REVOKE ALL ON FUNCTION a.f(integer) FROM PUBLIC"),
    (worlds.NOBODY, "GRANT USAGE ON SCHEMA a TO PUBLIC"),
    (worlds.NOBODY, "GRANT CONNECT ON DATABASE world TO PUBLIC"),
    (worlds.NOBODY, "GRANT EXECUTE ON FUNCTION a.f(integer) TO w5 WITH GRANT OPTION"),
    ("w5", "GRANT EXECUTE ON FUNCTION a.f(integer) TO w3, PUBLIC"),
]


def _desired() -> Desired:
    def role(name: str, database: str, level: AccessLevel) -> DesiredRole:
        return DesiredRole(
            name=name,
            entry=name,
            database=database,
            level=level,
            createdb=False,
            connection_limit=-1,
            secret=name,
        )

    owner, *members = (role(name, "world", level) for name, level in _LEVELS.items())
    others = (
        DesiredDatabase(name=f"{n}_db", entry=n, owner=role(n, f"{n}_db", AccessLevel.OWNER))
        for n in ("w3", "w4")
    )
    world = DesiredDatabase(name="world", entry="w0", owner=owner, members=tuple(members))
    return Desired(environment="dev", databases=(world, *others))


@pytest.mark.every_major
def test_what_is_found_closes_everything(world: str, pg_major: int) -> None:
    with asyncio.Runner() as runner:
        connection = runner.run(Connection.connect(world, autocommit=True))

        @examples(20)
        @example(statements=_OWNER_WITHOUT_THE_SCHEMA)
        @example(statements=_NOINHERIT_OWNER)
        @example(statements=_GRANTOR_WITHOUT_THE_SCHEMA)
        @example(statements=_GRANTOR_THAT_WAS_A_MEMBER_OF_THE_OWNER)
        @example(statements=_GRANTOR_THAT_MAY_NO_LONGER_GRANT)
        @example(statements=_DEFINER_HANDED_ON)
        @given(statements=worlds.worlds(pg_major))
        def closes(statements: list[worlds.Statement]) -> None:
            refused, left, answers = runner.run(_close(connection, statements, pg_major))
            assert refused == []
            assert left == ()
            assert set(_beyond(answers)) == set()

        try:
            closes()
        finally:
            runner.run(connection.close())


async def _close(
    connection: Connection, statements: list[worlds.Statement], major: int
) -> tuple[list[str], tuple[Hole, ...], set[Answer]]:
    """Return what PostgreSQL refuses to who is said to run it, what stays open, who can do what."""
    async with connection.transaction(force_rollback=True):
        await connection.execute("ALTER DATABASE world OWNER TO w0")
        await connection.execute(script(statements))
        refused: list[str] = []
        found: tuple[Hole, ...] = ()
        for _ in range(_ROUNDS):
            found = await _holes(connection)
            if not found:
                break
            steps = [_step(hole) for hole in found]
            refused += await refusals(connection, steps)
            await connection.execute(script(steps))
        return refused, found, await asked(connection, major)


async def _holes(connection: Connection) -> tuple[Hole, ...]:
    """Return what an admin without power sees to be open in this database and the instance."""
    await connection.execute("GRANT CONNECT ON DATABASE world TO platform_admin")
    await connection.execute("SET LOCAL ROLE platform_admin")
    shared = await read_shared(connection, host="localhost")
    inside = await read_inside(connection, shared.names)
    await connection.execute("RESET ROLE")
    databases = {"world": replace(shared.model.databases["world"], inside=inside)}
    found = analyse(replace(shared.model, databases=databases), _desired())
    return tuple(hole for hole in found if hole.who != "w5" or hole.kind != "attribute")


def _step(hole: Hole) -> worlds.Statement:
    """Return a finding's statement with who runs it; a transaction is under way already."""
    if " RENAME TO " in hole.statement:  # which nobody can from inside
        return worlds.NOBODY, "ALTER DATABASE world OWNER TO w0"
    known = hole.executor in {*worlds.ROLES, "platform_admin"}
    statement = hole.statement.removeprefix("BEGIN; ").removesuffix("; COMMIT")
    return hole.executor if known else worlds.NOBODY, statement


def _beyond(answers: set[Answer]) -> Iterator[Answer]:
    for kind, role, name, privilege in answers:
        if role not in _TENANTS or role == "w0" or kind == "role":
            continue
        promised = _PROMISED.get(role, {}).get(kind, set())
        public = (kind, name, privilege) == ("schema", "public", "USAGE")
        if privilege not in promised and not public and (kind, privilege) not in _EVERYBODYS:
            yield kind, role, name, privilege
    for kind, role, name, privilege in answers:
        if kind == "role" and role in _TENANTS and name not in {role, "pg_database_owner"}:
            yield kind, role, name, privilege
        if kind in {"parameter", "tablespace"} and role == "w0":
            yield kind, role, name, privilege
