"""Runs the tests that need no server on each supported Python that this machine has.

    python -m tools.pythons            # every one
    python -m tools.pythons 3.12 3.14

Each has an environment of its own below `.cache/python`, with the same pins.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / ".cache" / "python"
PINS = ROOT / "requirements" / "dev.txt"
PROJECT = ROOT / "pyproject.toml"
TESTS = ("tests/unit", "tests/golden")
_CLASSIFIER = "Programming Language :: Python :: "
_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def main(asked: list[str]) -> int:
    """Test, and say at the end what came of each."""
    outcomes = {version: _outcome(version) for version in asked or supported()}
    print()
    for version, outcome in outcomes.items():
        print(f"Python {version}: {outcome or 'passed'}")
    return int(any(outcome.startswith("failed") for outcome in outcomes.values()))


def supported() -> list[str]:
    """Return the versions that the package's metadata names, such as `3.12`."""
    classifiers = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["classifiers"]
    return [one.removeprefix(_CLASSIFIER) for one in classifiers if one.startswith(_CLASSIFIER)]


def find(version: str) -> str | None:
    """Return the path of a Python of this version: on the path, or one of pyenv's."""
    pyenv = sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    for name in (f"python{version}", *pyenv, "python3"):
        program = shutil.which(name)
        if program is None:
            continue
        # pyenv puts names on the path that stand for nothing.
        said = subprocess.run([program, "-c", _VERSION], capture_output=True, check=False)
        if said.stdout.decode().strip() == version:
            return program
    return None


def _outcome(version: str) -> str:
    """Return why a version did not pass, or nothing."""
    python = find(version)
    if python is None:
        return "left out, there is none on this machine"
    print(f"Python {version}: {python}", flush=True)
    try:
        program = _installed(version, python)
        subprocess.run([program, "-m", "pytest", "-q", *TESTS], cwd=ROOT, check=True)
    except subprocess.CalledProcessError as error:
        return f"failed: {' '.join(map(str, error.cmd[1:4]))} ..."
    return ""


def _installed(version: str, python: str) -> Path:
    """Return the Python of the environment of a version, with everything in it."""
    environment = ENVIRONMENTS / version
    program, stamp = environment / "bin" / "python", environment / ".installed"
    wanted = hashlib.sha256(PINS.read_bytes() + PROJECT.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return program
    pip = (str(program), "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
    subprocess.run([python, "-m", "venv", "--clear", environment], check=True)
    subprocess.run([*pip, "--require-hashes", "--requirement", PINS], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT], check=True)
    stamp.write_text(wanted)
    return program


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
