"""The CSV and the journal beside it, written as one: the journal first."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pgtenant.audit.chain import Kind
from pgtenant.audit.csvfile import CsvAudit, open_csv
from pgtenant.audit.journal import JournalFile, journal_path, open_journal
from pgtenant.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from pgtenant.audit.chain import Link, Members
    from pgtenant.audit.record import Record


@dataclass(frozen=True, slots=True)
class Detail:
    """What a record has to say that the CSV has no room for.

    Attributes:
        entry: the catalog entry's key.
        sql: the statements, as the plan shows them.
    """

    entry: str = ""
    sql: tuple[str, ...] = ()


class AuditTrail:
    """Both files of one run. Safe for threads.

    A record is in the journal before it is in the CSV: what the CSV has alone was never written
    by a run. `csv_missing` counts what the CSV could not take.
    """

    def __init__(self, csv: CsvAudit, journal: JournalFile) -> None:
        self.csv = csv
        self.journal = journal
        self.links: list[Link] = []
        self.csv_missing = 0
        self._mutex = threading.Lock()  # keeps `links` in the chain's order

    def append(self, records: Sequence[Record], details: Sequence[Detail]) -> None:
        """Write records to both, and wait until they are on disk.

        Raises:
            AuditError: they could not be written to both.
        """
        members = [
            {
                "kind": str(Kind.RECORD),
                **record.as_dict(),
                "entry": detail.entry,
                "sql": list(detail.sql),
            }
            for record, detail in zip(records, details, strict=True)
        ]
        with self._mutex:
            self.links += self.journal.append(members)
            try:
                self.csv.append(records)
            except AuditError:
                self.csv_missing += len(records)
                raise

    def mark(self, members: Members) -> None:
        """Write a record about the run itself, to the journal only.

        Raises:
            AuditError: it could not be written.
        """
        with self._mutex:
            self.links += self.journal.append([members])

    def close(self) -> None:
        """Close both."""
        self.csv.close()
        self.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_trail(path: Path) -> AuditTrail:
    """Open an audit file and its journal for appending, before anything is changed.

    Args:
        path: the CSV.

    Raises:
        AuditError: one of them can't be made or written, or is something else.
    """
    csv = open_csv(path)
    try:
        return AuditTrail(csv, open_journal(journal_path(path)))
    except AuditError:
        csv.close()
        raise
