"""Do the CSV and its journal tell the same? Pure.

The journal is written first, so a run that was killed between the two writes leaves rows that
only the journal has: in order for a run that has no end. Everything else that one of them has
alone was edited, removed or inserted. The order is not compared: several runs write side by side.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pgtenant.audit.chain import Kind, Link
from pgtenant.audit.export import values
from pgtenant.audit.record import COLUMNS
from pgtenant.audit.rows import HEADER, render_values, repair
from pgtenant.audit.runs import runs_of, unfinished
from pgtenant.audit.verify import Misfit, Why

if TYPE_CHECKING:
    from collections.abc import Sequence

Cells = tuple[str, ...]
_RUN: Final = COLUMNS.index("run_id")
_MOST_MENDING: Final = len(repair('"'))


@dataclass(slots=True)
class _Outstanding:
    """The journal's rows that were not yet met in the CSV, by their cells."""

    links: dict[Cells, list[Link]] = field(default_factory=dict)

    def add(self, link: Link) -> None:
        cells = _cells(_line(link))
        self.links.setdefault(cells or (), []).append(link)

    def take(self, cells: Cells | None) -> bool:
        found = self.links.get(cells) if cells is not None else None
        if cells is None or not found:
            return False
        found.pop(0)
        if not found:
            del self.links[cells]
        return True

    def take_torn(self, row: str) -> bool:
        """Take the record that a row was, before a crash cut it off and the next run mended it."""
        for cells, links in self.links.items():
            if _is_part(row, _line(links[0])):
                return self.take(cells)
        return False

    def rest(self) -> list[Link]:
        return sorted((link for found in self.links.values() for link in found), key=_seq)


def crosscheck(links: Sequence[Link], text: str) -> tuple[Misfit | None, tuple[str, ...]]:
    """Compare a journal with the CSV beside it.

    Args:
        links: the journal, verified.
        text: the CSV; rows from before the journal was begun are left alone.

    Returns:
        The CSV's first misfit (its `line` is the CSV's, or 0 for a row that is missing), and
        notes.
    """
    compared = _compare(links, text)
    if compared is None:
        return Misfit(1, 0, Why.EDITED, "the first line is not the header"), ()
    notes = [f"the CSV begins with {compared.older} rows from before this journal"] * bool(
        compared.older
    )
    notes += [f"CSV line {line} is only a part: a run was cut off there" for line in compared.parts]
    if compared.alone is not None:
        number, cells = compared.alone
        return _misfit(number, cells, compared.outstanding), tuple(notes)
    return _missing(links, compared.outstanding, notes), tuple(notes)


def absent(links: Sequence[Link], text: str) -> list[Link]:
    """Return the journal's rows that the CSV lacks, in their order; all when it is no CSV.

    Args:
        links: the journal, verified.
        text: the CSV.
    """
    compared = _compare(links, text)
    outstanding = compared.outstanding if compared is not None else _outstanding(links)
    return outstanding.rest()


@dataclass(slots=True)
class _Compared:
    """What was found.

    Attributes:
        outstanding: what only the journal has.
        older: how many rows are from before the journal.
        parts: the lines of rows that a crash cut off.
        alone: the line and the cells of the first row that only the CSV has.
    """

    outstanding: _Outstanding
    older: int = 0
    parts: list[int] = field(default_factory=list)
    alone: tuple[int, Cells | None] | None = None


def _compare(links: Sequence[Link], text: str) -> _Compared | None:
    """Compare the rows; None when the first line is not the header."""
    outstanding = _outstanding(links)
    found = _Compared(outstanding)
    runs = {link.text("run_id") for link in links}
    first, *rows = text.removeprefix("\ufeff").split("\n")
    if not _is_header(first.removesuffix("\r"), cut_off=not rows):
        return None
    alone: list[tuple[int, str, Cells | None]] = []
    begun = False
    for number, raw in enumerate(rows, start=2):
        row = raw.removesuffix("\r")
        cells = _cells(row)
        if outstanding.take(cells):
            begun = True
        elif row and not begun and cells and len(cells) > _RUN and cells[_RUN] not in runs:
            found.older += 1
        elif row:
            alone.append((number, row, cells))
    for number, row, cells in alone:
        if not outstanding.take_torn(row):
            found.alone = number, cells
            break
        found.parts.append(number)
    return found


def _outstanding(links: Sequence[Link]) -> _Outstanding:
    outstanding = _Outstanding()
    for link in links:
        if link.text("kind") == Kind.RECORD:
            outstanding.add(link)
    return outstanding


def _is_header(first: str, *, cut_off: bool) -> bool:
    header = HEADER.rstrip("\n")
    return first == header or (cut_off and header.startswith(first))


def _misfit(number: int, cells: Cells | None, outstanding: _Outstanding) -> Misfit:
    run = cells[_RUN] if cells and len(cells) > _RUN else ""
    likely = [link for links in outstanding.links.values() for link in links]
    likely = [link for link in likely if link.text("run_id") == run] or likely
    if likely:
        seq = likely[0].seq
        return Misfit(number, seq, Why.EDITED, f"the journal's record with seq {seq} is another")
    return Misfit(number, 0, Why.INSERTED, "the journal has no such record")


def _missing(links: Sequence[Link], outstanding: _Outstanding, notes: list[str]) -> Misfit | None:
    """Judge what only the journal has: by run, and by what the run itself said at its end."""
    run_of = {link.seq: run for run, own in runs_of(links).items() for link in own}
    excused = Counter(
        {
            run_of[link.seq]: count
            for link in links
            if link.text("kind") == Kind.RUN_FINISHED
            and type(count := link.members.get("csv_missing")) is int
        }
    )
    killed = unfinished(links)
    rest = outstanding.rest()
    names = {run_of[link.seq]: link.text("run_id") for link in rest}
    lacking = Counter(run_of[link.seq] for link in rest)
    for link in rest:
        run = run_of[link.seq]
        if run not in killed and lacking[run] > excused[run]:
            return Misfit(0, link.seq, Why.REMOVED, "the CSV lacks this record")
    notes += [
        f"the CSV lacks the last {count} records of run {names[run]}, which could not be written or"
        " was killed in between; `pgtenant audit export --format csv` has them"
        for run, count in lacking.items()
    ]
    return None


def _is_part(row: str, whole: str) -> bool:
    least = max(0, len(row) - _MOST_MENDING)
    if not row.startswith(whole[:least]):
        return False
    return any(
        row == (whole[:n] + repair(whole[:n]))[:-1]
        for n in range(least, min(len(row), len(whole)) + 1)
    )


def _line(link: Link) -> str:
    return render_values([values(link.members)])


def _cells(row: str) -> Cells | None:
    try:
        return tuple(next(csv.reader([row]), ()))
    except csv.Error:
        return None


def _seq(link: Link) -> int:
    return link.seq
