"""The programs that `make test-platform` installs into an environment of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

INSTALLED = Path(__file__).parents[2] / ".cache" / "platform" / "bin"


def tool(name: str) -> str:
    """Return a program's path; where it is not installed the test is skipped."""
    program = INSTALLED / name
    if not program.exists():
        pytest.skip(f"{name} is not installed; `make test-platform` does it")
    return str(program)


def lint(*command: str, repository: Path) -> None:
    """Run a linter, which has to find nothing."""
    done = subprocess.run(
        [tool(command[0]), *command[1:]],
        cwd=repository,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def programs(node: Any) -> Iterator[str]:
    """Yield what the steps of a workflow, or of a part of one, run."""
    match node:
        case {"run": str(program), **rest}:
            yield program
            yield from programs(rest)
        case dict():
            for item in node.values():
                yield from programs(item)
        case list():
            for item in node:
                yield from programs(item)
        case _:
            pass
