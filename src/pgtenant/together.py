"""Several files, written together or not at all, by one process at a time.

The new contents are staged beside a journal that names their places. Once the journal is there, the
change is decided: each file is renamed into place, and then the journal goes. Whoever comes after a
process that died in between finds the journal and finishes, or finds none and sweeps the rest away.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pgtenant.errors import PgtenantError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STAGING: Final = ".pgtenant-request"
_JOURNAL: Final = "journal.json"
_PATIENCE: Final = 60.0  # seconds; whoever holds the lock parses and writes a few files
_POLL: Final = 0.02


@dataclass(frozen=True, slots=True)
class Change:
    """A file to write.

    Attributes:
        path: its place, which need not exist.
        before: what it holds; None when it is not there.
        after: what it is to hold.
    """

    path: Path
    before: bytes | None
    after: bytes


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keep other processes from writing below a directory; first finish what one has left.

    Raises:
        PgtenantError: another one does not come to an end, or what one has left can't be finished.
    """
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise PgtenantError(f"{root} can't be opened: {error.strerror}") from None
    try:
        _lock(root, descriptor)
        _settle(root)
        yield
    finally:
        os.close(descriptor)  # which unlocks it


def write(root: Path, changes: Sequence[Change]) -> None:
    """Write files, under the lock of `alone`.

    Raises:
        PgtenantError: it is not possible; then no file is different.
    """
    staging = root / STAGING
    try:
        staging.mkdir()
        steps = [_stage(root, staging, number, one) for number, one in enumerate(changes)]
        _publish(staging, steps, undo=False)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise _failed(error) from None
    try:
        _rename(root, staging, steps)
    except OSError as error:
        _undo(root, staging, steps)
        raise _failed(error) from None
    shutil.rmtree(staging)


def _lock(root: Path, descriptor: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise PgtenantError(
                    f"another request has been writing in {root} for a minute",
                    hint="wait for it or end it, then run the same command again",
                ) from None
            time.sleep(_POLL)
        except OSError as error:
            raise PgtenantError(f"{root} can't be locked: {error.strerror}") from None
        else:
            return


def _stage(root: Path, staging: Path, number: int, change: Change) -> dict[str, Any]:
    target = change.path.resolve()
    there = next(one for one in target.parents if one.exists())
    if there.stat().st_dev != staging.stat().st_dev:
        raise OSError(0, f"it is on another file system than {root}", str(change.path))
    _write(staging / f"new-{number}", change.after, like=target)
    if change.before is not None:
        _write(staging / f"old-{number}", change.before, like=target)
    return {
        "path": os.path.relpath(target, root.resolve()),
        "before": None if change.before is None else _digest(change.before),
        "after": _digest(change.after),
    }


def _publish(staging: Path, steps: Sequence[dict[str, Any]], *, undo: bool) -> None:
    text = json.dumps({"undo": undo, "steps": steps}, indent=2)
    _write(staging / f"{_JOURNAL}.new", text.encode())
    (staging / f"{_JOURNAL}.new").replace(staging / _JOURNAL)
    _sync(staging)


def _rename(root: Path, staging: Path, steps: Sequence[dict[str, Any]]) -> None:
    for number, step in enumerate(steps):
        staged = staging / f"new-{number}"
        target = root / step["path"]
        if not staged.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.replace(target)
        _sync(target.parent)


def _undo(root: Path, staging: Path, steps: Sequence[dict[str, Any]]) -> None:
    """Put back what was renamed already; a failure leaves it to whoever comes next."""
    with contextlib.suppress(OSError):
        _publish(staging, steps, undo=True)
        _put_back(root, staging, steps)
        shutil.rmtree(staging)


def _put_back(root: Path, staging: Path, steps: Sequence[dict[str, Any]]) -> None:
    for number, step in enumerate(steps):
        target, old = root / step["path"], staging / f"old-{number}"
        if step["before"] is None:
            if _digest_of(target) == step["after"]:
                target.unlink()
        elif old.exists():
            old.replace(target)


def _settle(root: Path) -> None:
    """Finish what a process that died has decided, or sweep away what it has not."""
    staging = root / STAGING
    if not os.path.lexists(staging):
        return
    try:
        if (staging / _JOURNAL).exists():
            journal = json.loads((staging / _JOURNAL).read_bytes())
            _check(root, staging, journal["steps"])
            finish = _put_back if journal["undo"] else _rename
            finish(root, staging, journal["steps"])
        shutil.rmtree(staging)
    except (OSError, ValueError, KeyError) as error:
        raise PgtenantError(
            f"an earlier request was interrupted, and {staging} can't be finished: {error}",
            hint="mend what it says, or delete that directory and look at what git shows",
        ) from None


def _check(root: Path, staging: Path, steps: Sequence[dict[str, Any]]) -> None:
    """Insist that nobody has changed the files since.

    Raises:
        PgtenantError: somebody has.
    """
    for step in steps:
        if _digest_of(root / step["path"]) not in {step["before"], step["after"]}:
            raise PgtenantError(
                f"an earlier request was interrupted, and {step['path']} was changed since",
                hint=f"its files are in {staging}: take from them what is missing, delete that"
                " directory, and run the same command again",
            )


def _write(path: Path, data: bytes, *, like: Path | None = None) -> None:
    with path.open("xb") as file:
        if like is not None and like.exists():
            os.fchmod(file.fileno(), like.stat().st_mode & 0o7777)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest_of(path: Path) -> str | None:
    try:
        return _digest(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(error: OSError) -> PgtenantError:
    where = f"{error.filename2 or error.filename} " if error.filename else ""
    return PgtenantError(
        f"{where}can't be written: {error.strerror or error}",
        hint="no file is different; run the same command again",
    )
