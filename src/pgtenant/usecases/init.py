"""`pgtenant init`: lay out a platform repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.platform.directory import Comparison, clear, compare, write
from pgtenant.platform.layout import layout
from pgtenant.platform.options import check_options

_MOST_SHOWN = 25


@dataclass(frozen=True, slots=True)
class Initialized:
    """What an init did.

    Attributes:
        written: how many files.
        kept: how many were there already, with the same content.
    """

    written: int
    kept: int


def init(root: Path, given: Mapping[str, str | None]) -> Initialized:
    """Lay out what is missing, where nothing else is.

    Args:
        root: the directory; made when it is not there.
        given: the options that the user chose, by name.

    Raises:
        UsageError: a bad option, or something is there that an init did not make; nothing is
            written.
        PgtenantError: the directory can't be read or written.
    """
    wanted = layout(check_options(given))
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is not a directory", code=Code.OCCUPIED)
    found = compare(root, wanted)
    _refuse(root, found)
    clear(root, wanted)
    write(root, found.missing)
    return Initialized(written=len(found.missing), kept=len(found.equal))


def _refuse(root: Path, found: Comparison) -> None:
    if found.different:
        lines = [f"  {path}: {reason}" for path, reason in found.different]
        raise UsageError(
            f"{root} has {len(found.different)} file(s) that are not what init writes:\n"
            + _shown(lines),
            hint="init overwrites nothing: lay out another directory and compare, or move these",
            code=Code.OCCUPIED,
        )
    # Where nothing is missing, what else is there is the work of those who use it.
    if found.missing and found.foreign:
        lines = [f"  {name!r}" for name in found.foreign]
        raise UsageError(
            f"{root} is not empty, and init did not make all of it:\n" + _shown(lines),
            hint="name a new directory, or an empty one",
            code=Code.OCCUPIED,
        )


def _shown(lines: list[str]) -> str:
    more = len(lines) - _MOST_SHOWN
    return "\n".join([*lines[:_MOST_SHOWN], *([f"  and {more} more"] if more > 0 else [])])
