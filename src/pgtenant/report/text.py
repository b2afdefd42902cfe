"""A plan for people to read: on a terminal, in a log, in a mail."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from pgtenant.planning.changes import Change
from pgtenant.planning.findings import Blocked, Drift, DriftKind
from pgtenant.planning.plan import Plan
from pgtenant.report.applied import apply_text
from pgtenant.report.describe import Mark, describe, mark_of
from pgtenant.report.document import EMPTY, Document, Line, Span, Style, document, line, paragraph
from pgtenant.report.drift import REVOCABLE, TITLES, by_kind, note
from pgtenant.report.safe import name, shown
from pgtenant.report.sqltext import sql_lines, wrapped
from pgtenant.report.summary import summary_line
from pgtenant.report.words import entry_title

__all__ = ["apply_text", "plan_text"]

STYLES: Final = {Mark.ADD: Style.ADD, Mark.ALTER: Style.ALTER, Mark.REMOVE: Style.REMOVE}
MOST_STRANGERS: Final = 5
"""Roles of other environments that are listed; they are nobody's task here."""


def plan_text(plan: Plan, *, sql: bool = False, width: int = 80, server: str = "") -> Document:
    """Return a plan for reading.

    Args:
        plan: the plan.
        sql: whether each change is followed by its statements.
        width: columns to wrap at. The summary line is never wrapped, so that a log can be
            searched for it.
        server: what to say about the server, on one line; empty for nothing.
    """
    return document(_plan(plan, sql=sql, width=width, server=server))


def _plan(plan: Plan, *, sql: bool, width: int, server: str) -> Iterator[Line]:
    yield (Span("Plan for "), Span(name(plan.environment), Style.TITLE))
    if server:
        yield from paragraph(shown(server), width=width, style=Style.FAINT)
    for entry, changes in grouped(plan):
        yield EMPTY
        yield line(entry_title(entry), Style.TITLE)
        for change in changes:
            yield from _change(change, sql=sql, width=width)
    if plan.blocked:
        yield EMPTY
        yield from paragraph(
            "Blocked: nothing of these entries is changed", width=width, style=Style.BAD
        )
        yield from blocked_lines(plan.blocked, width)
    if plan.drift:
        yield EMPTY
        yield line("Drift: shown, not changed", Style.WARN)
        yield from drift_lines(plan.drift, width, sql=sql)
    yield EMPTY
    yield from _unread(plan, width)
    if plan.changes:
        yield from _as_declared(plan, width)
    yield line(summary_line(plan), Style.TITLE if plan.changes else Style.GOOD)


def grouped(plan: Plan) -> list[tuple[str, list[Change]]]:
    """Return each entry that has changes, sorted, with its changes in the order they run."""
    ordered = sorted(plan.changes, key=lambda change: change.entry)
    return [(key, list(changes)) for key, changes in groupby(ordered, key=lambda c: c.entry)]


def blocked_lines(blocked: tuple[Blocked, ...], width: int) -> Iterator[Line]:
    """Yield each blocked entry with its reasons, and the statements that would clear the way."""
    for entry, items in groupby(blocked, key=lambda b: b.entry):
        yield line(f"  {name(entry)}", Style.TITLE)
        for item in items:
            yield from paragraph(
                shown(item.told), width=width, indent=4, mark="!", mark_style=Style.BAD
            )
            if item.statement:
                yield line(f"      To be run by {shown(item.executor or 'its owner')}:")
                yield from statement_lines(item.statement, width, indent=10)


def drift_lines(drift: tuple[Drift, ...], width: int, *, sql: bool) -> Iterator[Line]:
    """Yield the notes by kind.

    The statement that would mend something stands below it. Where `--authoritative` runs
    that statement by itself it is only shown with `sql`.
    """
    for kind, notes in by_kind(drift).items():
        yield from paragraph(TITLES[kind], width=width, indent=2, style=Style.TITLE)
        most = MOST_STRANGERS if kind is DriftKind.OTHER_ENVIRONMENT else len(notes)
        for item in notes[:most]:
            yield from paragraph(note(item), width=width, indent=4, mark="*")
            if item.statement and (sql or kind not in REVOCABLE):
                yield from statement_lines(item.statement, width, indent=10)
        if len(notes) > most:
            more = f"and {len(notes) - most} more; `--format json` lists them all"
            yield from paragraph(more, width=width, indent=6)


def statement_lines(statement: str, width: int, *, indent: int) -> Iterator[Line]:
    """Yield one statement, indented and wrapped."""
    for text in wrapped(f"{statement};", width - indent):
        yield line(f"{' ' * indent}{text}", Style.FAINT)


def _change(change: Change, *, sql: bool, width: int) -> Iterator[Line]:
    mark = mark_of(change)
    yield from paragraph(
        describe(change), width=width, indent=2, mark=mark, mark_style=STYLES[mark]
    )
    if sql:
        for text in sql_lines(change, width - 8):
            yield line(f"{' ' * 8}{text}".rstrip(), Style.FAINT)


def _as_declared(plan: Plan, width: int) -> Iterator[Line]:
    """Name the untouched entries on one line, as many as fit."""
    keys = plan.as_declared
    if not keys:
        return
    text = "As declared: "
    for number, key in enumerate(keys):
        rest = len(keys) - number - 1
        more = f" and {rest} more" if rest else ""
        if number and len(text) + len(name(key)) + 2 + len(more) > width:
            yield line(f"{text} and {rest + 1} more", Style.FAINT)
            return
        text += f"{', ' if number else ''}{name(key)}"
    yield line(text, Style.FAINT)


def _unread(plan: Plan, width: int) -> Iterator[Line]:
    opened = [database for database in plan.incomplete if database not in plan.unrepaired]
    if opened:
        yield from paragraph(
            f"Not seen yet: what is inside {', '.join(map(name, opened))}. The plan opens"
            f" {'it' if len(opened) == 1 else 'them'} first; what is missing inside is"
            " then planned and shown in its turn.",
            width=width,
            style=Style.WARN,
        )
    if plan.unrepaired:
        yield from paragraph(
            f"Not seen: what is inside {', '.join(map(name, plan.unrepaired))}, and nothing that"
            " could be planned changes that. The notes of drift say why.",
            width=width,
            style=Style.BAD,
        )
