"""What is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from benchmarks.workload import Scenario
from benchmarks.world import Command, Job, World


class UnavailableError(Exception):
    """A tool can't be measured; the text says why."""


class Tool(Protocol):
    """A way to provision W(N)."""

    @property
    def name(self) -> str:
        """As in the tables."""

    @property
    def note(self) -> str:
        """What it leaves out of W(N), or how it was used; empty if nothing."""

    @property
    def makes_databases(self) -> bool:
        """Whether it can; otherwise they are made beforehand and not counted."""

    @property
    def slow(self) -> bool:
        """Whether one round has to do, which is timed and counted at once."""

    @property
    def scenarios(self) -> Sequence[Scenario]:
        """Those that mean something for it."""

    def install(self) -> str:
        """Install what it needs and return its version.

        Raises:
            UnavailableError: it can't be had here.
        """

    def commands(self, world: World, job: Job) -> Sequence[Command]:
        """Write the files it needs (not timed); return what is started, all at once (timed)."""
