"""What an apply did, for people: errors first, one line at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pgtenant.report.document import EMPTY, Document, Line, Span, Style, document, line, paragraph
from pgtenant.report.safe import name, shown
from pgtenant.report.words import count, entries

AuditFields = Mapping[str, object]
"""The ten fields of an audit record, as `audit.Record.as_dict` gives them."""

_LOOKS: Final = frozenset({"fetch_secret", "check", "preflight", "run"})
"""Actions that change nothing, whatever their status."""

_DONE: Final[Mapping[str, str]] = {
    "create_role": "role created",
    "alter_role": "role altered",
    "update_password": "password set",
    "create_database": "database created",
    "configure_database": "database configured",
    "apply_grants": "grants applied",
    "apply_schema": "initial schema run",
    "create_extension": "extension created",
    "secure_tables": "tables secured",
    "add_tenant": "tenant made or brought up to its template",
    "close_database": "database closed to PUBLIC",
}


_TOLD: Final = (
    ("error", "Errors", Style.BAD),
    ("blocked", "Blocked: nothing of these entries was changed", Style.BAD),
    ("warning", "Warnings", Style.WARN),
)


def apply_text(
    records: Iterable[AuditFields],
    *,
    environment: str,
    run_id: str,
    entries_of: Mapping[str, str] | None = None,
    width: int = 80,
    elapsed: float | None = None,
) -> Document:
    """Return what a run did.

    Args:
        records: the run's audit records, in their order.
        environment: the environment.
        run_id: the run.
        entries_of: the entry's key for each username; a record of another username is shown
            under that name, and one without a username under its database.
        width: columns to wrap at; the summary line is never wrapped.
        elapsed: how long the run took, in seconds.
    """
    groups: dict[str, list[AuditFields]] = {}
    for record in records:
        groups.setdefault(_home(record, entries_of or {}), []).append(record)
    ordered = dict(sorted(groups.items()))
    return document(_applied(ordered, environment, run_id, width, elapsed))


def _applied(
    groups: Mapping[str, list[AuditFields]],
    environment: str,
    run_id: str,
    width: int,
    elapsed: float | None,
) -> Iterator[Line]:
    yield (Span("Run "), Span(shown(run_id), Style.TITLE), Span(f" on {name(environment)}"))
    for status, title, style in _TOLD:
        yield from _told(groups, status, title, style, width)
    for status, title in (("success", "Done"), ("dry_run", "Would be done")):
        yield from _done(groups, status, title, width)
    yield EMPTY
    yield _summary(groups, elapsed)


def _told(
    groups: Mapping[str, list[AuditFields]],
    status: str,
    title: str,
    style: Style,
    width: int,
) -> Iterator[Line]:
    told = [(key, r) for key, records in groups.items() for r in records if _is(r, status)]
    if told:
        yield EMPTY
        yield line(title, style)
    for key, record in told:
        message = shown(_text(record, "message"))
        action = shown(_text(record, "action"))
        # That a check found it says nothing; that a grant failed does.
        said = "" if key and action in _LOOKS and status != "error" else action
        lead = " · ".join(part for part in (key, said) if part)
        yield from paragraph(
            f"{lead}: {message}" if message else lead,
            width=width,
            indent=2,
            mark="!",
            mark_style=style,
        )


def _done(
    groups: Mapping[str, list[AuditFields]], status: str, title: str, width: int
) -> Iterator[Line]:
    done = {
        key: tally
        for key, records in groups.items()
        if (tally := Counter(_text(r, "action") for r in records if changed(r, status)))
    }
    if not done:
        return
    yield EMPTY
    yield line(title, Style.TITLE)
    column = min(max(len(key) for key in done), 24)
    for key, tally in done.items():
        steps = ", ".join(_step(action, number) for action, number in tally.items())
        yield from paragraph(
            f"{key:<{column}}  {steps}", width=width, indent=2, mark="+", mark_style=Style.ADD
        )


def _step(action: str, number: int) -> str:
    words = _DONE.get(action) or shown(action).replace("_", " ")
    return words if number == 1 else f"{words} ({number} times)"


def _summary(groups: Mapping[str, list[AuditFields]], elapsed: float | None) -> Line:
    records = [record for found in groups.values() for record in found]
    statuses = Counter(_text(record, "status") for record in records)
    made = sum(changed(record, "success") for record in records)
    planned = sum(changed(record, "dry_run") for record in records)
    told = {"success", "dry_run", "error", "blocked", "warning"}
    untouched = sum(
        bool(key) and not any(_text(r, "status") in told - _quiet(r) for r in found)
        for key, found in groups.items()
    )
    blocked = sum(any(_is(record, "blocked") for record in found) for found in groups.values())
    parts = []
    if planned:
        parts.append(f"Dry run: {count(planned, 'step')} would be taken")
    elif made or statuses["error"]:
        parts.append(f"Applied: {count(made, 'step')} done")
    else:
        parts.append("No changes")
    for number, words in (
        (untouched, f"{entries(untouched)} as declared"),
        (statuses["warning"], count(statuses["warning"], "warning")),
        (blocked, f"{entries(blocked)} blocked"),
        (statuses["error"], count(statuses["error"], "error")),
    ):
        if number:
            parts.append(words)
    if elapsed is not None:
        parts.append(f"{elapsed:.1f} s")
    good = not (statuses["error"] or statuses["blocked"])
    return (Span(" · ".join(parts), Style.GOOD if good else Style.BAD),)


def _quiet(record: AuditFields) -> set[str]:
    """Return the statuses that say nothing about a change for this record's action."""
    return {"success", "dry_run"} if _text(record, "action") in _LOOKS else set()


def changed(record: AuditFields, status: str) -> bool:
    """Tell whether a record of this status is about a change, done or left out by a dry run."""
    return _is(record, status) and _text(record, "action") not in _LOOKS


def _is(record: AuditFields, status: str) -> bool:
    return _text(record, "status") == status


def _home(record: AuditFields, entries_of: Mapping[str, str]) -> str:
    username, database = _text(record, "username"), _text(record, "database")
    if username:
        return name(entries_of.get(username, username))
    return name(database) if database else ""


def _text(record: AuditFields, field: str) -> str:
    return str(record.get(field, ""))
