"""W(N): every tool in turn, round by round, each on a server of its own in the same first state."""

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
from benchmarks.state import drift, lacking
from benchmarks.tool import Tool
from benchmarks.wire import Traffic
from benchmarks.workload import App, Scenario, apps, drifting
from benchmarks.world import Job, World
from pgtenant.embedded import Server

NAME = "provision"
_REPEATS = 3
_SPARE = 12
"""Databases made beforehand for the applications that are added later."""
_MANY = 500


def measure(bench: Bench, groups: Sequence[Group]) -> None:
    """Measure all sizes: first a round that counts and is not timed, then those that are timed."""
    for size in bench.options.sizes:
        rounds = 1 if size >= _MANY else bench.options.rounds
        given_up: set[str] = set()
        for number in range(rounds + 1):
            for group in groups:
                slow = group[0].slow
                if group[0].name in given_up or (slow and number > 0):
                    continue
                try:
                    _round(bench, group, size, counted=number == 0, timed=number > 0 or slow)
                except FailedError:
                    given_up.add(group[0].name)


def _round(bench: Bench, group: Group, size: int, *, counted: bool, timed: bool) -> None:
    leader = group[0]
    if leader.makes_databases:
        databases: tuple[App, ...] = ()
    else:
        databases = apps(size + _SPARE)
    with bench.servers.fresh(databases) as server, _place(bench, server, counted) as place:
        repeats = 1 if counted or leader.slow else _REPEATS
        course = _Course(bench, server, place, size, timed=timed, repeats=repeats)
        course.step(leader, Scenario.FIRST)
        for scenario in (Scenario.NO_CHANGE, Scenario.DRIFTED, Scenario.ADDED):
            for tool in group:
                if scenario in tool.scenarios and bench.wants(scenario):
                    course.step(tool, scenario)


class _Place:
    """A world, and the traffic through it when that is counted."""

    def __init__(self, world: World, traffic: Traffic | None) -> None:
        self.world = world
        self.traffic = traffic

    def fresh_traffic(self) -> Traffic | None:
        if self.traffic is not None:
            for name in Traffic.__dataclass_fields__:
                setattr(self.traffic, name, 0)
        return self.traffic


@contextlib.contextmanager
def _place(bench: Bench, server: Server, counted: bool) -> Iterator[_Place]:
    with tempfile.TemporaryDirectory(prefix="pgtenant-bench-") as directory:
        world = bench.world(server.port, Path(directory))
        if not counted:
            yield _Place(world, None)
            return
        with relaying(server.port) as relay:
            yield _Place(replace(world, port=relay.port), relay.traffic)


class _Course:
    """What one group goes through on one server."""

    def __init__(
        self, bench: Bench, server: Server, place: _Place, size: int, *, timed: bool, repeats: int
    ) -> None:
        self._bench = bench
        self._server = server
        self._place = place
        self._size = size
        self._there = size
        self._timed = timed
        self._repeats = repeats

    def step(self, tool: Tool, scenario: Scenario) -> None:
        """Let the tool do it, as often as it takes."""
        repeats = 1 if scenario is Scenario.FIRST else self._repeats
        for _ in range(repeats):
            if scenario is Scenario.ADDED:
                self._there += 1
            given = apps(self._there)
            touched = drifting(given) if scenario is Scenario.DRIFTED else given[-1:]
            if scenario is Scenario.DRIFTED:
                drift(self._server.superuser_conninfo(), touched)
            figure = Figure(NAME, tool.name, scenario.value, self._size)
            self._bench.run(
                figure,
                tool,
                self._place.world,
                Job(scenario, given),
                timed=self._timed,
                traffic=self._place.fresh_traffic(),
            )
            if scenario is Scenario.NO_CHANGE:
                continue
            if reason := lacking(self._server.superuser_conninfo(), touched):
                self._bench.fail(figure, f"it ended well, but {reason}")
                raise FailedError(reason)
