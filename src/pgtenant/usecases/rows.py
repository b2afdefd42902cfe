"""Changes as audit rows: which action each is, and which of them share a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from pgtenant.audit.record import Action, Status
from pgtenant.errors import PgtenantError, ServerError
from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    Change,
    ConfigureSecond,
    CreateDatabase,
    CreateExtension,
    CreateRole,
    CreateSecond,
    DropSecond,
    GiveTables,
    GrantDatabase,
    GrantDefault,
    GrantObjects,
    HandOverDatabase,
    HoldApart,
    JoinFirst,
    JoinTenants,
    MarkDatabase,
    MarkRole,
    ReassignOwned,
    RevokeColumns,
    RevokeDatabase,
    RevokeDefault,
    RevokeMembership,
    RevokeObjects,
    RunInitialSchema,
    SecureTables,
    TakeOverDatabase,
    UpdatePassword,
    UseIam,
    UsePassword,
    database_of,
)
from pgtenant.planning.desired import Desired
from pgtenant.planning.effects import effect_of
from pgtenant.planning.privileges import PUBLIC
from pgtenant.report.describe import sentence
from pgtenant.report.sqltext import statements_of
from pgtenant.usecases.recorder import Row

_LONGEST = 1000
_LOST = ("08", "57P")


def action_of(  # noqa: C901, PLR0911, PLR0912 - one arm for each kind of change
    change: Change,
) -> Action:
    """Return the audit action of a change."""
    match change:
        case CreateRole() | CreateSecond():
            return Action.CREATE_ROLE
        case JoinFirst() | ConfigureSecond():
            return Action.ALTER_ROLE
        case ReassignOwned():
            return Action.CLEAN_UP
        case DropSecond():
            return Action.DROP_ROLE
        case AlterRole() | MarkRole() | RevokeMembership() | UseIam() | UsePassword():
            return Action.ALTER_ROLE
        case JoinTenants() | HoldApart():
            return Action.ALTER_ROLE
        case UpdatePassword():
            return Action.UPDATE_PASSWORD
        case CreateDatabase():
            return Action.CREATE_DATABASE
        case RevokeDatabase(undeclared=True):
            return Action.CLOSE_DATABASE
        case RevokeDatabase() if change.role == PUBLIC:
            return Action.CONFIGURE_DATABASE
        case HandOverDatabase() | TakeOverDatabase() | AlterDatabase() | MarkDatabase():
            return Action.CONFIGURE_DATABASE
        case CreateExtension():
            return Action.CREATE_EXTENSION
        case RunInitialSchema():
            return Action.APPLY_SCHEMA
        case SecureTables() | GiveTables():
            return Action.SECURE_TABLES
        case GrantDatabase() | RevokeDatabase() | GrantObjects() | RevokeObjects():
            return Action.APPLY_GRANTS
        case GrantDefault() | RevokeDefault() | RevokeColumns():
            return Action.APPLY_GRANTS
        case _:
            assert_never(change)


def rows_of(
    changes: Iterable[Change],
    desired: Desired,
    status: Status,
    *,
    duration: float = 0.0,
    because: str = "",
    doubtful: bool = False,
) -> list[Row]:
    """Return one row for each entry and action among `changes`, in order.

    Args:
        changes: of one transaction.
        desired: for the database and role of each entry.
        status: how they ended.
        duration: seconds the whole transaction took.
        because: an error's text, put before what was attempted, unless it begins with that.
        doubtful: whether they were made is not known.
    """
    grouped: dict[tuple[str, Action, str], list[Change]] = {}
    for change in changes:
        key = (change.entry, action_of(change), database_of(change))
        grouped.setdefault(key, []).append(change)
    rows: list[Row] = []
    for (entry, action, database), together in grouped.items():
        role = desired.by_entry.get(entry)
        message = attempted(map(sentence, together), because)
        rows.append(
            Row(
                database=database or (role.database if role else ""),
                username=role.name if role else "",
                action=action,
                status=status,
                message=short(message),
                duration=duration,
                entry=entry,
                sql=tuple(text.rstrip("\n") for text in map(statements_of, together)),
                changes=tuple(effect_of(change).id for change in together),
                in_doubt=doubtful,
            )
        )
    return rows


def failed_rows(changes: Sequence[Change], desired: Desired, error: PgtenantError) -> list[Row]:
    """Return the rows of a transaction that failed.

    Those of the entry that the error is about come first; the others say which that was.
    """
    culprit = error.entry if isinstance(error, ServerError) else ""
    reasons = {True: error.message, False: f"undone: {culprit} failed in the same transaction"}
    return [
        row
        for guilty, because in reasons.items()
        for row in rows_of(
            (c for c in changes if (culprit in {"", c.entry}) is guilty),
            desired,
            Status.ERROR,
            because=because,
            doubtful=in_doubt(error),
        )
    ]


def entry_row(entry: str, desired: Desired, action: Action, status: Status, message: str) -> Row:
    """Return a row about an entry as a whole."""
    role = desired.by_entry.get(entry)
    return Row(
        database=role.database if role else "",
        username=role.name if role else "",
        action=action,
        status=status,
        message=short(message),
        entry=entry,
    )


def failed_run(error: PgtenantError) -> Row:
    """Return the row of an error that is about no entry, and ends the run."""
    return Row(
        database="",
        username="",
        action=Action.RUN,
        status=Status.ERROR,
        message=short(error.message),
    )


def attempted(sentences: Iterable[str], because: str) -> str:
    """Return what was done; with an error's text, that, and what it does not say itself."""
    done = "; ".join(sentences)
    if not because:
        return done
    return because if because.startswith(done) else f"{because} (while: {done})"


def in_doubt(error: PgtenantError) -> bool:
    """Return whether the server may have committed and could not say so any more."""
    return isinstance(error, ServerError) and (
        error.sqlstate is None or error.sqlstate.startswith(_LOST)
    )


def short(message: str) -> str:
    """Return a message on one line, cut where an audit row has no more room."""
    message = " ".join(message.split())
    return message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"
