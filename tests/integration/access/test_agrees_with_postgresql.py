"""The analysis and PostgreSQL's own `has_*_privilege` give the same answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given

from pgtenant.access.effective import everything, held
from pgtenant.access.graph import Graph
from pgtenant.access.model import AccessModel, Group, Inside, Kind
from pgtenant.postgres.access import read_inside, read_shared
from pgtenant.postgres.libpq import Connection
from support import worlds_of_access as worlds
from support.oracle_of_access import SUBJECTS, Answer, asked, script
from support.random_worlds import examples


@pytest.mark.every_major
def test_the_analysis_agrees_with_postgresql(world: str, pg_major: int) -> None:
    with asyncio.Runner() as runner:
        connection = runner.run(_connect(world))

        @examples(30)
        @given(statements=worlds.worlds(pg_major))
        def agrees(statements: list[worlds.Statement]) -> None:
            predicted, answers = runner.run(_compare(connection, statements, pg_major))
            assert predicted == answers

        try:
            agrees()
        finally:
            runner.run(connection.close())


async def _connect(conninfo: str) -> Connection:
    return await Connection.connect(conninfo, autocommit=True)


async def _compare(
    connection: Connection, statements: list[worlds.Statement], major: int
) -> tuple[set[Answer], set[Answer]]:
    """Make the world, let a role without power read it, ask PostgreSQL, and undo everything."""
    async with connection.transaction(force_rollback=True):
        await connection.execute("GRANT SET ON PARAMETER log_statement TO platform_admin")
        await connection.execute(script(statements))
        await connection.execute("GRANT CONNECT ON DATABASE world TO platform_admin")
        await connection.execute("SET LOCAL ROLE platform_admin")
        shared = await read_shared(connection, host="localhost")
        inside = await read_inside(connection, shared.names)
        await connection.execute("RESET ROLE")
        predicted = set(_predicted(shared.model, inside))
        answers = await asked(connection, major)
    return predicted, answers


def _predicted(model: AccessModel, inside: Inside) -> Iterator[Answer]:
    graph = Graph(model)
    groups = (model.databases["world"].group, *model.shared, *inside.groups)
    for role in SUBJECTS:
        yield from _on_objects(graph, role, groups)
        yield from _on_columns(graph, role, groups)
        yield from _belonging(graph, role)


def _powers(graph: Graph, role: str, group: Group, table: Group | None = None) -> Iterable[str]:
    if graph.superuser(role):
        return everything(group, graph.model.major)
    reach = graph.in_database(graph.inherited(role), graph.model.databases["world"].owner)
    return held(group, reach, graph.model.major, table=table)


def _on_objects(graph: Graph, role: str, groups: Iterable[Group]) -> Iterator[Answer]:
    asked = {(thing.kind, thing.asked) for thing in worlds.THINGS}
    for group in groups:
        for name in _names(group):
            if (group.kind, name) in asked:
                yield from ((str(group.kind), role, name, p) for p in _powers(graph, role, group))


def _on_columns(graph: Graph, role: str, groups: Iterable[Group]) -> Iterator[Answer]:
    granted = {
        (group.schema, group.table, column): group
        for group in groups
        if group.kind is Kind.COLUMN
        for column in group.names
    }
    tables = [
        (table, plain, name)
        for table in groups
        if table.kind is Kind.TABLE
        for plain, name in zip(table.names, _names(table), strict=True)
    ]
    for table, plain, name in tables:
        for column in worlds.COLUMNS:
            on = granted.get((table.schema, plain, column)) or Group(
                Kind.COLUMN, table.schema, table.owner, (column,), table=plain
            )
            powers = _powers(graph, role, on, table)
            yield from (("column", role, f"{name}.{column}", power) for power in powers)


def _belonging(graph: Graph, role: str) -> Iterator[Answer]:
    owner = graph.model.databases["world"].owner
    ways = {
        "USAGE": graph.in_database(graph.inherited(role), owner),
        "MEMBER": graph.in_database(graph.groups(role), owner, privileges=False),
    }
    if graph.model.major >= 16:
        ways["SET"] = graph.in_database(graph.settable(role), owner, privileges=False)
    for other in (*SUBJECTS, *worlds.PREDEFINED, "pg_database_owner"):
        for way, reach in ways.items():
            if other in graph.model.roles and (graph.superuser(role) or other in reach):
                yield "role", role, other, way


def _names(group: Group) -> list[str]:
    def quoted(name: str) -> str:
        return name if name.replace("_", "").isalnum() else '"' + name.replace('"', '""') + '"'

    prefix = f"{quoted(group.schema)}." if group.schema else ""
    names = [f"{prefix}{quoted(name)}" for name in group.names]
    if group.kind is Kind.FUNCTION:
        return [
            name + str(arguments).replace("int4", "integer")
            for name, arguments in zip(names, group.signatures, strict=True)
        ]
    return names
