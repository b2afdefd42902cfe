"""What several workers have to record while the disk is busy goes there in one piece."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pgtenant.audit.journal import journal_path
from pgtenant.audit.record import Action, Record, Status
from pgtenant.audit.trail import AuditTrail, open_trail
from pgtenant.audit.verify import verify
from pgtenant.errors import AuditError
from pgtenant.usecases.recorder import Recorder, Row

WORKERS = 5


@dataclass(slots=True)
class Counting:
    """Counts the pieces that go to an audit trail.

    Attributes:
        refused: the number of a piece that the disk has no room for.
    """

    trail: AuditTrail
    refused: int = 0
    pieces: list[int] = field(default_factory=list)

    def append(self, records: Sequence[Record], *args: Any, **kwargs: Any) -> None:
        self.pieces.append(len(records))
        if len(self.pieces) == self.refused:
            raise AuditError("no room")
        self.trail.append(records, *args, **kwargs)


def written_at_once(
    counting: Counting,
) -> tuple[Recorder, list[BaseException | None]]:
    """Let workers write one row each, all at the same time."""

    async def write(recorder: Recorder) -> list[BaseException | None]:
        rows = [
            Row(f"db{n}", f"user{n}", Action.CHECK, Status.NO_CHANGE, "as declared")
            for n in range(WORKERS)
        ]
        writing = (recorder.write([row]) for row in rows)
        return await asyncio.gather(*writing, return_exceptions=True)

    recorder = Recorder(
        environment="dev",
        build_id="1",
        run_id="1",
        audit=counting,  # type: ignore[arg-type]
        clock=lambda: datetime(2026, 1, 16, tzinfo=UTC),
    )
    return recorder, asyncio.run(write(recorder))


def test_the_others_share_a_piece(tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    with open_trail(path) as trail:
        counting = Counting(trail)
        recorder, ends = written_at_once(counting)

    assert ends == [None] * WORKERS
    assert counting.pieces == [1, WORKERS - 1]
    users = [f"user{n}" for n in range(WORKERS)]
    assert [record.username for record in recorder.records] == users
    verdict = verify(journal_path(path).read_bytes())
    assert verdict.misfit is None
    assert [link.text("username") for link in verdict.links] == users
    assert [line.split(",")[5] for line in path.read_text().splitlines()[1:]] == users


@pytest.mark.parametrize(("refused", "failed"), [(1, 1), (2, WORKERS - 1)])
def test_each_learns_that_its_own_record_is_missing(
    tmp_path: Path, refused: int, failed: int
) -> None:
    with open_trail(tmp_path / "audit.csv") as trail:
        recorder, ends = written_at_once(Counting(trail, refused))

    assert sum(isinstance(end, AuditError) for end in ends) == failed
    assert ends.count(None) == WORKERS - failed == len(recorder.records)
    assert recorder.cut_off
