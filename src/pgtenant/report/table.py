"""Tables of plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgtenant.report.document import Line, Style, line


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[Style] = ()
) -> Iterator[Line]:
    """Yield a head and its rows, the columns as wide as they have to be.

    Args:
        head: the columns' names.
        rows: their cells, already safe.
        styles: one for each row; empty for none.
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row, style in zip(
        (head, *rows), (Style.FAINT, *(styles or [Style.NORMAL] * len(rows))), strict=True
    ):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield line("  ".join(cells).rstrip(), style)
