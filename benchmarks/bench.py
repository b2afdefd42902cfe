"""One run of the benchmark: what all its parts share."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

import psycopg

from benchmarks.options import PEERS, Options
from benchmarks.ours import Pgtenant
from benchmarks.results import Figure
from benchmarks.running import FailedError, Ran, published, run
from benchmarks.servers import Servers
from benchmarks.tool import Tool
from benchmarks.wire import Traffic
from benchmarks.workload import Scenario
from benchmarks.world import Job, World

_HOUR = 3600.0


@dataclass(slots=True)
class Bench:
    """Keeps the figures, says what goes on, and leaves out what would take too long.

    Attributes:
        figures: by what they are about; each run of a tool adds to one.
    """

    options: Options
    servers: Servers
    figures: dict[tuple[str, str, str, int, float | None], Figure] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)

    def wants(self, scenario: Scenario) -> bool:
        """Whether this scenario was asked for."""
        return scenario.value.split()[0] in self.options.scenarios

    def world(self, port: int, directory: Path) -> World:
        """A server of `servers` at this port."""
        servers = self.servers
        return World(
            port=port,
            major=servers.distribution.major,
            admin=servers.admin,
            superuser=servers.superuser,
            psql=servers.psql,
            sessions=self.options.sessions,
            directory=directory,
        )

    def run(
        self,
        figure: Figure,
        tool: Tool,
        world: World,
        job: Job,
        *,
        timed: bool = True,
        traffic: Traffic | None = None,
        watch_memory: bool = False,
    ) -> None:
        """Let a tool do its job and add what it took.

        Args:
            figure: which cell.
            tool: who.
            world: where.
            job: what.
            timed: whether the time counts.
            traffic: what a counting proxy counts; its total is taken, so it has to be fresh.
            watch_memory: whether memory is watched as well; where traffic is counted, it is.

        Raises:
            FailedError: it failed, or there is no patience for it; the figure says so.
        """
        expected = self._expected(figure) if tool.name in PEERS else 0.0
        if expected > self.options.patience:
            reason = f"left out: about {expected:,.0f} s, by what a smaller size took"
            self.leave_out(figure, reason)
        self.check_time(figure)
        watching = watch_memory or traffic is not None
        try:
            if isinstance(tool, Pgtenant) and tool.noting and job.scenario is Scenario.NO_CHANGE:
                run(tool.commands(world, job), timeout=_HOUR)
                if traffic is not None:
                    traffic.clear()
            took = run(tool.commands(world, job), timeout=_HOUR, watch_memory=watching)
        except (FailedError, OSError, psycopg.Error) as error:
            self.fail(figure, str(error))
            raise FailedError(str(error)) from error
        self.add(figure, took, timed=timed, traffic=traffic)

    def add(
        self, figure: Figure, took: Ran, *, timed: bool = True, traffic: Traffic | None = None
    ) -> None:
        """Add one run to a figure."""
        there = self.figures.get(_key(figure), figure)
        if timed:
            there = replace(
                there,
                seconds=(*there.seconds, took.seconds),
                cpu_seconds=(*there.cpu_seconds, took.cpu_seconds),
            )
        if took.peak_bytes is not None:
            there = replace(there, peak_bytes=max(took.peak_bytes, there.peak_bytes or 0))
        if traffic is not None and there.traffic is None:
            there = replace(there, traffic=replace(traffic))
        self.figures[_key(figure)] = there
        self.say(
            f"{figure.suite}: {figure.tool}, {figure.scenario}, {figure.size:,}"
            + (f", {figure.delay:g} ms" if figure.delay is not None else "")
            + f": {took.seconds:.2f} s{'' if timed else ' (counted, not timed)'}"
        )

    def check_time(self, figure: Figure) -> None:
        """Leave this figure out when the time for the whole run is up.

        Raises:
            FailedError: it is.
        """
        limit = self.options.minutes
        if limit is not None and time.monotonic() - self._began > 60 * limit:
            self.leave_out(figure, "left out: no time left")

    def leave_out(self, figure: Figure, reason: str) -> NoReturn:
        """Put down why a tool is not asked, unless it was in an earlier round.

        Raises:
            FailedError: always.
        """
        if _key(figure) not in self.figures:
            self.fail(figure, reason)
        raise FailedError(reason)

    def fail(self, figure: Figure, reason: str) -> None:
        """Put down why there is no figure."""
        there, reason = self.figures.get(_key(figure), figure), published(reason)
        self.figures[_key(figure)] = replace(there, failed=reason)
        self.say(f"{figure.suite}: {figure.tool}, {figure.scenario}, {figure.size:,}: {reason}")

    def say(self, text: str) -> None:
        """Show what goes on, on stderr."""
        sys.stderr.write(f"[{time.monotonic() - self._began:6.1f} s] {text}\n")
        sys.stderr.flush()

    def _expected(self, figure: Figure) -> float:
        smaller = [
            (there.size, there.median)
            for there in self.figures.values()
            if (there.suite, there.tool, there.scenario, there.delay)
            == (figure.suite, figure.tool, figure.scenario, figure.delay)
            and there.median is not None
            and there.size < figure.size
        ]
        if not smaller:
            return 0.0
        size, seconds = max(smaller)
        return seconds * figure.size / size


def _key(figure: Figure) -> tuple[str, str, str, int, float | None]:
    return figure.suite, figure.tool, figure.scenario, figure.size, figure.delay
