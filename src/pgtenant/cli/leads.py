"""Where there is more about what was printed: the last line on stderr."""

from __future__ import annotations

import sys

from pgtenant.codes import Code
from pgtenant.errors import ExitCode
from pgtenant.report.errors import help_line


def lead_to(code: Code) -> None:
    """Say on stderr where there is more about a code."""
    sys.stderr.write(f"{help_line(code)}\n")


def judged(good: bool, code: Code) -> ExitCode:
    """Return the exit code of a proof; one that failed leads to what there is to say about it."""
    if good:
        return ExitCode.CONVERGED
    sys.stdout.flush()
    lead_to(code)
    return ExitCode.FAILED
