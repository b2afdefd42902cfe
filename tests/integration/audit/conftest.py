"""Runs that are written as `apply` writes them, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pgtenant.audit.journal import journal_path
from pgtenant.audit.record import Action, Status
from pgtenant.audit.trail import AuditTrail, open_trail
from pgtenant.usecases.recorder import Recorder, Row

SQL = ('GRANT CONNECT ON DATABASE "größe" TO app;',)


@dataclass(frozen=True, slots=True)
class Files:
    """A project that has nothing but an audit."""

    root: Path

    @property
    def csv(self) -> Path:
        return self.root / "governance" / "dev" / "rds_provision_audit.csv"

    @property
    def journal(self) -> Path:
        return journal_path(self.csv)

    def recorder(self, trail: AuditTrail, run_id: str) -> Recorder:
        return Recorder(
            environment="dev",
            build_id="manual",
            run_id=run_id,
            audit=trail,
            clock=lambda: datetime.now(UTC),
            who={"actor": "somebody"},
        )

    def run(self, run_id: str, messages: Sequence[str] = ("first", "second")) -> None:
        """Write a whole run."""
        with open_trail(self.csv) as trail:
            recorder = self.recorder(trail, run_id)
            asyncio.run(recorder.start({"plan": "0" * 64}))
            for message in messages:
                asyncio.run(recorder.write([row(message)]))
            recorder.finish(0)


def row(message: str) -> Row:
    return Row(
        database="größe",
        username='=u"x',
        action=Action.APPLY_GRANTS,
        status=Status.SUCCESS,
        message=message,
        duration=0.045,
        entry="größe",
        sql=SQL,
    )


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)
