"""One run's audit records: stamped, written to disk, logged, kept for the report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pgtenant.audit.csvfile import CsvAudit
from pgtenant.audit.record import Action, Record, Status, stamp
from pgtenant.logs import log_records


@dataclass(frozen=True, slots=True)
class Row:
    """What one record says, without what all records of a run share.

    Attributes:
        duration: seconds.
    """

    database: str
    username: str
    action: Action
    status: Status
    message: str
    duration: float = 0.0


@dataclass(slots=True)
class Recorder:
    """Writes records before it returns, so that no change goes ahead of its own record.

    Attributes:
        audit: the CSV file.
        clock: the present moment, with a timezone.
        records: everything written so far.
    """

    environment: str
    build_id: str
    run_id: str
    audit: CsvAudit
    clock: Callable[[], datetime]
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
        await asyncio.to_thread(self.audit.append, records)
        self.records += records
        log_records(records)
