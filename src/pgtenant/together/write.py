"""Stages files, decides, and renames them into place."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError
from pgtenant.together.journal import (
    JOURNAL,
    STAGING,
    Step,
    digest,
    digest_of,
    make,
    new,
    old,
    publish,
    publish_undo,
    sync,
    write_new,
)


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


def write(root: Path, changes: Sequence[Change]) -> None:
    """Write files, under the lock of `alone`.

    Raises:
        PgtenantError: it is not possible; then no file is different, or it says so.
    """
    staging = root / STAGING
    try:
        make(staging)
        steps = [_stage(root, staging, number, one) for number, one in enumerate(changes)]
        publish(staging, steps)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise _failed(error, taken_back=True) from None
    try:
        rename(root, staging, steps)
    except OSError as error:
        raise _failed(error, taken_back=_taken_back(root, staging, steps)) from None
    _sweep(staging)


def rename(root: Path, staging: Path, steps: Sequence[Step]) -> None:
    """Put every file that is still staged into its place.

    Raises:
        OSError: one can't be.
    """
    for number, step in enumerate(steps):
        target = root / step.path
        if new(staging, number).exists():
            make(target.parent)
            new(staging, number).replace(target)
            sync(target.parent)


def put_back(root: Path, staging: Path, steps: Sequence[Step]) -> None:
    """Put every file back that is different by now.

    Raises:
        OSError: one can't be.
    """
    for number, step in enumerate(steps):
        target = root / step.path
        if step.before is not None and old(staging, number).exists():
            old(staging, number).replace(target)
        elif step.before is None and digest_of(target) == step.after:
            target.unlink()
        else:
            continue
        sync(target.parent)


def _stage(root: Path, staging: Path, number: int, change: Change) -> Step:
    target = change.path.resolve()
    there = next(one for one in target.parents if one.exists())
    if there.stat().st_dev != staging.stat().st_dev:
        raise OSError(0, f"it is on another file system than {root}", str(change.path))
    write_new(new(staging, number), change.after, like=target)
    if change.before is not None:
        write_new(old(staging, number), change.before, like=target)
    return Step(
        path=os.path.relpath(target, root.resolve()),
        before=None if change.before is None else digest(change.before),
        after=digest(change.after),
    )


def _taken_back(root: Path, staging: Path, steps: Sequence[Step]) -> bool:
    """Put back what was renamed already; tell whether that went well.

    What did not go well is left to whoever comes next.
    """
    try:
        publish_undo(staging)
        put_back(root, staging, steps)
    except OSError:
        return False
    _sweep(staging)
    return True


def _sweep(staging: Path) -> None:
    # The journal first: without it, what a failure leaves here means nothing.
    with contextlib.suppress(OSError):
        (staging / JOURNAL).unlink()
    shutil.rmtree(staging, ignore_errors=True)


def _failed(error: OSError, *, taken_back: bool) -> PgtenantError:
    where = f"{error.filename2 or error.filename} " if error.filename else ""
    return PgtenantError(
        f"{where}can't be written: {error.strerror or error}",
        hint="no file is different; run the same command again"
        if taken_back
        else "some of the files may be different: mend what it says and run the same command again,"
        " which first brings them to one state",
        code=Code.UNWRITABLE_FILE,
    )
