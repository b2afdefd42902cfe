"""W(N): every tool in turn, round by round, each on a server of its own in the same first state."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.lineup import Group
from benchmarks.options import PEERS
from benchmarks.relay import relaying
from benchmarks.results import Figure
from benchmarks.running import FailedError
from benchmarks.state import drift, lacking, written
from benchmarks.tool import Tool
from benchmarks.wire import Traffic
from benchmarks.workload import App, Scenario, apps, drifting
from benchmarks.world import Job, World
from pgtenant.embedded import Server

NAME = "provision"
_AFTERWARDS = (Scenario.NO_CHANGE, Scenario.DRIFTED, Scenario.ADDED)
_SPARE = 12
"""Databases made beforehand for the applications that are added later."""
_FEW, _MANY, _TOO_MANY = 50, 500, 2000


@dataclass(frozen=True, slots=True)
class _Round:
    """How one group is measured once.

    Attributes:
        counted: everything goes through a proxy that counts.
        timed: the times count.
        scenarios: those after the first apply.
        repeats: of what comes after the first apply; in small sizes only of "no change".
        count_after: whether "no change" is counted at the end, on the server of a timed round.
    """

    counted: bool
    timed: bool
    scenarios: tuple[Scenario, ...] = _AFTERWARDS
    repeats: int = 1
    count_after: bool = False


def measure(bench: Bench, groups: Sequence[Group]) -> None:
    """Measure all sizes, the smallest first: it says what the others will take."""
    smallest = bench.options.sizes[0]
    for size in bench.options.sizes:
        courses = [(group, _rounds(bench, group[0], size, size == smallest)) for group in groups]
        for number in range(max((len(rounds) for _, rounds in courses), default=0)):
            for place, (group, rounds) in enumerate(courses):
                if number >= len(rounds):
                    continue
                try:
                    _round(bench, group, size, rounds[number])
                except FailedError:
                    courses[place] = (group, ())


def _rounds(bench: Bench, leader: Tool, size: int, smallest: bool) -> Sequence[_Round]:
    peer, thorough = leader.name in PEERS, bench.options.thorough
    wanted = tuple(scenario for scenario in _AFTERWARDS if bench.wants(scenario))
    short = tuple(scenario for scenario in wanted if scenario is Scenario.NO_CHANGE)
    if leader.slow:
        return (_Round(counted=True, timed=True, scenarios=wanted if thorough else short),)
    times = bench.options.rounds
    if size >= _MANY or (peer and size >= _FEW and not thorough):
        times = 1
    elif size >= _FEW:
        times = max(1, times - 1)
    timed = _Round(
        counted=False,
        timed=True,
        scenarios=wanted if thorough or not peer or size < _FEW else short,
        repeats=1 if peer or size >= _MANY else 3,
    )
    if smallest and size < _MANY:
        return (replace(timed, counted=True, timed=False, repeats=1), *[timed] * times)
    return (replace(timed, count_after=True), *[timed] * (times - 1))


def _round(bench: Bench, group: Group, size: int, how: _Round) -> None:
    leader = group[0]
    first = Figure(NAME, leader.name, Scenario.FIRST.value, size)
    if leader.name in PEERS and size > _TOO_MANY:
        bench.leave_out(first, "left out: databases made beforehand would fill the disk")
    bench.check_time(first)
    databases: tuple[App, ...] = () if leader.makes_databases else apps(size + _SPARE)
    with bench.servers.fresh(databases) as server:
        course = _Course(bench, server, size, how)
        with _place(bench, server, counted=how.counted) as place:
            course.step(leader, Scenario.FIRST, place)
            for scenario in how.scenarios:
                for tool in group:
                    if scenario in tool.scenarios:
                        course.step(tool, scenario, place)
        if how.count_after and Scenario.NO_CHANGE in how.scenarios:
            course.how = _Round(counted=True, timed=False)
            with _place(bench, server, counted=True) as place:
                for tool in group:
                    course.step(tool, Scenario.NO_CHANGE, place)


@dataclass(frozen=True, slots=True)
class _Place:
    """A world, and the traffic through it when that is counted."""

    world: World
    traffic: Traffic | None

    def fresh_traffic(self) -> Traffic | None:
        if self.traffic is not None:
            self.traffic.clear()
        return self.traffic


@contextlib.contextmanager
def _place(bench: Bench, server: Server, *, counted: bool) -> Iterator[_Place]:
    with tempfile.TemporaryDirectory(prefix="pgtenant-bench-") as directory:
        world = bench.world(server.port, Path(directory))
        if not counted:
            yield _Place(world, None)
            return
        with relaying(server.port) as relay:
            yield _Place(replace(world, port=relay.port), relay.traffic)


@dataclass(slots=True)
class _Course:
    """What one group goes through on one server."""

    bench: Bench
    server: Server
    size: int
    how: _Round
    added: int = 0

    def step(self, tool: Tool, scenario: Scenario, place: _Place) -> None:
        """Let the tool do it, as often as this round asks."""
        again = scenario is Scenario.NO_CHANGE or (
            self.size >= _MANY and scenario is not Scenario.FIRST
        )
        for _ in range(self.how.repeats if again else 1):
            self.added += scenario is Scenario.ADDED
            given = apps(self.size + self.added)
            touched = drifting(given) if scenario is Scenario.DRIFTED else given[-1:]
            if scenario is Scenario.DRIFTED:
                drift(self.server.superuser_conninfo(), touched)
            figure = Figure(NAME, tool.name, scenario.value, self.size)
            written(self.server.superuser_conninfo())
            self.bench.run(
                figure,
                tool,
                place.world,
                Job(scenario, given),
                timed=self.how.timed,
                traffic=place.fresh_traffic(),
            )
            if reason := lacking(self.server.superuser_conninfo(), touched):
                self.bench.fail(figure, f"it ended well, but {reason}")
                raise FailedError(reason)
