"""What the command line asks of a retirement."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of the command.

    Attributes:
        stage: `disable` or `drop`.
        grace: seconds.
        undo: whether a disabled entry comes back.
        dump_to: the directory that a dump goes to, or None for no dump.
        allow_owned: whether what its roles own in other databases may go.
        allow_foreign: whether what others own in its database may go.
        dry_run: everything but the last call.
        confirm: the name of what is dropped, or None when nobody has said it yet.
    """

    key: str
    stage: str
    undo: bool
    grace: float
    dump_to: Path | None
    confirm: str | None
    allow_owned: bool
    allow_foreign: bool
    dry_run: bool
