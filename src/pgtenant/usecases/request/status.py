"""`pgtenant request status`: the catalog of resources follows what happens to an entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pgtenant.audit.rows import read_rows
from pgtenant.catalog.edit import EditError
from pgtenant.catalog.model import Entry
from pgtenant.catalog.shown import plain
from pgtenant.errors import UsageError
from pgtenant.requests.records import with_status
from pgtenant.requests.status import Status, can_move, following, further, outcome
from pgtenant.settings import Settings
from pgtenant.together import Change, alone, write
from pgtenant.usecases.request.declared import declared, read, read_text, shown_path
from pgtenant.usecases.request.look import all_records


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
            )
        move = Move(environment, key, before, to)
        _write(settings, [move])
    return move


def from_audit(
    settings: Settings, environment: str, *, at_least: Status | None = None
) -> tuple[Move, ...]:
    """Move every record of an environment to what the last run of its entry made of it.

    Entries that are not recorded, that no run has reached, or that are on their way out stay.

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
        outcomes = _outcomes(settings, environment, entries)
        moves = []
        for key in sorted(recorded.keys() & entries.keys()):
            before = _status(settings, {environment: recorded}, environment, key)
            after = outcomes.get(key) or further(before, at_least)
            leaving = before in {Status.DECOMMISSIONING, Status.DECOMMISSIONED}
            if before != after and not leaving and can_move(before, after):
                moves.append(Move(environment, key, before, after))
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
        )
    written = record.get("metadata.status", Status.PENDING)
    try:
        return Status(written)
    except ValueError:
        raise UsageError(
            f"{path}: the status of {plain(key)} in {environment} is {plain(written)!r}",
            hint=f"it must be one of {', '.join(Status)}",
        ) from None


def _outcomes(
    settings: Settings, environment: str, entries: Mapping[str, Entry]
) -> Mapping[str, Status]:
    """Return what the last run of each entry made of it, by key."""
    data = read(settings.audit_path(environment)) or b""
    rows = read_rows(data.decode("utf-8-sig", errors="replace"))
    keys = {(one.database_name, one.username): key for key, one in entries.items()}
    last: dict[str, tuple[str, set[str]]] = {}
    for row in rows:
        key = keys.get((row["database"], row["username"]))
        if key is None or row["status"] == "dry_run":
            continue
        run, statuses = last.get(key, ("", set()))
        if run != row["run_id"]:
            statuses = set()
        last[key] = row["run_id"], {*statuses, row["status"]}
    found = {key: outcome(statuses) for key, (_, statuses) in last.items()}
    return {key: status for key, status in found.items() if status is not None}


def _write(settings: Settings, moves: Iterable[Move]) -> None:
    path = settings.root / settings.requests.catalog
    text = before = read_text(settings, path)
    for move in moves:
        try:
            text = with_status(text, move.environment, move.key, move.after)
        except EditError as error:
            where = shown_path(settings, path)
            raise UsageError(f"{where}:{error.line}: {error.message}") from None
    if text != before:
        write(settings.root, [Change(path, read(path), text.encode())])
