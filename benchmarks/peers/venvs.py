"""Each peer in a virtual environment of its own, pinned with hashes."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.running import clean_environment
from benchmarks.tool import UnavailableError

_ROOT = Path(__file__).parents[2]
_LAST_LINES = 2


def venv(name: str) -> Path:
    """The directory of a peer's environment; only `installed` fills it."""
    return _ROOT / ".cache" / "bench" / name


def program(name: str, executable: str) -> str:
    """The path of a program in a peer's environment."""
    return str(venv(name) / "bin" / executable)


def installed(name: str, package: str) -> str:
    """Install requirements/bench-<name>.txt unless it is there; return the package's version.

    Raises:
        UnavailableError: it can't be installed.
    """
    requirements = _ROOT / "requirements" / f"bench-{name}.txt"
    text = requirements.read_text("utf-8")
    wanted = hashlib.sha256(f"{sys.version_info[:2]}\n{text}".encode()).hexdigest()
    stamp = venv(name) / ".installed"
    if not stamp.exists() or stamp.read_text("ascii") != wanted:
        shutil.rmtree(venv(name), ignore_errors=True)
        _do([sys.executable, "-m", "venv", str(venv(name))])
        # Some of what they ask for needs C libraries and is not needed for what they do here.
        pip = [program(name, "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
        _do([*pip, "--disable-pip-version-check", "--require-hashes", "-r", str(requirements)])
        stamp.write_text(wanted, "ascii")
    found = re.search(rf"^{package}==(\S+)", text, re.MULTILINE)
    return found[1] if found else ""


def _do(command: list[str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, env=clean_environment(), check=False
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()][-_LAST_LINES:]
        raise UnavailableError(" ".join(said) or f"{command[0]} failed")
