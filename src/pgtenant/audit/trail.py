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
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from pgtenant.audit.chain import Link, Members
    from pgtenant.audit.record import Record

    Echo: TypeAlias = Callable[[Sequence[Link]], None]


@dataclass(frozen=True, slots=True)
class Detail:
    """What a record has to say that the CSV has no room for.

    Attributes:
        entry: the catalog entry's key.
        sql: the statements, as the plan shows them.
        changes: the ids of the planned changes that it is about.
        in_doubt: nobody knows whether they were made: the connection was lost.
        settles: what it says in place of an earlier run that could not: `run_id`, `seq` and
            `changes`.
    """

    entry: str = ""
    sql: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    in_doubt: bool = False
    settles: Members | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON, without what is seldom there."""
        members: dict[str, object] = {"entry": self.entry, "sql": list(self.sql)}
        if self.changes:
            members["changes"] = list(self.changes)
        if self.in_doubt:
            members["in_doubt"] = True
        if self.settles is not None:
            members["settles"] = self.settles
        return members


class AuditTrail:
    """Both files of one run. Safe for threads.

    A record is in the journal before it is in the CSV: what the CSV has alone was never written
    by a run. `csv_missing` counts what the CSV could not take.

    Args:
        csv: the one.
        journal: the other.
        echo: told of the journal's records once they are on disk.
    """

    def __init__(self, csv: CsvAudit, journal: JournalFile, echo: Echo | None = None) -> None:
        self.csv = csv
        self.journal = journal
        self._echo = echo
        self.links: list[Link] = []
        self.csv_missing = 0
        self._mutex = threading.Lock()  # keeps `links` in the chain's order

    def append(
        self,
        records: Sequence[Record],
        details: Sequence[Detail],
        *,
        before: Sequence[Members] = (),
        after: Sequence[Members] = (),
    ) -> None:
        """Write records to both, and wait until they are on disk.

        Args:
            records: for both files.
            details: one for each record.
            before: what only the journal gets, in the same piece.
            after: the same, behind the records.

        Raises:
            AuditError: they could not be written to both.
        """
        members = [
            {"kind": str(Kind.RECORD), **record.as_dict(), **detail.as_dict()}
            for record, detail in zip(records, details, strict=True)
        ]
        with self._mutex:
            written = self.journal.append([*before, *members, *after])
            self.links += written
            if self._echo is not None:
                self._echo(written)
            try:
                if records:
                    self.csv.append(records)
            except AuditError:
                self.csv_missing += len(records)
                raise

    def mark(self, *members: Members) -> None:
        """Write records about the run itself, to the journal only.

        Raises:
            AuditError: they could not be written.
        """
        self.append((), (), before=members)

    def close(self) -> None:
        """Close both."""
        self.csv.close()
        self.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_trail(path: Path, *, echo: Echo | None = None) -> AuditTrail:
    """Open an audit file and its journal for appending, before anything is changed.

    Args:
        path: the CSV.
        echo: see `AuditTrail`.

    Raises:
        AuditError: one of them can't be made or written, or is something else.
    """
    csv = open_csv(path)
    try:
        return AuditTrail(csv, open_journal(journal_path(path)), echo)
    except AuditError:
        csv.close()
        raise
