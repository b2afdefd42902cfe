"""Versions as files: the current one is `<secret name>.json`, others lie beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import SecretError
from pgtenant.rotation.stages import CURRENT, PENDING, PREVIOUS, Version, Versions
from pgtenant.secrets.files import FileStore, sync_directory

_BESIDE: Final = {CURRENT: "", PENDING: ".pending", PREVIOUS: ".previous"}


class FileVersions:
    """See `VersionedStore`.

    A version's id is its file's inode and time of change, which it keeps when it is moved.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files = FileStore(directory)

    async def versions(self, name: str) -> Versions:
        """Look which files there are; see `VersionedStore.versions`."""
        await self._read(name, CURRENT)

        def look() -> Versions:
            found = (_version(self._path(name, stage), stage) for stage in _BESIDE)
            return Versions(name, tuple(one for one in found if one is not None))

        return await asyncio.to_thread(look)

    async def text(self, name: str, version: Version, stage: str) -> str:  # noqa: ARG002
        """Read one file; see `VersionedStore.text`."""
        return await self._read(name, stage)

    async def propose(self, name: str, token: str, text: str) -> Version:  # noqa: ARG002
        """Write the pending file; see `VersionedStore.propose`."""
        await self._files.put(name + _BESIDE[PENDING], text)
        made = (await self.versions(name)).pending
        if made is None:
            raise self._gone(name)
        return made

    async def promote(self, name: str, version: Version, current: Version) -> None:  # noqa: ARG002
        """Keep the current file as the previous one, and put the pending one in its place."""
        versions = await self.versions(name)
        if versions.current is not None and versions.current.id == version.id:
            return
        if versions.pending is None or versions.pending.id != version.id:
            raise self._gone(name)
        await self._files.put(name + _BESIDE[PREVIOUS], await self._read(name, CURRENT))
        await self._moved(name, _take_place)

    async def withdraw(self, name: str, version: Version) -> None:  # noqa: ARG002
        """Remove the pending file; see `VersionedStore.withdraw`."""
        await self._moved(name, _remove)

    async def _read(self, name: str, stage: str) -> str:
        beside = name + _BESIDE[stage]
        found = (await self._files.fetch([beside]))[beside]
        if isinstance(found, SecretError):
            raise found
        return found

    def _gone(self, name: str) -> SecretError:
        return SecretError(
            f"secret {name}: the file {self._path(name, PENDING)} is another one, or gone",
            hint="does another run rotate it? Run again",
            code=Code.SECRET_CHANGED,
        )

    def _path(self, name: str, stage: str) -> Path:
        return self._directory / f"{name}{_BESIDE[stage]}.json"

    async def _moved(self, name: str, move: Callable[[Path, Path], None]) -> None:
        pending, current = self._path(name, PENDING), self._path(name, CURRENT)
        try:
            await asyncio.to_thread(move, pending, current)
        except OSError as error:
            raise SecretError(
                f"secret {name}: the file {pending} can't be moved: {error.strerror}",
                hint="make its directory one that you can write to",
                code=Code.SECRET_UNWRITTEN,
            ) from None


def _version(path: Path, stage: str) -> Version | None:
    try:
        found = path.stat()
    except OSError:
        return None
    name = f"{found.st_ino:x}-{found.st_mtime_ns:x}"
    return Version(name, frozenset({stage}), datetime.fromtimestamp(found.st_mtime, UTC))


def _take_place(pending: Path, current: Path) -> None:
    # Of a link, what it leads to; and whoever could read the old file reads the new one.
    target = current.resolve()
    pending.chmod(target.stat().st_mode & 0o777)
    pending.replace(target)
    sync_directory(target.parent)
    sync_directory(pending.parent)


def _remove(pending: Path, _current: Path) -> None:
    pending.unlink(missing_ok=True)
    sync_directory(pending.parent)
