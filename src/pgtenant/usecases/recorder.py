"""One run's audit records: stamped, written to disk, logged, kept for the report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from pgtenant.audit.chain import FORMAT, Kind, Members
from pgtenant.audit.intent import Planned
from pgtenant.audit.record import Action, Record, Status, stamp
from pgtenant.audit.trail import AuditTrail, Detail
from pgtenant.codes import Code
from pgtenant.errors import AuditError
from pgtenant.logs import log_records


@dataclass(frozen=True, slots=True)
class Row:
    """What one record says, without what all records of a run share.

    Attributes:
        duration: seconds.
        entry: the catalog entry's key.
        sql: the statements, as the plan shows them; never holds a secret.
        changes: the ids of the planned changes that it is about.
        in_doubt: whether they were made is not known.
        settles: see `Detail`.
    """

    database: str
    username: str
    action: Action
    status: Status
    message: str
    duration: float = 0.0
    entry: str = ""
    sql: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    in_doubt: bool = False
    settles: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a run says of those before it that could not record what they did.

    Attributes:
        rows: about changes that they made, or may have made.
        looked_at: what was found of each run.
        unsettled: what stays open, for a later run to look at.
        server: `host:port`, of which alone it says that.
    """

    rows: tuple[Row, ...]
    looked_at: tuple[Mapping[str, object], ...]
    unsettled: tuple[Mapping[str, object], ...]
    server: str

    def checkpoint(self) -> dict[str, object]:
        """Return the members by which a record says that nothing else is open."""
        return {"server": self.server, "unsettled": list(self.unsettled)}


@dataclass(slots=True)
class _Piece:
    """What one call has to write.

    Attributes:
        done: it is on disk.
    """

    rows: Sequence[Row]
    before: Sequence[Members] = ()
    after: Sequence[Members] = ()
    done: bool = False
    error: AuditError | None = None

    @property
    def framed(self) -> bool:
        """Whether it has more than rows, and is written by itself."""
        return bool(self.before or self.after)


@dataclass(slots=True)
class Recorder:
    """Writes records before it returns, so that no change goes ahead of its own record.

    What several workers have to write while the disk is busy goes there together.

    Attributes:
        audit: the CSV file and its journal.
        clock: the present moment, with a timezone.
        who: who runs what, for the journal.
        records: everything written so far.
        settlement: of earlier runs; None for a run that changes nothing, or came not so far.
        cut_off: a record could not be written: what it was about is known to nobody.
    """

    environment: str
    build_id: str
    run_id: str
    audit: AuditTrail
    clock: Callable[[], datetime]
    who: Mapping[str, object] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    settlement: Settlement | None = None
    cut_off: bool = False
    _queue: list[_Piece] = field(default_factory=list, repr=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def own(self) -> Sequence[Record]:
        """The records about what this run did itself."""
        return self.records[len(self.settlement.rows) :] if self.settlement else self.records

    async def write(self, rows: Sequence[Row]) -> None:
        """Append rows to the audit file, wait until they are on disk, then log them.

        Raises:
            AuditError: they could not be written.
        """
        if rows:
            await self._write(rows)

    async def _write(
        self,
        rows: Sequence[Row],
        *,
        before: Sequence[Members] = (),
        after: Sequence[Members] = (),
    ) -> None:
        piece = _Piece(rows, before, after)
        self._queue.append(piece)
        async with self._turn:
            while not piece.done and piece.error is None:
                await self._flush()
        if piece.error is not None:
            raise piece.error

    async def _flush(self) -> None:
        """Write the first piece of the queue, and with it all rows that wait behind."""
        length = 1
        if not self._queue[0].framed:
            framed = (n for n, piece in enumerate(self._queue) if piece.framed)
            length = next(framed, len(self._queue))
        batch, self._queue = self._queue[:length], self._queue[length:]
        rows = [row for piece in batch for row in piece.rows]
        now = stamp(self.clock())
        records = [self._record(row, now) for row in rows]
        details = [
            Detail(row.entry, row.sql, row.changes, row.in_doubt, row.settles) for row in rows
        ]
        append = partial(self.audit.append, before=batch[0].before, after=batch[0].after)
        try:
            await asyncio.to_thread(append, records, details)
        except AuditError as error:
            self.cut_off = True
            for piece in batch:
                piece.error = error
            return
        except BaseException:
            for piece in batch:
                piece.error = AuditError(
                    "the run ended while the record was being written", code=Code.AUDIT_UNWRITTEN
                )
            raise
        for piece in batch:
            piece.done = True
        self.records += records
        log_records(records)

    def _record(self, row: Row, now: str) -> Record:
        return Record(
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

    async def start(
        self,
        facts: Mapping[str, object],
        planned: Sequence[Planned] = (),
        settlement: Settlement | None = None,
    ) -> None:
        """Open the run in the journal, before its first record and its first change.

        Args:
            facts: what the run is about: digests, the server.
            planned: what it is about to change; nothing when that is not known yet.
            settlement: of earlier runs.

        Raises:
            AuditError: it could not be written.
        """
        opened = {**self._shared(Kind.RUN_STARTED), "format": FORMAT, **self.who, **facts}
        await self._open([opened], planned, settlement)

    async def announce(
        self, planned: Sequence[Planned], settlement: Settlement | None = None
    ) -> None:
        """Say what a run that was opened is about to change.

        Args:
            planned: what it is.
            settlement: of earlier runs, when `start` did not have it.

        Raises:
            AuditError: it could not be written; nothing may be changed.
        """
        await self._open([], planned, settlement)

    async def _open(
        self,
        opened: Sequence[Members],
        planned: Sequence[Planned],
        settlement: Settlement | None,
    ) -> None:
        # The checkpoint is the last of the piece: when a crash cuts the piece off, the next run
        # looks at the earlier runs again, and at those rows that are there.
        shared = self._shared(Kind.PLANNED)
        after = [{**shared, **group.as_dict()} for group in planned]
        if settlement is not None:
            looked_at = {"looked_at": list(settlement.looked_at)}
            shared = self._shared(Kind.SETTLED)
            after.append({**shared, **looked_at, **settlement.checkpoint()})
        await self._write(settlement.rows if settlement else (), before=opened, after=after)
        self.settlement = settlement or self.settlement

    def finish(self, exit_code: int, *, cut_off: bool = False) -> None:
        """Close the run in the journal, if it was opened.

        Args:
            exit_code: the process's.
            cut_off: steps may have been under way, and how they ended is not known.

        Raises:
            AuditError: it could not be written.
        """
        links = self.audit.links
        if not links:
            return
        end: dict[str, object] = {
            "exit_code": int(exit_code),
            "csv_missing": self.audit.csv_missing,
            "cut_off": cut_off or self.cut_off,
            "started": next((one.seq for one in links if one.text("kind") == Kind.RUN_STARTED), 0),
        }
        in_doubt = end["cut_off"] or any(link.members.get("in_doubt") for link in links)
        if self.settlement is not None and not in_doubt:
            end |= self.settlement.checkpoint()
        self.audit.mark({**self._shared(Kind.RUN_FINISHED), **end})

    def _shared(self, kind: Kind) -> dict[str, object]:
        return {
            "kind": str(kind),
            "timestamp_utc": stamp(self.clock()),
            "environment": self.environment,
            "build_id": self.build_id,
            "run_id": self.run_id,
        }
