"""A rotation: what is to be done, or was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, assert_never

from pgtenant.gitops.refresh import OVERLAP
from pgtenant.report.document import Document, Line, Span, Style, document, paragraph
from pgtenant.report.safe import name, shown
from pgtenant.report.words import count
from pgtenant.rotation.due import Due
from pgtenant.rotation.view import Rotated, State

_STYLES: Final = {
    State.TO_DO: ("~", Style.ALTER),
    State.ROTATED: ("~", Style.GOOD),
    State.NOT_DUE: ("=", Style.FAINT),
    State.NOTHING: ("=", Style.FAINT),
    State.BLOCKED: ("!", Style.WARN),
    State.FAILED: ("!", Style.BAD),
}


def rotation_text(rotated: Iterable[Rotated], environment: str, *, width: int = 80) -> Document:
    """Return a rotation for reading."""
    return document(_lines(rotated, environment, width))


def rotation_json(rotated: Sequence[Rotated]) -> dict[str, Any]:
    """Return the member `rotation` of a run's object."""
    return {
        "rotation": [
            {
                "entry": one.entry,
                "username": one.username,
                "before": one.before,
                "secret": one.secret,
                "state": str(one.state),
                "reason": one.reason,
                "version": one.version,
                "resumed": one.resumed,
                "window_ms": None if one.window is None else round(one.window * 1000),
                "hasty": one.hasty,
                "due": _due_json(one.due),
            }
            for one in rotated
        ]
    }


def rotated_sentence(one: Rotated) -> str:
    """Return what became of one secret, on one line."""
    match one.state:
        case State.TO_DO:
            gets = f"{name(one.username)} gets a new password in {shown(one.secret)}"
            return one.reason or gets + _hasty(one)
        case State.ROTATED:
            return _done(one)
        case State.NOT_DUE:
            return f"not due before {_day(one.due.at if one.due is not None else None)}"
        case State.NOTHING | State.BLOCKED | State.FAILED:
            return one.reason
        case _:
            assert_never(one.state)


def _done(one: Rotated) -> str:
    finished = ", chosen by an earlier rotation" if one.resumed else ""
    done = f"{name(one.username)} has a new password{finished}, current in {shown(one.secret)}"
    window = f"{(one.window or 0) * 1000:.0f} ms"
    if one.overlaps:
        rest = f"{name(one.before)} works until the next rotation{_hasty(one)}"
    else:
        rest = f"server and secret disagreed for {window}"
    return f"{done}; {rest}" + (f"; {one.reason}" if one.reason else "")


def _hasty(one: Rotated) -> str:
    if not one.hasty:
        return ""
    minutes = round(OVERLAP.total_seconds() / 60)
    return (
        f"; the last rotation is less than {minutes} minutes ago, and who has not read the secret"
        f" since then is refused as {name(one.username)}"
    )


def _lines(rotated: Iterable[Rotated], environment: str, width: int) -> Iterator[Line]:
    found = list(rotated)
    yield (Span("Rotation in "), Span(name(environment), Style.TITLE))
    for one in found:
        mark, style = _STYLES[one.state]
        whose = name(one.entry) if one.entry else "the admin"
        text = f"{whose}: {rotated_sentence(one)}"
        yield from paragraph(shown(text), width=width, indent=2, mark=mark, mark_style=style)
    done = sum(one.state is State.ROTATED for one in found)
    yield (Span(f"{count(done, 'password')} rotated."),)


def _due_json(due: Due | None) -> dict[str, Any] | None:
    if due is None:
        return None
    return {
        "days": due.days,
        "since": None if due.since is None else due.since.isoformat(timespec="seconds"),
        "at": None if due.at is None else due.at.isoformat(timespec="seconds"),
        "is_due": due.is_due,
    }


def _day(moment: datetime | None) -> str:
    return "a day that nobody knows" if moment is None else f"{moment:%Y-%m-%d}"
