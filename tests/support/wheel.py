"""Builds the wheel and the sdist, and runs what is installed of them with nothing of the tree."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.project import Result

ROOT = Path(__file__).parents[2]


def build(source: Path, target: Path, *kinds: str) -> list[Path]:
    """Build what is asked for, as `make dist` does; return the files, sorted by name."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", str(target), *kinds],
        cwd=source,
        check=True,
        capture_output=True,
    )
    return sorted(target.iterdir())


@dataclass(frozen=True, slots=True)
class Built:
    """What a release has."""

    wheel: Path
    sdist: Path


@dataclass(frozen=True, slots=True)
class Clean:
    """An environment with the wheel and what it requires, without extras."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / "bin" / "python"

    def run(self, program: str, *arguments: str, cwd: Path, **environ: str) -> Result:
        """Run a program of this environment, which sees nothing of the tree."""
        done = subprocess.run(
            [self.root / "bin" / program, *arguments],
            cwd=cwd,
            env=plain_environ() | environ,
            check=False,
            capture_output=True,
            text=True,
        )
        return Result(done.returncode, done.stdout, done.stderr)


def install(built: Built, root: Path, *, python: str = sys.executable) -> Clean:
    """Install the wheel by hash, as a user would who trusts nobody."""
    subprocess.run([python, "-m", "venv", root], check=True)
    clean = Clean(root)
    pins = str(ROOT / "requirements" / "core.txt")
    for arguments in (
        ("install", "--require-hashes", "--requirement", pins),
        ("install", "--no-index", "--no-deps", str(built.wheel)),
        ("check",),
    ):
        done = clean.run(
            "python", "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments, cwd=root
        )
        assert done.code == 0, done.output
    return clean


def plain_environ() -> dict[str, str]:
    """Return the process's environment without what would lead Python or pgtenant elsewhere."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PGTENANT_", "AWS_"))
    }
