"""Lays files out in a directory, and never over anything."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgtenant.platform.layout import LaidOut

_NOT_OURS_TO_MIND: Final = frozenset({".git"})
# What a file is called until it is whole; one that is left is of a run that was killed.
_TEMPORARY: Final = ".pgtenant-init."


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a directory has of a layout.

    Attributes:
        equal: the files that are there as they should be.
        missing: the files that are not there.
        different: paths of what is there and is something else, with what it is.
        foreign: names in the directory that the layout does not have.
    """

    equal: tuple[LaidOut, ...]
    missing: tuple[LaidOut, ...]
    different: tuple[tuple[str, str], ...]
    foreign: tuple[str, ...]


def compare(root: Path, wanted: Sequence[LaidOut]) -> Comparison:
    """Compare a directory, which need not exist, with a layout.

    Raises:
        PgtenantError: it can't be read.
    """
    equal: list[LaidOut] = []
    missing: list[LaidOut] = []
    different: list[tuple[str, str]] = []
    try:
        for file in wanted:
            match _difference(root, file):
                case None:
                    missing.append(file)
                case "":
                    equal.append(file)
                case reason:
                    different.append((str(file.path), reason))
        ours = {file.path.parts[0] for file in wanted} | _NOT_OURS_TO_MIND
        there = sorted(item.name for item in root.iterdir()) if root.exists() else []
    except OSError as error:
        raise _failed(root, "read", error) from None
    return Comparison(
        equal=tuple(equal),
        missing=tuple(missing),
        different=tuple(different),
        foreign=tuple(n for n in there if n not in ours and not n.startswith(_TEMPORARY)),
    )


def clear(root: Path, wanted: Sequence[LaidOut]) -> None:
    """Delete what a killed run left half-written.

    Raises:
        PgtenantError: it can't be deleted.
    """
    for directory in {root / file.path.parent for file in wanted}:
        for left in directory.glob(f"{_TEMPORARY}*"):
            try:
                left.unlink()
            except OSError as error:
                raise _failed(left, "deleted", error) from None


def write(root: Path, wanted: Sequence[LaidOut]) -> None:
    """Write files that are not there; each is there whole or not at all.

    Raises:
        PgtenantError: one could not be written, or has come to be there in the meantime.
    """
    for file in wanted:
        target = root / file.path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(target, file)
        except OSError as error:
            raise _failed(target, "written", error) from None


def _difference(root: Path, file: LaidOut) -> str | None:
    """Say what is different about a file: nothing (empty), or None when nothing is there."""
    for directory in reversed(file.path.parents[:-1]):
        here = root / directory
        if not os.path.lexists(here):
            return None
        # Through a link the file would land somewhere else.
        if not stat.S_ISDIR(here.lstat().st_mode):
            return f"{directory} is no directory"
    target = root / file.path
    return _difference_of_file(target, file) if os.path.lexists(target) else None


def _difference_of_file(target: Path, file: LaidOut) -> str:
    mode = target.lstat().st_mode
    if not stat.S_ISREG(mode):
        return "is no plain file"
    if target.read_bytes() != file.content:
        return "differs"
    return "" if bool(mode & stat.S_IXUSR) == file.executable else "has another mode"


def _write(target: Path, file: LaidOut) -> None:
    descriptor, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(file.content)
            os.fchmod(stream.fileno(), (0o777 if file.executable else 0o666) & ~_umask())
            stream.flush()
            os.fsync(stream.fileno())
        _put(temporary, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def _put(temporary: Path, target: Path) -> None:
    """Give a file its name, where nothing has it."""
    try:
        os.link(temporary, target)  # unlike a rename, it fails where something is
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise
        temporary.rename(target)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _failed(path: Path, what: str, error: OSError) -> PgtenantError:
    return PgtenantError(
        f"{path} can't be {what}: {error.strerror or error}",
        hint="what is laid out already stays; run the same command again for the rest",
        code=Code.UNWRITABLE_FILE,
    )
