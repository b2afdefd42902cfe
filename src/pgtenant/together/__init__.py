"""Several files, written together or not at all, by one process at a time.

The new contents are staged beside a journal that names their places. Once the journal is there, the
change is decided: each file is renamed into place, and then the journal goes. Whoever comes after a
process that died in between finds the journal and finishes, or finds none and sweeps the rest away.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError
from pgtenant.together.journal import STAGING, is_half_done
from pgtenant.together.settle import settle
from pgtenant.together.write import Change, write

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["STAGING", "Change", "alone", "is_half_done", "write"]

_PATIENCE: Final = 60.0  # seconds; whoever holds the lock parses and writes a few files
_POLL: Final = 0.02


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keep other processes from writing below a directory; first finish what one has left.

    Raises:
        PgtenantError: another one does not come to an end, or what one has left can't be finished.
    """
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise PgtenantError(
            f"{root} can't be opened: {error.strerror}", code=Code.UNWRITABLE_FILE
        ) from None
    try:
        _lock(root, descriptor)
        settle(root)
        yield
    finally:
        os.close(descriptor)  # which unlocks it


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
                    code=Code.REQUEST_CONFLICT,
                ) from None
            time.sleep(_POLL)
        except OSError as error:
            raise PgtenantError(
                f"{root} can't be locked: {error.strerror}", code=Code.UNWRITABLE_FILE
            ) from None
        else:
            return
