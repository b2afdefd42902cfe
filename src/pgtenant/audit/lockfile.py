"""A file that several processes append to: locked, on disk before the call returns."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from pgtenant.codes import Code
from pgtenant.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_WAIT: Final = 30.0  # seconds; whoever holds the lock writes a few kilobytes
_POLL: Final = 0.01
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class LockedFile:
    """An open file. Safe for threads and for several processes; blocks while it waits.

    Args:
        path: the file; it is made with its directories when it is missing.
        what: what messages call it.
    """

    def __init__(self, path: Path, *, what: str) -> None:
        self.path = path
        self._what = what
        self._descriptor = -1
        self._mutex = threading.Lock()  # flock does not keep threads of one process apart

    def close(self) -> None:
        """Close the file; whoever writes later opens it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the lock on the file that now has the name; yields its size in bytes.

        Raises:
            AuditError: it can't be had, or what the block does fails with an `OSError`.
        """
        with self._mutex:
            try:
                self._lock_current()
                try:
                    yield os.fstat(self._descriptor).st_size
                finally:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            except OSError as error:
                reason = self._reason(error)
                message = f"the {self._what} {self.path} can't be written: {reason}"
                mend = "free space" if error.errno in _FULL else "mend the path"
                hint = f"no further change is made; {mend}, then run again"
                raise AuditError(message, hint=hint, code=Code.AUDIT_UNWRITTEN) from None

    def read(self, length: int, offset: int) -> bytes:
        """Return what stands at a place, under the lock."""
        return os.pread(self._descriptor, length, offset)

    def cut(self, size: int) -> None:
        """Take back what stands behind `size`, under the lock."""
        os.ftruncate(self._descriptor, size)

    def extend(self, size: int, data: bytes) -> None:
        """Append, under the lock, and wait until it is on disk; else leave the file as it was.

        Args:
            size: what the file's size is now.
            data: what to write.
        """
        if not data:
            return
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._descriptor, view) :]
            os.fsync(self._descriptor)
            if size == 0:
                _sync_directory(self.path.parent)
        except OSError:
            with contextlib.suppress(OSError):  # the first error is the one to report
                os.ftruncate(self._descriptor, size)
                os.fsync(self._descriptor)
            raise

    def _reason(self, error: OSError) -> str:
        if error.errno == errno.ENOENT and self.path.is_symlink():
            return f"it is a link to {self.path.readlink()}, whose directory is not there"
        return error.strerror or str(error)

    def _lock_current(self) -> None:
        deadline = time.monotonic() + LOCK_WAIT
        while True:
            if self._descriptor < 0:
                self._open()
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise AuditError(
                        f"the {self._what} {self.path} is locked by another process",
                        hint="wait for it or end it, then run again",
                        code=Code.AUDIT_LOCKED,
                    ) from None
                time.sleep(_POLL)
                continue
            if self._is_current():
                return
            # A git checkout or a log rotation has put another file in its place.
            self.close()

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def _open(self) -> None:
        _make_directories(self.path.parent)
        # O_NONBLOCK, because opening a FIFO would wait for its reader.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        self._descriptor = os.open(self.path, flags, 0o644)
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            self.close()
            raise AuditError(
                f"the {self._what} {self.path} is not a regular file",
                hint="choose another path with --audit or [project] audit",
                code=Code.NOT_AN_AUDIT,
            )


def _make_directories(directory: Path) -> None:
    missing = [one for one in (directory, *directory.parents) if not one.exists()]
    directory.mkdir(parents=True, exist_ok=True)
    for one in missing:
        _sync_directory(one.parent)


def _sync_directory(directory: Path) -> None:
    """Make the names in a directory durable, where the file system knows how."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        # A directory that may be written and not listed, or a network file system that keeps
        # names safe by itself.
        if error.errno not in {errno.EACCES, errno.EINVAL, errno.ENOTSUP}:
            raise
