"""Secrets as files: `<directory>/<secret name>.json`. For demos, tests and mounted secrets.

Where that is missing, `<directory>/<secret name>/` has a file for each field, as Kubernetes mounts
a Secret.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import stat
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pgtenant.codes import Code
from pgtenant.errors import MissingSecretError, SecretError
from pgtenant.rotation.stages import MOST_BYTES
from pgtenant.secrets.credentials import READ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class FileStore:
    """Reads and writes secrets below a directory.

    Symbolic links are followed, because Kubernetes mounts secrets as links; only the mode of
    the file itself is checked.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def fetch(self, names: Sequence[str]) -> Mapping[str, str | SecretError]:
        """Read secrets; see `SecretStore.fetch`."""
        # One thread for all: local files are read faster than threads are handed out.
        return await asyncio.to_thread(lambda: {name: self._read(name) for name in names})

    def version(self, name: str) -> str:  # noqa: ARG002 - the store's protocol
        """Return nothing: a file has no version; see `SecretStore.version`."""
        return ""

    async def put(self, name: str, text: str) -> None:
        """Write a secret that only its owner can read; see `SecretStore.put`."""
        if not _stays_inside(name):
            raise self._outside(name)
        path = self._directory / f"{name}.json"
        try:
            await asyncio.to_thread(_write_private, path, text.encode())
        except OSError as error:
            raise SecretError(
                f"secret {name}: the file {path} can't be written: {error.strerror}",
                hint="make its directory one that you can write to",
                code=Code.SECRET_UNWRITTEN,
            ) from None

    def _outside(self, name: str) -> SecretError:
        return SecretError(
            f"secret name {name[:200]!r} would leave the directory {self._directory}",
            hint="use a relative name without '..' parts",
            code=Code.SECRET_FILE,
        )

    def _read(self, name: str) -> str | SecretError:
        if not _stays_inside(name):
            return self._outside(name)
        path = self._directory / f"{name}.json"
        found = _text(name, path)
        if found is None and (fields := self._directory / name).is_dir():
            return _read_fields(name, fields)
        if found is not None:
            return found
        return MissingSecretError(
            f"secret {name}: the file {path} does not exist",
            hint="create it, or choose another store in the settings",
        )


def _read_fields(name: str, directory: Path) -> str | SecretError:
    found: dict[str, str] = {}
    for field in READ:
        value = _text(name, directory / field)
        if isinstance(value, SecretError):
            return value
        if value is not None:
            found[field] = value
    return json.dumps(found)


def _text(name: str, path: Path) -> str | SecretError | None:
    """Return what a file holds; None when it is not there."""
    try:
        raw = _read_private(path)
    except FileNotFoundError:
        return None
    except _RefusedError as refused:
        problem, hint = refused.args
    except OSError as error:
        problem, hint = f"can't be read: {error.strerror}", "make it a file that you can read"
    else:
        text = _decode(raw)
        if text is not None:
            return text
        problem, hint = "is not UTF-8 text", "save it as UTF-8"
    return SecretError(
        f"secret {name}: the file {path} {problem}", hint=hint, code=Code.SECRET_FILE
    )


class _RefusedError(Exception):
    """A file that is there and is not read; the arguments are the problem and the hint."""


def _stays_inside(name: str) -> bool:
    parts = name.split("/")
    return (
        name.isprintable()
        and not PurePosixPath(name).is_absolute()
        and not any(part in {"", ".", ".."} for part in parts)
    )


def _read_private(path: Path) -> bytes:
    # Checked on the open file, so that it can't be exchanged between check and reading;
    # without waiting, because opening a FIFO would wait for its writer.
    with open(path, "rb", opener=_open_without_waiting) as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise _RefusedError("is not a regular file", "put the secret's JSON into a file")
        if mode & (stat.S_IROTH | stat.S_IWOTH):
            what = "read" if mode & stat.S_IROTH else "written"
            raise _RefusedError(f"can be {what} by every user", f"chmod o-rwx '{path}'")
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise _RefusedError("is larger than 64 KiB", "put one JSON object into it")
    return raw


def _write_private(path: Path, data: bytes) -> None:
    """Replace a file as a whole, mode 0600 from its first moment, on disk before it counts."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Have a directory's names on disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)


def _decode(raw: bytes) -> str | None:
    # None instead of an exception: UnicodeDecodeError carries the bytes.
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
