"""The steps of a bootstrap as audit rows."""

from __future__ import annotations

from typing import assert_never

from pgtenant.audit.record import Action, Status
from pgtenant.planning.bootstrap import Batch, CreateDelegate, GrantAdmin, GrantGroup, Step
from pgtenant.planning.changes import AlterRole, GrantDatabase, RevokeDatabase, UpdatePassword
from pgtenant.planning.sql.delegation import batch_script
from pgtenant.planning.sql.script import Lending
from pgtenant.planning.sql.text import as_text
from pgtenant.report.delegated import step_sentence
from pgtenant.usecases.recorder import Row
from pgtenant.usecases.rows import action_of, attempted, short


def batch_rows(
    batch: Batch,
    lending: Lending,
    role: str,
    status: Status,
    *,
    duration: float = 0.0,
    because: str = "",
) -> list[Row]:
    """Return one row for each action and database of a batch, in order.

    Args:
        batch: what commits together.
        lending: how the master borrows.
        role: the delegated admin.
        status: how the batch ended.
        duration: seconds all of it took.
        because: an error's text.
    """
    grouped: dict[tuple[Action, str], list[str]] = {}
    for step in batch.steps:
        key = (_action(step), getattr(step, "database", ""))
        grouped.setdefault(key, []).append(step_sentence(step))
    texts = tuple(as_text(statement.text) for statement in batch_script(batch, lending))
    return [
        Row(
            database=database,
            username=role,
            sql=texts,
            action=action,
            status=status,
            message=short(attempted(sentences, because)),
            duration=duration,
        )
        for (action, database), sentences in grouped.items()
    ]


def _action(step: Step) -> Action:
    match step:
        case CreateDelegate():
            return Action.CREATE_ROLE
        case GrantAdmin() | GrantGroup():
            return Action.APPLY_GRANTS
        case AlterRole() | UpdatePassword() | GrantDatabase() | RevokeDatabase():
            return action_of(step)
        case _:
            assert_never(step)
