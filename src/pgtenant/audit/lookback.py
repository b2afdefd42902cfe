"""Read a journal from its end, as far as earlier runs of one place can still be unsettled.

Usually that is the last run of the place: it says in its end that nothing was open before it, and
what it left open itself. The chain is not verified here; `pgtenant audit verify` does that.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from pgtenant.audit.chain import Kind
from pgtenant.audit.history import (
    PastRun,
    Place,
    is_checkpoint,
    place_of,
    replay,
    started_in,
    unsettled_in,
)
from pgtenant.audit.intent import Members, number, text
from pgtenant.codes import Code
from pgtenant.errors import AuditError

FARTHEST: Final = 128 << 20
"""How many bytes are read at most; a run of 10,000 databases takes half of it."""

_BLOCK: Final = 1 << 16
_ANY: Final = 1 << 62
"""More records than there will ever be."""
_KINDS: Final = frozenset(map(str, Kind)) - {str(Kind.TORN)}
_HEAVY: Final = frozenset({"sql", "message"})


@dataclass(frozen=True, slots=True)
class Lost:
    """A run that is unsettled, and of which the journal could not be read far enough back."""

    seq: int
    run_id: str


@dataclass(frozen=True, slots=True)
class History:
    """What is to be settled.

    Attributes:
        runs: runs of the place with a plan, oldest first; whether one is open it says itself.
        lost: runs out of reach.
        complete: False when the journal goes on beyond what was read, and no run of this place
            said what is open there.
    """

    runs: tuple[PastRun, ...] = ()
    lost: tuple[Lost, ...] = ()
    complete: bool = True


def look_back(path: Path, place: Place, *, most: int = FARTHEST) -> History:
    """Read what earlier runs of a place left open.

    Args:
        path: the journal; what is torn at its end, or no record at all, is passed over.
        place: where.
        most: how many bytes to read.

    Raises:
        AuditError: it can't be read.
    """
    try:
        with path.open("rb") as file:
            return _read(file, place, most)
    except FileNotFoundError:
        return History()
    except OSError as error:
        raise AuditError(
            f"the journal {path} can't be read: {error.strerror}",
            hint="no change is made before it is known what earlier runs left open; mend the path",
            code=Code.AUDIT_UNWRITTEN,
        ) from None


def _read(file: IO[bytes], place: Place, most: int) -> History:
    size = file.seek(0, os.SEEK_END)
    found: list[Members] = []
    needed: dict[int, str] | None = None  # None until a checkpoint says which
    # The run that wrote it, and of which alone it knows what came after: empty when that was met.
    own, started = "", 0
    for line in _backwards(file, size, max(0, size - most)):
        members = _members(line)
        if members is None:
            continue
        if text(members, "environment") == place.environment:
            found.append(members)
            kind, run_id = text(members, "kind"), text(members, "run_id")
            seq = number(members, "seq")
            if needed is None and is_checkpoint(members) and place_of(members) == place:
                needed = {left: name for left, name, _ in unsettled_in(members)}
                own, started = run_id, started_in(members)
            if kind == Kind.RUN_STARTED and run_id == own and started in {0, seq}:
                own = ""
        if needed is not None and not own and number(members, "seq") <= min(needed, default=_ANY):
            break
    runs = tuple(run for run in replay(reversed(found)) if run.place == place and run.planned)
    there = {run.seq for run in runs}
    lost = [Lost(seq, run_id) for seq, run_id in (needed or {}).items() if seq not in there]
    return History(runs, tuple(lost), complete=needed is not None or size <= most)


def _backwards(file: IO[bytes], end: int, stop: int) -> Iterator[bytes]:
    """Yield the whole lines between two places of a file, the last one first."""
    pieces: list[bytes] = []  # of the line whose beginning was not yet met, the last one first
    whole = False  # behind the last line break stands what a crash cut off, or nothing
    while end > stop:
        start = max(stop, end - _BLOCK)
        file.seek(start)
        first, *lines = file.read(end - start).split(b"\n")
        end = start
        if lines:
            if whole:
                yield b"".join([lines[-1], *reversed(pieces)])
            yield from reversed(lines[:-1])
            pieces, whole = [], True
        pieces.append(first)
    if whole and end == 0:
        yield b"".join(reversed(pieces))


def _members(line: bytes) -> dict[str, Any] | None:
    """Read a line, without what is not needed here; None when it is no record."""
    try:
        members = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, dict) or text(members, "kind") not in _KINDS:
        return None
    return {name: value for name, value in members.items() if name not in _HEAVY}
