"""How the secrets of an environment stand, for people and for programs. Nothing secret is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any, Final

from pgtenant.audit.record import stamp
from pgtenant.report.document import EMPTY, Document, Line, Span, Style, document, line, paragraph
from pgtenant.report.jsonout import cleaned
from pgtenant.report.safe import name, shown
from pgtenant.report.table import table
from pgtenant.report.words import count
from pgtenant.rotation.due import Due
from pgtenant.rotation.health import Health, Works
from pgtenant.rotation.stages import Version

_HEAD: Final = ("entry", "login", "rotation", "age", "due", "versions", "password")
_ADMIN: Final = "(admin)"
_WORDS: Final = {
    Works.YES: "works",
    Works.NO: "does not work",
    Works.UNPROVEN: "not proven",
    Works.UNUSED: "not used",
}
_COUNTED: Final = _WORDS | {Works.YES: "proven", Works.NO: "not working"}
_MARKS: Final = {Works.NO: Style.BAD, Works.UNPROVEN: Style.WARN}


def status_text(
    healths: tuple[Health, ...], *, environment: str, width: int = 80, columns: int | None = None
) -> Document:
    """Return the table, what is to be said of single secrets, and a line that counts.

    Args:
        healths: the secrets.
        environment: whose.
        width: columns to wrap the notes at.
        columns: of the terminal, for the table; None for one as wide as it has to be.
    """
    return document(_status(healths, environment, width, columns))


def _status(
    healths: tuple[Health, ...], environment: str, width: int, columns: int | None
) -> Iterator[Line]:
    yield (Span("Secrets of "), Span(name(environment), Style.TITLE))
    yield EMPTY
    styles = [_MARKS.get(one.works, Style.WARN if one.is_due else Style.NORMAL) for one in healths]
    yield from table(_HEAD, [_cells(one) for one in healths], styles, columns=columns)
    yield EMPTY
    for one in healths:
        if one.note:
            style = _MARKS.get(one.works, Style.FAINT)
            said = f"{_entry(one)}: {shown(one.note)}"
            yield from paragraph(said, width=width, mark="*", mark_style=style)
    yield EMPTY
    found = Counter(one.works for one in healths)
    parts = [count(len(healths), "secret")]
    parts += [f"{found[works]} {_COUNTED[works]}" for works in Works if found[works]]
    due = sum(one.is_due for one in healths)
    parts += [f"{due} due: `pgtenant rotate -e {environment} --due`"] if due else []
    yield line(" · ".join(parts), Style.FAINT)


def _cells(one: Health) -> tuple[str, ...]:
    labels = ("current", "pending", "previous")
    found = one.versions
    there = [label for label in labels if found is not None and getattr(found, label) is not None]
    there += ["automatic"] if found is not None and found.automatic else []
    there += [f"kept by {shown(found.owner)}"] if found is not None and found.owner else []
    return (
        _entry(one),
        name(one.login) if one.login else "-",
        str(one.rotation or "-"),
        _age(one.due),
        _when(one.due),
        ", ".join(there) or "-",
        _WORDS[one.works],
    )


def _entry(one: Health) -> str:
    return name(one.entry) if one.entry else _ADMIN


def _age(due: Due | None) -> str:
    if due is None:
        return "-"
    return "unknown" if due.age is None else _days(due.age)


def _when(due: Due | None) -> str:
    if due is None:
        return "-"
    if due.at is None:
        return "now"
    date = due.at.astimezone(UTC).date().isoformat()
    return f"{date} (past)" if due.is_due else date


def _days(length: timedelta) -> str:
    return count(max(0, length.days), "day")


def status_json(healths: tuple[Health, ...], *, environment: str) -> dict[str, Any]:
    """Return the object that `schemas/secret.schema.json` describes."""
    found = Counter(one.works for one in healths)
    summary = {str(works): found[works] for works in Works}
    due = {"due": sum(one.is_due for one in healths)}
    return cleaned(
        {
            "environment": environment,
            "secrets": [_object(one) for one in healths],
            "summary": summary | due,
        }
    )


def _object(one: Health) -> dict[str, object]:
    versions, due = one.versions, one.due
    return {
        "entry": one.entry,
        "secret": one.secret,
        "login": one.login,
        "rotation": None if one.rotation is None else str(one.rotation),
        "versions": None
        if versions is None
        else {
            "current": _version(versions.current),
            "pending": _version(versions.pending),
            "previous": _version(versions.previous),
            "automatic": versions.automatic,
            "owner": versions.owner,
        },
        "due": None
        if due is None
        else {
            "days": due.days,
            "since": None if due.since is None else stamp(due.since),
            "at": None if due.at is None else stamp(due.at),
            "is_due": due.is_due,
        },
        "works": str(one.works),
        "note": one.note,
    }


def _version(version: Version | None) -> dict[str, object] | None:
    if version is None:
        return None
    created = None if version.created is None else stamp(version.created)
    return {"id": version.id, "created": created}
