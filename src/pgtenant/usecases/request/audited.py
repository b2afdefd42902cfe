"""What runs have made of entries, as their audit tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pgtenant.audit.chain import Kind, parse
from pgtenant.audit.journal import journal_path
from pgtenant.audit.record import Action
from pgtenant.audit.rows import read_rows
from pgtenant.requests.status import Event, Status, outcome, retired
from pgtenant.settings import Settings
from pgtenant.usecases.request.declared import read

_RETIRE: Final = "retire --stage "
# `warning`: committed, and not confirmed or recorded at once.
_DROPPED: Final = frozenset({(Action.DROP_ROLE, "success"), (Action.DROP_ROLE, "warning")})
_GONE: Final = (
    Event(Status.DECOMMISSIONING, retirement=True),
    Event(Status.DECOMMISSIONED, retirement=True),
)


@dataclass(frozen=True, slots=True)
class Life:
    """An entry, as the audit knows it.

    Attributes:
        since: the day or the moment that it was asked for, as the audit writes moments; rows that
            are older are of an earlier entry of that name.
        declared: whether the catalog has it. What was dropped before is an earlier entry then.
    """

    database: str
    username: str
    since: str
    declared: bool


def events(
    settings: Settings, environment: str, lives: Mapping[str, Life]
) -> Mapping[str, tuple[Event, ...]]:
    """Return what each run has made of entries, the oldest first, by key.

    Args:
        settings: the project's.
        environment: whose audit.
        lives: the entries, by key.

    Raises:
        UsageError: the audit can't be read.
    """
    path = settings.audit_path(environment)
    text = (read(path) or b"").decode("utf-8-sig", errors="replace")
    rows = sorted(read_rows(text), key=lambda row: row["timestamp_utc"])
    commands = dict(_commands(read(journal_path(path)) or b""))
    # The declared ones last: where two have one role, it is theirs.
    ours = sorted(lives.items(), key=lambda pair: pair[1].declared)
    keys = {
        (database, life.username): key
        for key, life in ours
        for database in ("", life.database)  # a reader that is retired alone is of none
        if life.username
    }
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        key = keys.get((row["database"], row["username"]))
        if key is not None and row["status"] != "dry_run":
            found.setdefault(key, []).append(row)
    return {key: tuple(_events(lives[key], theirs, commands)) for key, theirs in found.items()}


def _events(life: Life, rows: list[dict[str, str]], commands: Mapping[str, str]) -> Iterator[Event]:
    told: list[Event] = []
    current = (row for row in rows if row["timestamp_utc"] >= life.since)
    for run, theirs in groupby(current, key=lambda row: row["run_id"]):
        seen = {(row["action"], row["status"]) for row in theirs}
        if not _DROPPED.isdisjoint(seen):
            told = [] if life.declared else [*told, *_GONE]
            continue
        _, retires, stage = commands.get(run, "").partition(_RETIRE)
        statuses = {status for _, status in seen}
        to = retired(stage, statuses) if retires else outcome(statuses)
        if to is not None:
            told.append(Event(to, retirement=bool(retires)))
    yield from told


def _commands(journal: bytes) -> Iterator[tuple[str, str]]:
    """Yield the id of each run, and what it was asked for."""
    for line in journal.splitlines():
        # Most lines are none, and a journal can be long.
        link = parse(line) if b'"run_started"' in line else None
        if link is not None and link.text("kind") == Kind.RUN_STARTED:
            yield link.text("run_id"), link.text("command")
