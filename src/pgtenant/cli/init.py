"""`pgtenant init`."""

from __future__ import annotations

import sys
from pathlib import Path

from pgtenant.errors import ExitCode
from pgtenant.usecases.init import init


def run_init(*, directory: Path, **options: str | None) -> int:
    """Lay out the repository and say what is next.

    Raises:
        PgtenantError: it could not be laid out.
    """
    done = init(directory, options)
    if done.written:
        there = f", {done.kept} were there" if done.kept else ""
        sys.stdout.write(
            f"{done.written} files laid out in {directory}{there}. Next: {directory}/README.md\n"
        )
    else:
        sys.stdout.write(f"all {done.kept} files are in {directory}; nothing to do\n")
    return ExitCode.CONVERGED
