"""The journal's file: the chain of records, appended by several processes as one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from pgtenant.audit.chain import Kind, Link, parse, seal_all
from pgtenant.audit.lockfile import LockedFile
from pgtenant.codes import Code
from pgtenant.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pgtenant.audit.chain import Members

SUFFIX: Final = ".journal.jsonl"
_BLOCK: Final = 1 << 16
_SHARED: Final = ("timestamp_utc", "environment", "run_id")


def journal_path(csv: Path) -> Path:
    """Return the path of the journal beside an audit file."""
    return csv.with_name(csv.name.removesuffix(".csv") + SUFFIX)


class JournalFile(LockedFile):
    """An open journal. Safe for threads and for several processes; blocks while it waits."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, what="journal")
        self._written: tuple[int, Link] | None = None

    def close(self) -> None:
        """Close the file; whoever writes later opens it again, and finds its end anew."""
        self._written = None
        super().close()

    def prepare(self) -> None:
        """Make the file when it is missing, and check that it can be continued.

        Raises:
            AuditError: it can't be made or written, or its last line is no record.
        """
        with self.locked() as size:
            self._tail(size)

    def append(self, records: Sequence[Members]) -> tuple[Link, ...]:
        """Continue the chain, in one piece, and wait until it is on disk.

        What a crash has cut off at the file's end becomes a record of its own, which keeps it.

        Args:
            records: members of each record, without those of the chain.

        Returns:
            What was written.

        Raises:
            AuditError: they could not be written; the file is as it was before.
            TypeError: a value is nothing that JSON has, such as a `Secret`; nothing is written.
        """
        if not records:
            return ()
        with self.locked() as size:
            return self._continue(size, self._tail(size), records)

    def append_after(
        self,
        decide: Callable[[bytes, int], Sequence[Members]],
        then: Callable[[tuple[Link, ...]], None],
    ) -> tuple[Link, ...]:
        """Append what depends on what is there; no run writes in the meantime.

        Args:
            decide: gets the whole lines that are there, and the number of the next record;
                returns what to append, or nothing.
            then: called with what was written, or with nothing, before anybody else may write.

        Returns:
            What was written.

        Raises:
            AuditError: see `append`; and what the two functions raise.
        """
        with self.locked() as size:
            head, torn = tail = self._tail(size)
            seq = (head.seq if head else 0) + bool(torn) + 1
            records = decide(self._all(size - len(torn)), seq)
            written = self._continue(size, tail, records) if records else ()
            then(written)
        return written

    def _all(self, size: int) -> bytes:
        pieces: list[bytes] = []
        while size > 0 and (piece := self.read(size, sum(map(len, pieces)))):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _continue(
        self, size: int, tail: tuple[Link | None, bytes], records: Sequence[Members]
    ) -> tuple[Link, ...]:
        head, torn = tail
        links = (*seal_all((*_evidence(torn, records[0]), *records), head),)
        self._written = None
        data = b"".join(link.line for link in links)
        self._replace(size - len(torn), torn, data)
        self._written = size - len(torn) + len(data), links[-1]
        return links

    def _replace(self, size: int, torn: bytes, data: bytes) -> None:
        """Write `data` in place of what is torn; when that fails, put it back."""
        if torn:
            self.cut(size)
        try:
            self.extend(size, data)
        except OSError:
            with contextlib.suppress(OSError):  # the first error is the one to report
                self.extend(size, torn)
            raise

    def _tail(self, size: int) -> tuple[Link | None, bytes]:
        """Return the last whole record, None in an empty file, and what is torn behind it."""
        if self._written is not None and self._written[0] == size:
            return self._written[1], b""  # nobody else has written since
        tail, start = b"", size
        while start and tail.count(b"\n") < 2:
            length = min(_BLOCK, start)
            start -= length
            tail = self.read(length, start) + tail
        whole, end, torn = tail.rpartition(b"\n")
        if not end:
            if not torn or torn.startswith((b"{", b"\0")):
                return None, torn
        elif head := parse(whole.rpartition(b"\n")[2]):
            return head, torn
        raise AuditError(
            f"the journal {self.path} can't be continued: its last line is not a record of it",
            hint=f"look with `pgtenant audit verify {self.path}`; to begin a new journal, move it"
            " away together with its CSV",
            code=Code.BROKEN_JOURNAL,
        )


def open_journal(path: Path) -> JournalFile:
    """Open a journal for appending, before anything is changed.

    Raises:
        AuditError: it can't be made or written, or its last line is no record.
    """
    journal = JournalFile(path)
    journal.prepare()
    return journal


def _evidence(torn: bytes, finder: Members) -> list[dict[str, object]]:
    """Return the record that keeps a fragment; who found it has its moment and its run."""
    if not torn:
        return []
    shared = {name: finder[name] for name in _SHARED if name in finder}
    # Bytes that are no UTF-8 become lone surrogates, which JSON can write and `encode` undoes.
    fragment = torn.decode("utf-8", "surrogateescape")
    return [{**shared, "kind": str(Kind.TORN), "bytes": len(torn), "fragment": fragment}]
