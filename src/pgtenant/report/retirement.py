"""A retirement's steps, and what stands in its way, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    GrantDatabase,
    MarkRole,
    RevokeColumns,
    RevokeDatabase,
    RevokeDefault,
    RevokeObjects,
    TakeOverDatabase,
)
from pgtenant.planning.retirement.steps import (
    Batch,
    CleanUp,
    DropDatabase,
    DropRole,
    MakeDumper,
    MakeScratch,
    OpenScratch,
    ReleaseDatabase,
    SetRowSecurity,
    Step,
)
from pgtenant.planning.retirement.told import is_told
from pgtenant.planning.retirement.view import View
from pgtenant.planning.sql.retirement import retirement_script
from pgtenant.planning.sql.script import Lending
from pgtenant.planning.sql.text import as_text
from pgtenant.report.describe import Mark, describe, mark_of
from pgtenant.report.document import EMPTY, Document, Line, Span, Style, document, line, paragraph
from pgtenant.report.safe import name, shown
from pgtenant.report.text import STYLES, blocked_lines
from pgtenant.report.words import some

_MOST = 20


def describe_step(step: Step) -> str:  # noqa: PLR0911 - one arm for each kind of step
    """Return what a step does, on one line, free of control characters."""
    match step:
        case CleanUp():
            return (
                f"role {name(step.role)} loses all it has in database {name(step.database)}:"
                f" {some(step.items, _MOST)}"
            )
        case ReleaseDatabase():
            return (
                f"database {name(step.database)}  owner {name(step.owner)} -> {name(step.admin)},"
                " to be dropped"
            )
        case DropDatabase():
            return f"database {name(step.database)} is dropped with all that is in it"
        case DropRole():
            return f"role {name(step.role)} is dropped with its memberships"
        case MakeDumper():
            of = f"with the rights of {name(step.of)}" if step.of else "to restore it, without any"
            return f"role {name(step.role)}  made for the dump, {of}"
        case SetRowSecurity():
            word = "forced again" if step.forced else "not forced during the dump"
            tables = some([".".join(table) for table in step.tables], _MOST)
            return f"row security {word} in database {name(step.database)}: {tables}"
        case MakeScratch():
            return f"database {name(step.database)} made to restore the dump into"
        case OpenScratch():
            return (
                f"database {name(step.database)}  closed to PUBLIC, opened for {name(step.owner)}"
            )
        case (
            AlterRole()
            | MarkRole()
            | AlterDatabase()
            | TakeOverDatabase()
            | GrantDatabase()
            | RevokeDatabase()
            | RevokeObjects()
            | RevokeDefault()
            | RevokeColumns()
        ):
            return describe(step)
        case _:
            assert_never(step)


def step_sentence(step: Step) -> str:
    """Return what a step does, for the middle of a text: without the columns of a list."""
    return " ".join(describe_step(step).split())


def retirement_text(view: View, environment: str, *, width: int = 80) -> Document:
    """Return the steps, what is in their way, and what else there is to know."""
    return document(_lines(view, environment, width))


def retirement_json(view: View) -> dict[str, Any]:
    """Return the member that a retirement adds to the object of a run."""
    return {
        "retirement": {
            "entry": view.entry,
            "stage": view.stage,
            "steps": [
                {"kind": step.kind, "description": step_sentence(step)}
                | ({"items": list(step.items)} if isinstance(step, CleanUp) else {})
                for batch in view.batches
                for step in batch.steps
            ],
            "transactions": [
                {"database": batch.database or "", "sql": texts_of(batch, view.lending)}
                for batch in view.batches
                if not (view.told and is_told(batch))
            ],
            "blocked": [
                {
                    "reason": b.reason,
                    "code": b.code,
                    "statement": b.statement,
                    "executor": b.executor,
                }
                for b in view.blocked
            ],
            "notes": list(view.notes),
            "waits": view.waits,
        }
    }


def ended_text(view: View, *, dry_run: bool) -> str:
    """Return how a stage ended, on one line; nothing for one that something was in the way of."""
    if view.blocked:
        return ""
    if dry_run:
        return "Nothing was changed: a dry run.\n"
    key = name(view.entry)
    if view.waits:
        return f"{key} is on its way: {view.waits}.\n"
    match view.stage:
        case "disable":
            return f"{key} is out of service; --undo takes it back.\n"
        case "undo":
            return f"{key} is in service again.\n"
        case _:
            return f"{key} is gone.\n"


def texts_of(batch: Batch, lending: Lending) -> list[str]:
    """Return the statements of a batch as text, as they are sent."""
    return [as_text(statement.text) for statement in retirement_script(batch, lending)]


def _lines(view: View, environment: str, width: int) -> Iterator[Line]:
    yield (
        Span(f"{view.stage.capitalize()} "),
        Span(name(view.entry), Style.TITLE),
        Span(" in "),
        Span(name(environment), Style.TITLE),
    )
    for step in (step for batch in view.batches for step in batch.steps):
        mark = _mark(step)
        yield from paragraph(
            describe_step(step), width=width, indent=2, mark=mark, mark_style=STYLES[mark]
        )
    if not view.batches and not view.blocked:
        yield line("  nothing to do", Style.FAINT)
    if view.blocked:
        yield EMPTY
        yield line("In the way: nothing is changed", Style.BAD)
        yield from blocked_lines(view.blocked, width)
    for note in view.notes:
        yield EMPTY
        yield from paragraph(shown(note), width=width)


def _mark(step: Step) -> Mark:
    match step:
        case CleanUp() | DropDatabase() | DropRole():
            return Mark.REMOVE
        case ReleaseDatabase() | SetRowSecurity() | OpenScratch():
            return Mark.ALTER
        case MakeDumper() | MakeScratch():
            return Mark.ADD
        case _:
            return mark_of(step)
