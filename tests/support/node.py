"""Packages from the npm registry by a lock file, installed once and kept in a cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from support.npm import locked

_BACKSTAGE = Path(__file__).with_name("backstage")

FORM = _BACKSTAGE / "form"
"""The libraries that Backstage's scaffolder shows a form with."""

ACTION = _BACKSTAGE / "action"
"""Backstage's actions for GitHub."""

SCAFFOLDER = _BACKSTAGE / "scaffolder"
"""A script for the kit's packages."""

_FILES = ("package.json", "package-lock.json")
# Seconds, only to end what never does; a package with C++ in it is compiled.
_LONGEST = 1800


class UnavailableError(Exception):
    """The packages can't be had; the message says why."""


def packages(source: Path | None) -> Path:
    """Return what `installed` does.

    Where they can't be had the test is skipped, or fails if a kit is named: it is wanted then.

    Args:
        source: the directory with the lock file; None for the kit's where no kit is named.
    """
    if source is None:
        pytest.skip("no Backstage: PGTENANT_TEST_KIT names no kit")
    try:
        return installed(source)
    except UnavailableError as error:
        if kit() is None:
            pytest.skip(f"no Backstage: {error}")
        pytest.fail(f"no Backstage: {error}", pytrace=False)


def kit() -> Path | None:
    """Return the kit's directory with Backstage's scaffolder; None where no kit is named."""
    named = os.environ.get("PGTENANT_TEST_KIT")
    return Path(named) / "backstage" if named else None


def installed(source: Path) -> Path:
    """Return a directory with `node_modules`, as the lock file of a directory says.

    Raises:
        UnavailableError: there is no Node or no npm, or npm could not install them.
    """
    if lacking := [name for name in ("node", "npm") if shutil.which(name) is None]:
        raise UnavailableError(f"needs {' and '.join(lacking)}")
    try:
        content = b"".join((source / name).read_bytes() for name in _FILES)
    except OSError as error:
        raise UnavailableError(f"{source} has no packages: {error.strerror}") from None
    cache = _cache()
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / hashlib.sha256(content).hexdigest()[:16]
    with locked(target.with_suffix(".lock")):
        if not target.is_dir():
            with tempfile.TemporaryDirectory(dir=cache) as directory:
                fresh = Path(directory) / "packages"
                fresh.mkdir()
                for name in _FILES:
                    shutil.copyfile(source / name, fresh / name)
                _install(fresh)
                fresh.rename(target)
    return target


def run(packages: Path, script: Path, *arguments: str, given: str = "", **environ: str) -> str:
    """Run a script with these packages, and return what it printed.

    Raises:
        AssertionError: it failed by itself; 1 is the answer "no".
    """
    done = subprocess.run(
        ["node", str(beside(packages, script)), *arguments],
        input=given,
        env=os.environ | environ,
        capture_output=True,
        check=False,
        text=True,
        timeout=_LONGEST,
    )
    assert done.returncode in (0, 1), done.stderr[-4000:]
    return done.stdout


def beside(packages: Path, script: Path) -> Path:
    """Return a copy of a script that finds the packages: Node looks where the script lies."""
    copy = packages / f"{hashlib.sha256(script.read_bytes()).hexdigest()[:8]}-{script.name}"
    if not copy.is_file():
        with tempfile.NamedTemporaryFile(dir=packages, delete=False) as file:
            file.write(script.read_bytes())
        Path(file.name).rename(copy)
    return copy


def _cache() -> Path:
    """Return where the kit keeps what it builds."""
    named = os.environ.get("PGTENANT_KIT_CACHE")
    home = Path(named).parent if named else Path.home() / ".cache" / "pgtenant-kit"
    return home / "node"


def _install(directory: Path) -> None:
    # Without Node's own headers, the ones for compiling would be downloaded.
    headers = {"npm_config_nodedir": "/usr"} if Path("/usr/include/node").is_dir() else {}
    try:
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=directory,
            env=os.environ | headers,
            capture_output=True,
            check=False,
            text=True,
            timeout=_LONGEST,
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"npm ci took more than {_LONGEST} s") from None
    if done.returncode != 0:
        raise UnavailableError(f"npm ci failed: {(done.stderr or done.stdout)[-2000:]}")
