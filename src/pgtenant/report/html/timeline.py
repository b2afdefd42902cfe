"""The audit as a timeline: one item for each run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

STATUSES: Final = ("success", "no_change", "dry_run", "warning", "blocked", "error")

MOST_RUNS: Final = 100
MOST_ROWS: Final = 200
"""Rows of a run that are shown; those that say that nothing changed are only counted."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        began: the time of its first row.
        counts: its rows by status.
        rows: those that say more than that nothing changed, in their order; at most `MOST_ROWS`.
        more: how many were left out.
    """

    run_id: str
    build_id: str
    began: str
    seconds: float
    counts: Counter[str]
    rows: tuple[Mapping[str, Any], ...]
    more: int

    @property
    def day(self) -> str:
        """The day it began."""
        return self.began[:10]

    @property
    def outcome(self) -> str:
        """Its worst status, or `success` where anything changed."""
        for status in ("error", "blocked", "warning", "dry_run", "success"):
            if self.counts[status]:
                return status
        return "no_change"


def runs(rows: Iterable[Mapping[str, Any]]) -> tuple[Run, ...]:
    """Return the runs, latest first."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(str(row["run_id"]), []).append(row)
    found = [_run(name, together) for name, together in grouped.items()]
    return tuple(sorted(found, key=lambda run: (run.began, run.run_id), reverse=True))


def _run(run_id: str, rows: list[Mapping[str, Any]]) -> Run:
    telling = [row for row in rows if row["status"] != "no_change" and not _routine(row)]
    return Run(
        run_id=run_id,
        build_id=str(rows[0]["build_id"]),
        began=min(str(row["timestamp_utc"]) for row in rows),
        seconds=sum(_milliseconds(row) for row in rows) / 1000,
        counts=Counter(str(row["status"]) for row in rows if not _routine(row)),
        rows=tuple(telling[:MOST_ROWS]),
        more=max(0, len(telling) - MOST_ROWS),
    )


def _routine(row: Mapping[str, Any]) -> bool:
    """Tell whether a row is of what every run does, and went well."""
    return row["status"] == "success" and row["action"] in {
        "fetch_secret",
        "check",
        "preflight",
        "run",
    }


def _milliseconds(row: Mapping[str, Any]) -> int:
    value = row["duration_ms"]
    return value if isinstance(value, int) else 0
