"""One run's audit records: stamped, written to disk, logged, kept for the report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pgtenant.audit.chain import FORMAT, Kind
from pgtenant.audit.record import Action, Record, Status, stamp
from pgtenant.audit.trail import AuditTrail, Detail
from pgtenant.logs import log_records


@dataclass(frozen=True, slots=True)
class Row:
    """What one record says, without what all records of a run share.

    Attributes:
        duration: seconds.
        entry: the catalog entry's key.
        sql: the statements, as the plan shows them; never holds a secret.
    """

    database: str
    username: str
    action: Action
    status: Status
    message: str
    duration: float = 0.0
    entry: str = ""
    sql: tuple[str, ...] = ()


@dataclass(slots=True)
class Recorder:
    """Writes records before it returns, so that no change goes ahead of its own record.

    Attributes:
        audit: the CSV file and its journal.
        clock: the present moment, with a timezone.
        who: who runs what, for the journal.
        records: everything written so far.
    """

    environment: str
    build_id: str
    run_id: str
    audit: AuditTrail
    clock: Callable[[], datetime]
    who: Mapping[str, object] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)

    async def write(self, rows: Sequence[Row]) -> None:
        """Append rows to the audit file, wait until they are on disk, then log them.

        Raises:
            AuditError: they could not be written.
        """
        if not rows:
            return
        now = stamp(self.clock())
        records = [
            Record(
                timestamp_utc=now,
                environment=self.environment,
                build_id=self.build_id,
                run_id=self.run_id,
                database=row.database,
                username=row.username,
                action=row.action,
                status=row.status,
                duration_ms=round(row.duration * 1000),
                message=row.message,
            )
            for row in rows
        ]
        details = [Detail(row.entry, row.sql) for row in rows]
        await asyncio.to_thread(self.audit.append, records, details)
        self.records += records
        log_records(records)

    async def start(self, facts: Mapping[str, object]) -> None:
        """Open the run in the journal, before its first record.

        Args:
            facts: what the run is about: digests, the server.

        Raises:
            AuditError: it could not be written.
        """
        members = {**self._shared(Kind.RUN_STARTED), "format": FORMAT, **self.who, **facts}
        await asyncio.to_thread(self.audit.mark, members)

    def finish(self, exit_code: int) -> None:
        """Close the run in the journal, if it was opened.

        Raises:
            AuditError: it could not be written.
        """
        if self.audit.links:
            end = {"exit_code": int(exit_code), "csv_missing": self.audit.csv_missing}
            self.audit.mark({**self._shared(Kind.RUN_FINISHED), **end})

    def _shared(self, kind: Kind) -> dict[str, object]:
        return {
            "kind": str(kind),
            "timestamp_utc": stamp(self.clock()),
            "environment": self.environment,
            "build_id": self.build_id,
            "run_id": self.run_id,
        }
