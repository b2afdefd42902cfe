"""What is staged: the contents, and the journal that says where they belong."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

STAGING: Final = ".pgtenant-request"
JOURNAL: Final = "journal.json"
_UNDO: Final = "undo.json"


@dataclass(frozen=True, slots=True)
class Step:
    """A file that is written.

    Attributes:
        path: relative to the project's directory.
        before: the digest of what it held; None when it was not there.
        after: the digest of what it is to hold.
    """

    path: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Journal:
    """What was decided.

    Attributes:
        undo: whether all files are to be as they were.
    """

    undo: bool
    steps: tuple[Step, ...]


def new(staging: Path, number: int) -> Path:
    """Return where the new content of a step is."""
    return staging / f"new-{number}"


def old(staging: Path, number: int) -> Path:
    """Return where the content of a step's file before it is."""
    return staging / f"old-{number}"


def publish(staging: Path, steps: Sequence[Step]) -> None:
    """Write the journal, and beside it the one that takes everything back.

    Raises:
        OSError: it can't be written.
    """
    # Both now: by the time that a rename has failed, the disk may be full.
    for name, undo in ((_UNDO, True), (f"{JOURNAL}.new", False)):
        members = {"undo": undo, "steps": [asdict(step) for step in steps]}
        write_new(staging / name, json.dumps(members, indent=2).encode())
    (staging / f"{JOURNAL}.new").replace(staging / JOURNAL)
    sync(staging)


def publish_undo(staging: Path) -> None:
    """Decide that everything is taken back.

    Raises:
        OSError: it can't be renamed.
    """
    (staging / _UNDO).replace(staging / JOURNAL)
    sync(staging)


def read(staging: Path) -> Journal | None:
    """Return the journal; None when nothing was decided.

    Raises:
        OSError: it can't be read.
        ValueError: it is none of ours.
    """
    path = staging / JOURNAL
    if not os.path.lexists(path):
        return None
    try:
        members = json.loads(path.read_bytes())
    except RecursionError:
        raise ValueError(f"{JOURNAL} is nested too deeply") from None
    match members:
        case {"undo": bool() as undo, "steps": list() as steps}:
            return Journal(undo, tuple(_step(one) for one in steps))
        case _:
            raise ValueError(f"{JOURNAL} is not what a request writes")


def is_half_done(root: Path) -> bool:
    """Tell whether a change was decided and not finished yet, perhaps by a process that died."""
    return os.path.lexists(root / STAGING / JOURNAL)


def _step(members: Any) -> Step:
    match members:
        case {"path": str() as path, "before": str() | None as before, "after": str() as after}:
            return Step(path, before, after)
        case _:
            raise ValueError(f"{JOURNAL} has a step that no request writes")


def write_new(path: Path, data: bytes, *, like: Path | None = None) -> None:
    """Write a file that is not there yet, and wait until it is on disk.

    Args:
        path: the file.
        data: what it holds.
        like: whose mode it gets, if that is there.
    """
    with path.open("xb") as file:
        if like is not None and like.exists():
            os.fchmod(file.fileno(), like.stat().st_mode & 0o7777)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def digest(data: bytes) -> str:
    """Return what tells contents apart."""
    return hashlib.sha256(data).hexdigest()


def digest_of(path: Path) -> str | None:
    """Return the digest of a file's content; None when it is not there."""
    try:
        return digest(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def make(directory: Path) -> None:
    """Make a directory and those around it, and wait until they are on disk."""
    if directory.exists():
        return
    make(directory.parent)
    directory.mkdir(exist_ok=True)
    sync(directory.parent)


def sync(directory: Path) -> None:
    """Wait until what was made, renamed or removed in a directory is on disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
