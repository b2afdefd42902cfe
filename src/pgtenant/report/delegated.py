"""A bootstrap's steps, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

from pgtenant.planning.authority import Missing
from pgtenant.planning.bootstrap import Batch, CreateDelegate, GrantAdmin, GrantGroup, Step
from pgtenant.planning.changes import AlterRole, GrantDatabase, RevokeDatabase, UpdatePassword
from pgtenant.planning.sql.delegation import batch_script
from pgtenant.planning.sql.script import Lending
from pgtenant.planning.sql.text import as_text
from pgtenant.report.describe import describe, mark_of
from pgtenant.report.document import EMPTY, document, line, paragraph
from pgtenant.report.safe import name, shown


def describe_step(step: Step) -> str:
    """Return what a step does, on one line, free of control characters."""
    match step:
        case CreateDelegate():
            return (
                f"role {name(step.role)}  (LOGIN CREATEROLE CREATEDB,"
                f" password from {shown(step.secret)})"
            )
        case GrantAdmin():
            return f"{name(step.to)} may administer {name(step.role)} (ADMIN, no INHERIT, no SET)"
        case GrantGroup():
            return f"{name(step.role)} is a member of {name(step.group)}"
        case UpdatePassword():
            return f"role {name(step.role)}  password set from {shown(step.secret)}"
        case AlterRole() | GrantDatabase() | RevokeDatabase():
            return describe(step)
        case _:
            assert_never(step)


def step_sentence(step: Step) -> str:
    """Return what a step does, for the middle of a text: without the columns of a list."""
    return " ".join(describe_step(step).split())


def steps_text(batches: Iterable[Batch], heading: str, *, width: int = 80) -> str:
    """Return the steps as lines for people."""
    lines = [line(heading), EMPTY]
    steps = [step for batch in batches for step in batch.steps]
    for step in steps:
        lines += paragraph(describe_step(step), width=width, indent=2, mark=_mark(step))
    if not steps:
        lines.append(line("  nothing to do: all of it is there already"))
    return str(document(lines))


def left_text(left: Iterable[Missing]) -> str:
    """Return what is left to others, as lines for people; empty when nothing is."""
    lines: list[str] = []
    for missing in left:
        lines.append(f"  ! {shown(missing.message)}")
        if missing.statement:
            lines.append(f"      {shown(missing.statement)};  -- as {shown(missing.executor)}")
    return "\n".join(["", "Left for others:", "", *lines, ""]) if lines else ""


def steps_json(batches: Iterable[Batch], left: Iterable[Missing], lending: Lending) -> Any:
    """Return the same for `--format json`."""
    return {
        "steps": [
            {"kind": step.kind, "description": describe_step(step)}
            for batch in batches
            for step in batch.steps
        ],
        "transactions": [
            [as_text(statement.text) for statement in batch_script(batch, lending)]
            for batch in batches
        ],
        "left": [
            {"message": m.message, "statement": m.statement, "executor": m.executor} for m in left
        ],
    }


def _mark(step: Step) -> str:
    if isinstance(step, CreateDelegate | GrantAdmin | GrantGroup):
        return "+"
    return mark_of(step)
