"""How an apply ended, for the process and for each entry."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pgtenant.audit.record import Action, Status
from pgtenant.errors import ExitCode, PgtenantError
from pgtenant.planning.desired import DesiredRole
from pgtenant.planning.findings import Blocked, DriftKind
from pgtenant.planning.plan import Plan
from pgtenant.planning.trust import Trusted
from pgtenant.report.summary import trusted_words
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.rows import entry_row


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an apply ended.

    Attributes:
        plan: the last plan that was made.
        errors: what failed.
        blocked: the keys of blocked entries, sorted.
    """

    plan: Plan
    errors: tuple[PgtenantError, ...]
    blocked: tuple[str, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code: an error outweighs a blocked entry."""
        if self.errors:
            return ExitCode.FAILED
        return ExitCode.BLOCKED if self.blocked else ExitCode.CONVERGED


def bad_secret_rows(inputs: Inputs) -> list[Row]:
    """Return a row for each entry whose secret can't be used."""
    return [
        entry_row(key, inputs.desired, Action.FETCH_SECRET, Status.ERROR, error.message)
        for key, error in sorted(inputs.bad_secrets.items())
    ]


def blocked_rows(inputs: Inputs, blocked: Collection[Blocked]) -> list[Row]:
    """Return a row for each reason that keeps an entry from being touched."""
    return [
        entry_row(
            one.entry,
            inputs.desired,
            Action.CHECK,
            Status.BLOCKED,
            f"{one.told}. {one.executor} would run: {one.statement}" if one.statement else one.told,
        )
        for one in blocked
    ]


def failure_rows(
    inputs: Inputs, entries: Collection[str], action: Action, error: PgtenantError
) -> list[Row]:
    """Return a row for each entry of a run, or part of one, that could not begin."""
    return [
        entry_row(key, inputs.desired, action, Status.ERROR, error.message)
        for key in sorted(entries)
        if key not in inputs.bad_secrets
    ]


def closing_rows(
    inputs: Inputs,
    recorder: Recorder,
    plan: Plan,
    *,
    failed: Collection[str],
    unreached: Collection[str],
) -> list[Row]:
    """Return what is left to say of each entry, so that every one has a row.

    Args:
        inputs: the run's.
        recorder: what it has said so far.
        plan: what was planned; names the entries.
        failed: the keys of entries that have an error's row.
        unreached: the keys of entries with changes that were not carried out.
    """
    told = {record.username for record in recorder.own}
    unread = {d.entry for d in inputs.desired.databases if d.name in plan.incomplete}
    retired = {d.entry: d for d in plan.drift if d.kind in {DriftKind.DISABLED, DriftKind.REOPENED}}
    rows: list[Row] = []
    for key in plan.entries:
        if key in failed:
            continue
        if (note := retired.get(key)) is not None:
            closed = note.kind is DriftKind.DISABLED
            status, message = Status.NO_CHANGE if closed else Status.WARNING, note.message
        elif key in unreached:
            status, message = Status.WARNING, "not finished: the run stopped at an error before"
        elif key in unread:
            status, message = Status.WARNING, "what is inside the database was not checked"
        elif inputs.desired.by_entry[key].name in told:
            continue
        else:
            status, message = Status.NO_CHANGE, _as_declared(inputs.desired.by_entry[key], plan)
        rows.append(entry_row(key, inputs.desired, Action.CHECK, status, message))
    if plan.trusted is not None:
        rows.append(_trusting_row(plan.trusted))
    return rows


def _as_declared(role: DesiredRole, plan: Plan) -> str:
    """Return what is known of an entry that needs nothing."""
    trusted = plan.trusted
    if trusted is None or role.database not in trusted.databases:
        return "role, database and grants are as declared"
    seen = "as declared by the shared catalogs and the marker; the database was not opened"
    if role.name not in trusted.logins:
        return seen
    if role.name in trusted.unversioned:
        return f"{seen}, and the password is not proven"
    return f"{seen}, and the login left out: its secret has the version that was proven last"


def _trusting_row(trusted: Trusted) -> Row:
    """Return the row that says of the run as a whole what it did not look at."""
    return Row(
        database="",
        username="",
        action=Action.RUN,
        status=Status.NO_CHANGE,
        message=f"{trusted_words(trusted)} (--trust-markers)",
    )
