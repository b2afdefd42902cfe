"""The audit file: appended under a lock, on disk before the call returns."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

from pgtenant.audit.lockfile import LockedFile
from pgtenant.audit.rows import HEADER, render_rows, render_values, repair
from pgtenant.codes import Code
from pgtenant.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pgtenant.audit.record import Record

_BLOCK: Final = 1 << 12
_LONGEST_LINE: Final = 1 << 20


class CsvAudit(LockedFile):
    """An open audit file. Safe for threads and for several processes; blocks while it waits.

    Every `append` leaves the file as whole lines: what a crash cut off before is completed,
    and what can't be written is taken back.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, what="audit file")

    def append(self, records: Sequence[Record]) -> None:
        """Write records, in one piece, and wait until they are on disk.

        Raises:
            AuditError: they could not be written; the file is as it was before.
        """
        data = render_rows(records)
        if data:
            self._append(data)

    def append_values(self, rows: Iterable[Iterable[str | int]]) -> None:
        """Write rows that are given by their values, in the columns' order, like `append`.

        Raises:
            AuditError: they could not be written; the file is as it was before.
        """
        data = render_values(rows)
        if data:
            self._append(data)

    def prepare(self) -> None:
        """Make the file and its directories when they are missing, and check its header.

        Raises:
            AuditError: it can't be made or written, or it is something else.
        """
        self._append("")

    def _append(self, data: str) -> None:
        """Append, after whatever the file needs to be whole lines below a header."""
        with self.locked() as found:
            size, before = self._mend(found)
            self.extend(size, (before + data).encode())

    def _mend(self, size: int) -> tuple[int, str]:
        """Return where to go on writing, and what has to come before the next record."""
        head = self.read(4 * len(HEADER), 0).decode(errors="replace")
        first, end, _ = head.removeprefix("\ufeff").partition("\n")
        if not end and HEADER.startswith(first):  # new, or cut off within the header
            return size, HEADER.removeprefix(first)
        if first.removesuffix("\r") != HEADER.rstrip("\n"):
            raise AuditError(
                f"{self.path} is not an audit file: its first line is not the header",
                hint=f"move it away, or choose another path; the header is {HEADER.rstrip()}",
                code=Code.NOT_AN_AUDIT,
            )
        torn = self._torn(size)
        if not torn:
            return size, ""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        text = decoder.decode(torn)
        # Half a character can't be completed, and would make the file unreadable as UTF-8.
        half = len(decoder.getstate()[0])
        if half:
            self.cut(size - half)
        return size - half, repair(text)

    def _torn(self, size: int) -> bytes:
        """Return what stands behind the last line break: as a rule nothing."""
        for length in (_BLOCK, _LONGEST_LINE):
            _, end, torn = self.read(length, max(0, size - length)).rpartition(b"\n")
            if end:
                break
        return torn


def open_csv(path: Path) -> CsvAudit:
    """Open an audit file for appending, before anything is changed.

    Args:
        path: the file; it is made with its directories when it is missing.

    Raises:
        AuditError: it can't be made or written, or it is something else.
    """
    audit = CsvAudit(path)
    audit.prepare()
    return audit
