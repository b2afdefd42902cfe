"""What a command costs before it does anything."""

from __future__ import annotations

import sys

from benchmarks.bench import Bench
from benchmarks.results import Figure
from benchmarks.running import run
from benchmarks.world import Command

NAME = "startup"
_ROUNDS = 11


def measure(bench: Bench) -> None:
    """Ask for help, in turn with a Python that does nothing."""
    python = bench.options.python
    commands = {
        ("python", "nothing"): (sys.executable, "-c", "pass"),
        ("pgtenant", "--help"): (python, "-m", "pgtenant", "--help"),
        ("pgtenant", "apply --help"): (python, "-m", "pgtenant", "apply", "--help"),
    }
    for _ in range(_ROUNDS):
        for (tool, what), argv in commands.items():
            took = run([Command(argv)], timeout=60, watch_memory=True)
            bench.add(Figure(NAME, tool, what, 1), took)
