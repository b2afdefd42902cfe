"""Audit records from one format to the other; pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pgtenant.audit.chain import Kind
from pgtenant.audit.record import COLUMNS
from pgtenant.audit.rows import HEADER, read_rows, render_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pgtenant.audit.chain import Link

_NUMBER: Final = "duration_ms"


def journal_to_csv(links: Iterable[Link], *, since: str = "") -> str:
    """Return the rows of a journal as an audit file; what CSV has no room for is left out.

    Args:
        links: records of any kind.
        since: the least `timestamp_utc`, or the beginning of one, such as `2026-01-16`.
    """
    rows = (link.members for link in links if link.text("kind") == Kind.RECORD)
    return rows_to_csv(rows, since=since)


def journal_to_json(links: Iterable[Link], *, since: str = "") -> str:
    """Return whole records as JSON lines, as they stand in the journal."""
    return "".join(link.line.decode() for link in links if _is_recent(link.members, since))


def rows_to_csv(rows: Iterable[Mapping[str, Any]], *, since: str = "") -> str:
    """Return records with the ten columns as an audit file."""
    return HEADER + render_values(values(row) for row in rows if _is_recent(row, since))


def csv_to_rows(text: str) -> Iterator[dict[str, str | int]]:
    """Yield the rows of an audit file; a duration that a crash has cut off stays text."""
    for row in read_rows(text):
        duration = row[_NUMBER]
        number = duration.isascii() and duration.isdigit() and len(duration) < 19
        yield {**row, _NUMBER: int(duration) if number else duration}


def rows_to_json(rows: Iterable[Mapping[str, Any]], *, since: str = "") -> str:
    """Return rows as JSON lines, their members in the columns' order."""
    return "".join(json.dumps(row) + "\n" for row in rows if _is_recent(row, since))


def values(members: Mapping[str, Any]) -> list[str | int]:
    """Return the ten columns' values; what a forged record lacks is empty."""
    found = (members.get(name, "") for name in COLUMNS)
    return [value if type(value) is int else str(value) for value in found]


def _is_recent(members: Mapping[str, Any], since: str) -> bool:
    return str(members.get("timestamp_utc", "")) >= since
