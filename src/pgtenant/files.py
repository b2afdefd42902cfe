"""Files that somebody names: never a wait for the other end of a pipe, never an endless device."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from pgtenant.codes import Code
from pgtenant.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read.

    Raises:
        OSError: it can't be opened.
        UsageError: it is something else than a file.
    """
    return os.fdopen(_open(path, stat.S_ISREG), "rb")


def read_given(path: Path) -> bytes:
    """Return what a file holds, or what somebody writes to a pipe.

    Raises:
        OSError: it can't be read.
        UsageError: it is something else, or a pipe that nobody writes to.
    """
    with os.fdopen(_open(path, stat.S_ISREG, stat.S_ISFIFO), "rb") as file:
        if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            return _read_pipe(path, file.fileno())
        return file.read()


def write_given(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file, or into a pipe that somebody reads.

    Args:
        path: what is there is overwritten.
        data: what to write.
        private: only the file's owner may read it.

    Raises:
        OSError: it can't be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o600 if private else 0o666)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(error.errno, "nobody reads from this pipe", str(path)) from None
        raise
    with os.fdopen(descriptor, "wb") as file:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            if private:
                os.fchmod(descriptor, 0o600)  # before there is something to read
            os.ftruncate(descriptor, 0)
        os.set_blocking(descriptor, True)
        file.write(data)


@contextmanager
def writing(what: str, path: Path) -> Iterator[None]:
    """Tell of what can't be written in the words of a command.

    Raises:
        UsageError: it can't.
    """
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{what} can't be written to {path}: {error.strerror}", code=Code.UNWRITABLE_FILE
        ) from None


def check_replaceable(path: Path) -> None:
    """Look whether `replace_given` could work, before there is anything to write.

    Raises:
        OSError: it could not; that it does not say so promises nothing.
    """
    target = path.resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "its directory is not there", str(path))
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def replace_given(path: Path, data: bytes) -> None:
    """Put a file in the place of what is there, or write into a pipe that somebody reads.

    Whoever looks at it sees the old one or the new one and never a part, also when the disk is
    full. A link stays a link, and a file keeps its mode.

    Raises:
        OSError: it can't be written; what was there is as it was.
    """
    target = path.resolve()
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        write_given(target, data)
        return
    partial = target.with_name(f".pgtenant-{os.urandom(6).hex()}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except PermissionError:
        if mode is None:
            raise
        write_given(target, data)  # nothing may be made beside it
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(descriptor, stat.S_IMODE(mode))
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _open(path: Path, *kinds: Callable[[int], bool]) -> int:
    # O_NONBLOCK, because opening a FIFO would wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if any(kind(mode) for kind in kinds):
        return descriptor
    os.close(descriptor)
    what = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
    raise UsageError(f"{path} is {what}", hint="name a file", code=Code.UNREADABLE_FILE)


def _read_pipe(path: Path, descriptor: int) -> bytes:
    try:
        first = os.read(descriptor, 1 << 16)
    except BlockingIOError:  # its writer is still at work
        first = b""
    else:
        if not first:
            raise UsageError(f"{path} is a pipe that nobody writes to", code=Code.UNREADABLE_FILE)
    os.set_blocking(descriptor, True)
    pieces = [first]
    while piece := os.read(descriptor, 1 << 16):
        pieces.append(piece)
    return b"".join(pieces)
