"""The audit file: appended under a lock, on disk before the call returns."""

from __future__ import annotations

import codecs
import contextlib
import errno
import fcntl
import os
import stat
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from pgtenant.audit.rows import HEADER, render_rows, repair
from pgtenant.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from pgtenant.audit.record import Record

LOCK_WAIT: Final = 30.0  # seconds; whoever holds the lock writes a few kilobytes
_POLL: Final = 0.01
_LONGEST_LINE: Final = 1 << 20
_HINT: Final = "no further change is made; free space or mend the path, then run again"


class CsvAudit:
    """An open audit file. Safe for threads and for several processes; blocks while it waits.

    Every `append` leaves the file as whole lines: what a crash cut off before is completed,
    and what can't be written is taken back.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1
        self._mutex = threading.Lock()  # flock does not keep threads of one process apart

    def append(self, records: Sequence[Record]) -> None:
        """Write records, in one piece, and wait until they are on disk.

        Raises:
            AuditError: they could not be written; the file is as it was before.
        """
        data = render_rows(records)
        if data:
            with self._locked() as size:
                self._extend(size, data)

    def close(self) -> None:
        """Close the file; a later `append` opens it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def prepare(self) -> None:
        """Make the file and its directories when they are missing, and check its header.

        Raises:
            AuditError: it can't be made or written, or it is something else.
        """
        with self._locked() as size:
            self._extend(size, "")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the lock on the file that now has the name; yields its size in bytes."""
        with self._mutex:
            try:
                self._lock_current()
                try:
                    yield os.fstat(self._descriptor).st_size
                finally:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            except OSError as error:
                reason = error.strerror or str(error)
                message = f"the audit file {self.path} can't be written: {reason}"
                raise AuditError(message, hint=_HINT) from None

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
                        f"the audit file {self.path} is locked by another process",
                        hint="wait for it or end it, then run again",
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
                f"the audit file {self.path} is not a regular file",
                hint="choose another path with --audit or [project] audit",
            )

    def _extend(self, size: int, data: str) -> None:
        """Append, after whatever the file needs to be whole lines below a header."""
        size, before = self._mend(size)
        written = (before + data).encode()
        if not written:
            return
        try:
            view = memoryview(written)
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

    def _mend(self, size: int) -> tuple[int, str]:
        """Return where to go on writing, and what has to come before the next record."""
        head = os.pread(self._descriptor, 4 * len(HEADER), 0).decode(errors="replace")
        first, end, _ = head.removeprefix("\ufeff").partition("\n")
        if not end and HEADER.startswith(first):  # new, or cut off within the header
            return size, HEADER.removeprefix(first)
        if first.removesuffix("\r") != HEADER.rstrip("\n"):
            raise AuditError(
                f"{self.path} is not an audit file: its first line is not the header",
                hint=f"move it away, or choose another path; the header is {HEADER.rstrip()}",
            )
        tail = os.pread(self._descriptor, _LONGEST_LINE, max(0, size - _LONGEST_LINE))
        torn = tail.rpartition(b"\n")[2]
        if not torn:
            return size, ""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        text = decoder.decode(torn)
        # Half a character can't be completed, and would make the file unreadable as UTF-8.
        half = len(decoder.getstate()[0])
        if half:
            os.ftruncate(self._descriptor, size - half)
        return size - half, repair(text)


def open_csv(path: Path) -> CsvAudit:
    """Open an audit file for appending, before anything is changed.

    Args:
        path: the file; it is made with its directories when it is missing.

    Raises:
        AuditError: it can't be made or written, or it is something else.
    """
    audit = CsvAudit(path)
    audit.prepare()
    return audit


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
