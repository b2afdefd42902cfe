"""Benches and rehearsals of one test process, and which trials are made on them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from support.faults import injections, scenarios
from support.faults.bench import SETTINGS, Bench, bench
from support.faults.trial import Rehearsal, hit, rehearse
from support.fleet import Fleet, fast_directory

FIRST: Final = "first"
"""The scenario that is hit by everything everywhere."""

_ON_OLDEST: Final = frozenset(
    {
        "cut_before",
        "kill_before",
        "terminate",
        "lock_timeout",
        "deadlock",
        "disk_full",
        "no_slots",
    }
)
"""What the other scenarios are hit by on the oldest major; by the rest on the newest."""


def everything() -> bool:
    """Whether every fault is to happen at every boundary, also where the same was tried before."""
    return os.environ.get("PGTENANT_TEST_FAULTS") == "all"


def chosen(scenario: str, fault: str, major: int, majors: list[int]) -> bool:
    """Whether a fault is tried in a scenario on a major.

    Args:
        scenario: its key.
        fault: its key.
        major: of PostgreSQL.
        majors: all that can be had, oldest first.
    """
    if major < scenarios.ALL[scenario].oldest or fault in scenarios.ALL[scenario].without:
        return False
    if os.environ.get("PGTENANT_TEST_MAJORS") or everything():
        return True
    if major not in {majors[0], majors[-1]}:
        return False
    if scenario == FIRST or len(majors) == 1:
        return True
    return (major == majors[0]) is (fault in _ON_OLDEST)


class Lab:
    """Makes trials; what it needs for them is set up when it is first asked for."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._stack = contextlib.ExitStack()
        self._benches: dict[int, Bench] = {}
        self._rehearsals: dict[tuple[int, str], Rehearsal] = {}

    def close(self) -> None:
        """End everything."""
        self._stack.close()

    def bench(self, major: int) -> Bench:
        """Return the bench with a server of this major."""
        if major not in self._benches:
            server = self._stack.enter_context(self._fleet.private(major, settings=SETTINGS))
            directory = tempfile.TemporaryDirectory(dir=fast_directory())
            root = Path(self._stack.enter_context(directory)) / "project"
            root.mkdir()
            new = self._benches[major] = self._stack.enter_context(bench(server, root))
            new.clean()
            scenarios.ALL[FIRST].setup(new)
            new.runs.run(new.project, *scenarios.ALL[FIRST].argv)
        return self._benches[major]

    def rehearsal(self, major: int, scenario: str) -> Rehearsal:
        """Return a scenario's run without a fault."""
        key = (major, scenario)
        if key not in self._rehearsals:
            self._rehearsals[key] = rehearse(self.bench(major), scenarios.ALL[scenario])
        return self._rehearsals[key]

    def places(self, major: int, scenario: str, fault: str) -> Iterator[tuple[int, str]]:
        """Yield the boundaries to be hit, by number and name."""
        rehearsal, fits = self.rehearsal(major, scenario), injections.ALL[fault].fits
        known: set[str] = set()
        if not everything():
            for earlier in list(scenarios.ALL)[: list(scenarios.ALL).index(scenario)]:
                if scenarios.ALL[earlier].oldest <= major:
                    known.update(self.rehearsal(major, earlier).names)
        for number, name in enumerate(rehearsal.names, 1):
            if name in known or not fits(name):
                continue
            if not everything():
                known.add(name)
            yield number, name

    def hit(self, major: int, scenario: str, number: int, fault: str) -> list[str]:
        """Make one trial; return what was not as it should be."""
        rehearsal = self.rehearsal(major, scenario)
        return hit(self.bench(major), rehearsal, number, injections.ALL[fault])
