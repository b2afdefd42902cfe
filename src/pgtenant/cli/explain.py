"""`pgtenant explain`."""

from __future__ import annotations

import sys

from pgtenant.cli.plan import width
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, UsageError
from pgtenant.report.explained import codes_text, explained_text


def run_explain(*, code: str | None) -> int:
    """Print what there is to say about a code, or list all.

    Raises:
        UsageError: there is no such code.
    """
    sys.stdout.write(codes_text(width()) if code is None else explained_text(_read(code), width()))
    return ExitCode.CONVERGED


def _read(given: str) -> Code:
    """Return the code that is meant; the letters may be left out, or small."""
    digits = given.upper().removeprefix("PGT").removeprefix("-")
    try:
        return Code(f"PGT-{digits.zfill(4)}")
    except ValueError:
        raise UsageError(
            f"there is no code {given[:60]!r}",
            hint="`pgtenant explain` lists all of them",
            code=Code.ARGUMENTS,
        ) from None
