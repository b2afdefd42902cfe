"""Tables of plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

from pgtenant.report.document import EMPTY, Line, Style, line

_GAP: Final = 2


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    styles: Sequence[Style] = (),
    *,
    columns: int | None = None,
) -> Iterator[Line]:
    """Yield a head and its rows, the columns as wide as they have to be.

    Args:
        head: the columns' names.
        rows: their cells, already safe.
        styles: one for each row; empty for none.
        columns: of the terminal. What is too wide for it gets cells of several lines, or where
            their words are too long a line for each cell, as psql's expanded form has it. None
            where a row stays one line, for programs to search.
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    styled = list(zip(rows, styles or [Style.NORMAL] * len(rows), strict=True))
    fitting = widths if columns is None or not rows else _narrowed((head, *rows), widths, columns)
    if fitting is None:
        yield from _upright(head, styled)
        return
    for row, style in ((head, Style.FAINT), *styled):
        cells = (_wrapped(cell, width) for cell, width in zip(row, fitting, strict=True))
        for pieces in zip_longest(*cells, fillvalue=""):
            padded = (piece.ljust(width) for piece, width in zip(pieces, fitting, strict=True))
            yield line((" " * _GAP).join(padded).rstrip(), style)


def _narrowed(
    rows: Sequence[Sequence[str]], widths: Sequence[int], columns: int
) -> list[int] | None:
    """Return widths that fit and break no word, or None."""
    least = [
        max(len(word) for cell in column for word in cell.split() or [""])
        for column in zip(*rows, strict=True)
    ]
    found = list(widths)
    room = columns - _GAP * (len(found) - 1)
    while sum(found) > room:
        spare = [width - at_least for width, at_least in zip(found, least, strict=True)]
        widest = spare.index(max(spare))
        if not spare[widest]:
            return None
        found[widest] -= 1
    return found


def _wrapped(cell: str, width: int) -> list[str]:
    if len(cell) <= width:
        return [cell]
    return textwrap.wrap(cell, width, break_long_words=False, break_on_hyphens=False)


def _upright(head: Sequence[str], rows: Sequence[tuple[Sequence[str], Style]]) -> Iterator[Line]:
    """Yield the cells of each row, one below the other; those that hold nothing are left out."""
    names = [name.ljust(max(map(len, head))) for name in head]
    for number, (row, style) in enumerate(rows):
        if number:
            yield EMPTY
        for name, cell in zip(names, row, strict=True):
            if cell:
                yield line(f"{name}{' ' * _GAP}{cell}", style)
