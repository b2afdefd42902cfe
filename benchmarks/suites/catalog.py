"""Reading a catalog: it is part of every run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.ours import catalog_text
from benchmarks.results import Figure
from benchmarks.running import run
from benchmarks.workload import apps
from benchmarks.world import Command

NAME = "catalog"
_SIZES = (1, 2500, 5000)
_READ = """
import sys, pathlib
from pgtenant.catalog.load import load
load(pathlib.Path(sys.argv[1]), display="terraform.tfvars")
"""


def measure(bench: Bench) -> None:
    """Read catalogs in HCL; one entry shows what starting costs."""
    with tempfile.TemporaryDirectory(prefix="pgtenant-bench-") as directory:
        for _ in range(bench.options.rounds):
            for size in _SIZES:
                path = Path(directory) / f"{size}.tfvars"
                path.write_text(catalog_text(apps(size), size), "utf-8")
                command = Command((bench.options.python, "-c", _READ, str(path)))
                took = run([command], timeout=300, watch_memory=True)
                bench.add(Figure(NAME, "pgtenant", "read and check", size), took)
