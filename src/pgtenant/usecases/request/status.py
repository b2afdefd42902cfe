"""`pgtenant request status`: the catalog of resources follows what happens to an entry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.model import Entry
from pgtenant.catalog.shown import plain
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.requests.records import with_status
from pgtenant.requests.status import LEAVING, Status, after, can_move, following, further
from pgtenant.settings import Settings
from pgtenant.together import alone, write
from pgtenant.usecases.request.audited import Life, events
from pgtenant.usecases.request.declared import declared
from pgtenant.usecases.request.kept import kept
from pgtenant.usecases.request.look import all_records

_SINCE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?")


@dataclass(frozen=True, slots=True)
class Move:
    """A status that followed another, or stayed."""

    environment: str
    key: str
    before: Status
    after: Status


def set_status(settings: Settings, environment: str, key: str, to: Status) -> Move:
    """Move one record to a status; the status that it has already is no move.

    Raises:
        UsageError: there is no such record, or that status can't follow.
        PgtenantError: it could not be written.
    """
    with alone(settings.root):
        before = _status(settings, all_records(settings), environment, key)
        if not can_move(before, to):
            allowed = ", ".join(following(before)) or "nothing"
            raise UsageError(
                f"{plain(key)} in {environment} is {before}, which {to} can't follow",
                hint=f"what can follow is: {allowed}",
                code=Code.REQUEST_STATUS,
            )
        move = Move(environment, key, before, to)
        _write(settings, [move])
    return move


def from_audit(
    settings: Settings, environment: str, *, at_least: Status | None = None
) -> tuple[Move, ...]:
    """Move every record of an environment to what runs have made of its entry.

    Entries that are not recorded, or that no run has reached, stay; and those on their way out, but
    for what a retirement has made of them. A record whose entry is not in the catalog any more only
    follows its retirement.

    Args:
        settings: the project's.
        environment: whose records.
        at_least: what those are moved to that no run has reached yet and that are less far; None
            leaves them where they are.

    Returns:
        What moved, by key.

    Raises:
        CatalogError: the catalog is not valid.
        UsageError: a file can't be read.
        PgtenantError: it could not be written.
    """
    with alone(settings.root):
        entries = declared(settings, environment).entries
        recorded = all_records(settings).get(environment, {})
        lives = {key: _life(entries.get(key), record) for key, record in recorded.items()}
        told = events(settings, environment, lives)
        moves = []
        for key in sorted(recorded.keys() & {*entries, *told}):
            before = _status(settings, {environment: recorded}, environment, key)
            now = after(before, told.get(key, ()))
            if key in entries:
                now = further(now, at_least) if now is before else now
            elif now not in LEAVING:
                continue
            if now is not before:
                moves.append(Move(environment, key, before, now))
        _write(settings, moves)
    return tuple(moves)


def _status(
    settings: Settings,
    known: Mapping[str, Mapping[str, Mapping[str, str]]],
    environment: str,
    key: str,
) -> Status:
    record = known.get(environment, {}).get(key)
    path = settings.requests.catalog
    if record is None:
        raise UsageError(
            f"{path} has no record of {plain(key)} in {environment}",
            hint="`pgtenant request add`, with what the catalog has, makes one",
            code=Code.UNKNOWN_REQUEST,
        )
    written = record.get("metadata.status", Status.PENDING)
    try:
        return Status(written)
    except ValueError:
        raise UsageError(
            f"{path}: the status of {plain(key)} in {environment} is {plain(written)!r}",
            hint=f"it must be one of {', '.join(Status)}",
            code=Code.REQUEST_STATUS,
        ) from None


def _life(entry: Entry | None, record: Mapping[str, str]) -> Life:
    created = record.get("metadata.created_date", "")
    return Life(
        database=record.get("configuration.database_name", "")
        if entry is None
        else entry.database_name,
        username=record.get("configuration.username", "") if entry is None else entry.username,
        since=created if _SINCE.fullmatch(created) else "",
        declared=entry is not None,
    )


def _write(settings: Settings, moves: Sequence[Move]) -> None:
    def moved(text: str) -> str:
        for move in moves:
            text = with_status(text, move.environment, move.key, move.after)
        return text

    catalog = kept(settings, settings.root / settings.requests.catalog)
    if changes := catalog.changed(moved):
        write(settings.root, changes)
