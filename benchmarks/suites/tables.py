"""One database with very many tables, in which nothing has changed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import psycopg

from benchmarks.bench import Bench
from benchmarks.floor import Floor
from benchmarks.lineup import ours
from benchmarks.results import Figure
from benchmarks.running import FailedError, run
from benchmarks.tool import Tool
from benchmarks.workload import App, Scenario, apps
from benchmarks.world import Job, World
from pgtenant.embedded import Server

NAME = "tables"
_BATCH = 1000
_FEW = 1000
_MINUTES = 300.0


def measure(bench: Bench) -> None:
    """Ask the floor and pgtenant in turn, in a small database first and then in the large one."""
    given = apps(1)
    tools: dict[str, Tool] = {"psql": Floor(1), **{tool.name: tool for tool in ours_here(bench)}}
    with bench.servers.fresh() as server, tempfile.TemporaryDirectory() as directory:
        world = bench.world(server.port, Path(directory))
        first = tools["pgtenant apply"]
        try:
            run(first.commands(world, Job(Scenario.FIRST, given)), timeout=_MINUTES)
            made = 0
            for size in sorted({_FEW, bench.options.tables}):
                _make_tables(server, given[0], made, size)
                made = size
                _ask(bench, tools, world, size)
        except FailedError as error:
            figure = Figure(NAME, first.name, Scenario.NO_CHANGE.value, bench.options.tables)
            bench.fail(figure, str(error))


def ours_here(bench: Bench) -> list[Tool]:
    """The modes of pgtenant that can be asked whether anything has changed."""
    return [tool for tool in ours(bench.options.python) if Scenario.NO_CHANGE in tool.scenarios]


def _ask(bench: Bench, tools: dict[str, Tool], world: World, size: int) -> None:
    for number in range(bench.options.rounds + 1):
        for name, tool in tools.items():
            figure = Figure(NAME, name, Scenario.NO_CHANGE.value, size)
            job = Job(Scenario.NO_CHANGE, apps(1))
            bench.run(figure, tool, world, job, timed=number > 0, watch_memory=number == 0)


def _make_tables(server: Server, app: App, made: int, wanted: int) -> None:
    # Each holds a lock until its transaction ends; hence batches.
    with psycopg.connect(server.superuser_conninfo(app.database), autocommit=True) as connection:
        connection.execute(f"SET ROLE {app.owner.name}")
        for start in range(made, wanted, _BATCH):
            connection.execute(
                "DO $$ BEGIN FOR i IN "
                f"{start + 1}..{min(start + _BATCH, wanted)} LOOP EXECUTE "
                "format('CREATE TABLE public.t_%s (id integer)', i); END LOOP; END $$"
            )
        connection.execute("RESET ROLE")
        connection.execute("VACUUM (ANALYZE) pg_catalog.pg_class")
        connection.execute("CHECKPOINT")
