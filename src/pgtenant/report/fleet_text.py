"""Several environments for people: a line each, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pgtenant.report.applied import changed
from pgtenant.report.document import EMPTY, Document, Line, Span, Style, document, line, paragraph
from pgtenant.report.fleet import Result, State, counted, ordered, worst
from pgtenant.report.safe import name, shown
from pgtenant.report.words import count, entries

WORDS: Final[Mapping[State, str]] = {
    State.CONVERGED: "converged",
    State.CHANGES: "changes planned",
    State.BLOCKED: "blocked",
    State.FAILED: "failed",
    State.APPROVAL_REQUIRED: "approval required",
    State.INVALID: "invalid",
    State.NOT_STARTED: "not started",
}
_STYLES: Final[Mapping[State, Style]] = {
    State.CONVERGED: Style.GOOD,
    State.CHANGES: Style.TITLE,
    State.BLOCKED: Style.WARN,
    State.NOT_STARTED: Style.FAINT,
}
_COUNTED: Final = (
    ("changes", "change"),
    ("warning", "warning"),
    ("error", "error"),
)


def fleet_text(command: str, results: Sequence[Result], *, width: int = 80) -> Document:
    """Return the report for reading.

    Args:
        command: what was asked for; empty when it is not known.
        results: each environment's.
        width: columns to wrap at; a line of the table, and the last line, are never wrapped.
    """
    return document(_lines(command, ordered(results), width))


def details(result: Result) -> str:
    """Return what there was to do and to tell in one environment, on one line."""
    summary = result.summary
    parts = []
    if result.apply is not None:
        done = _steps(result.apply, "success")
        planned = _steps(result.apply, "dry_run")
        parts += [f"{count(done, 'step')} done"] if done else []
        parts += [f"{count(planned, 'step')} would be taken"] if planned else []
    parts += [count(found, word) for key, word in _COUNTED if (found := summary.get(key))]
    if result.plan is not None and (found := summary.get("blocked")):
        parts.append(f"{entries(found)} blocked")
    if result.apply is not None and (found := len(blocked_in(result.apply))):
        parts.append(f"{entries(found)} blocked")
    if found := summary.get("drift"):
        parts.append(f"{count(found, 'note')} of drift")
    if result.plan is not None and (found := summary.get("unchanged")):
        parts.append(f"{entries(found)} as declared")
    return ", ".join(parts)


def blocked_in(applied: Mapping[str, Any]) -> dict[str, str]:
    """Return of each blocked entry of a run, by its role, why it is."""
    return {
        str(record.get("username", "")): str(record.get("message", ""))
        for record in applied.get("records", ())
        if record.get("status") == "blocked"
    }


def _steps(applied: Mapping[str, Any], status: str) -> int:
    return sum(changed(record, status) for record in applied.get("records", ()))


def _lines(command: str, results: Sequence[Result], width: int) -> Iterator[Line]:
    waves = len({result.wave for result in results})
    what = f"{count(len(results), 'environment')} in {count(waves, 'wave')}"
    yield (Span(shown(command) or "Results", Style.TITLE), Span(f": {what}"))
    yield EMPTY
    column = max((len(name(result.environment)) for result in results), default=0)
    for result in results:
        yield _row(result, column)
    for result in results:
        yield from _errors(result, width)
    yield EMPTY
    yield _summary(results)


def _row(result: Result, column: int) -> Line:
    state = WORDS[result.state]
    more = details(result)
    return (
        Span(f"  {result.wave}  {name(result.environment):<{column}}  "),
        Span(f"{state:<18}" if more else state, _STYLES.get(result.state, Style.BAD)),
        *((Span(more),) if more else ()),
    )


def _errors(result: Result, width: int) -> Iterator[Line]:
    if result.errors:
        yield EMPTY
        yield line(name(result.environment), Style.TITLE)
    for error in result.errors:
        first, *rest = error.message.splitlines() or [""]
        yield from paragraph(shown(first), width=width, indent=2, mark="!", mark_style=Style.BAD)
        for text in (*rest, *error.hint.splitlines()):
            yield from paragraph(shown(text.strip()), width=width, indent=6)


def _summary(results: Sequence[Result]) -> Line:
    counts = counted(results)
    parts = [f"{counts[state]} {WORDS[state]}" for state in State if counts[state]]
    code = worst(results)
    text = " · ".join([*parts, f"exit code {int(code)}"])
    return (Span(text, Style.BAD if code and code not in {2, 4} else Style.GOOD),)
