"""The same through a network: a proxy that adds milliseconds each way.

In a quick run only what is asked most often: whether anything has changed.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.lineup import Group
from benchmarks.relay import relaying
from benchmarks.results import Figure
from benchmarks.running import FailedError
from benchmarks.state import drift, written
from benchmarks.workload import Scenario, apps, drifting
from benchmarks.world import Job, World

NAME = "latency"
_AFTERWARDS = (Scenario.NO_CHANGE, Scenario.DRIFTED, Scenario.ADDED)
_MOST = 100
_FEW = 20
"""Applications up to which a first apply is made through the proxy as well."""


def measure(bench: Bench, groups: Sequence[Group]) -> None:
    """Measure each group of tools: without a proxy, and with each delay."""
    delays, thorough = (None, *bench.options.delays), bench.options.thorough
    sizes = [size for size in bench.options.sizes if size <= _MOST]
    for size in sizes if thorough else sizes[-1:]:
        for group in groups:
            with contextlib.suppress(FailedError):
                if thorough and size <= _FEW and bench.wants(Scenario.FIRST):
                    for delay in delays:
                        _first(bench, group, size, delay)
                _rest(bench, group, size, delays)


def _first(bench: Bench, group: Group, size: int, delay: float | None) -> None:
    with bench.servers.fresh() as server, _world(bench, server.port, delay) as world:
        figure = Figure(NAME, group[0].name, Scenario.FIRST.value, size, delay)
        bench.run(figure, group[0], world, Job(Scenario.FIRST, apps(size)))


def _rest(bench: Bench, group: Group, size: int, delays: Sequence[float | None]) -> None:
    there = size
    wanted = _AFTERWARDS if bench.options.thorough else (Scenario.NO_CHANGE,)
    with bench.servers.fresh() as server, contextlib.ExitStack() as stack:
        worlds = [stack.enter_context(_world(bench, server.port, delay)) for delay in delays]
        figure = Figure(NAME, group[0].name, "preparation", size)
        bench.run(figure, group[0], worlds[0], Job(Scenario.FIRST, apps(size)), timed=False)
        for _ in range(bench.options.rounds):
            for delay, world in zip(delays, worlds, strict=True):
                for tool in group:
                    for scenario in wanted:
                        if scenario not in tool.scenarios or not bench.wants(scenario):
                            continue
                        there += scenario is Scenario.ADDED
                        if scenario is Scenario.DRIFTED:
                            drift(server.superuser_conninfo(), drifting(apps(there)))
                        figure = Figure(NAME, tool.name, scenario.value, size, delay)
                        written(server.superuser_conninfo())
                        bench.run(figure, tool, world, Job(scenario, apps(there)))


@contextlib.contextmanager
def _world(bench: Bench, port: int, delay: float | None) -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="pgtenant-bench-") as directory:
        world = bench.world(port, Path(directory))
        if delay is None:
            yield world
            return
        with relaying(port, milliseconds=delay) as relay:
            yield replace(world, port=relay.port)
