"""The programs that `make test-platform` installs into an environment of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

INSTALLED = Path(__file__).parents[2] / ".cache" / "platform" / "bin"


def tool(name: str) -> str:
    """Return a program's path; where it is not installed the test is skipped."""
    program = INSTALLED / name
    if not program.exists():
        pytest.skip(f"{name} is not installed; `make test-platform` does it")
    return str(program)
