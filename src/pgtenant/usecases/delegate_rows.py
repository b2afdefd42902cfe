"""The steps of a bootstrap as audit rows, and in the journal before they are taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, assert_never

from pgtenant.audit.history import Open, PastRun
from pgtenant.audit.intent import Intent, Planned
from pgtenant.audit.record import Action, Status
from pgtenant.planning.bootstrap import (
    Batch,
    CreateDelegate,
    Delegation,
    GrantAdmin,
    GrantGroup,
    Step,
)
from pgtenant.planning.changes import AlterRole, GrantDatabase, RevokeDatabase, UpdatePassword
from pgtenant.planning.effects import Effect, effect_of_step
from pgtenant.planning.evidence import shown_by_delegation
from pgtenant.planning.sql.delegation import batch_script
from pgtenant.planning.sql.script import Lending
from pgtenant.planning.sql.text import as_text
from pgtenant.report.delegated import step_sentence
from pgtenant.usecases.recorder import Row
from pgtenant.usecases.rows import action_of, attempted, short
from pgtenant.usecases.settle import Finding, Judge, compared, needed_by

STORING: Final = Effect((str(Action.STORE_SECRET),))
"""What comes before the steps, when the delegated admin's secret is not there yet."""


def batch_rows(
    batch: Batch,
    lending: Lending,
    role: str,
    status: Status,
    *,
    duration: float = 0.0,
    because: str = "",
    in_doubt: bool = False,
) -> list[Row]:
    """Return one row for each action and database of a batch, in order.

    Args:
        batch: what commits together.
        lending: how the master borrows.
        role: the delegated admin.
        status: how the batch ended.
        duration: seconds all of it took.
        because: an error's text.
        in_doubt: whether it was carried out is not known.
    """
    grouped: dict[tuple[Action, str], list[Step]] = {}
    for step in batch.steps:
        key = (_action(step), getattr(step, "database", ""))
        grouped.setdefault(key, []).append(step)
    texts = tuple(as_text(statement.text) for statement in batch_script(batch, lending))
    return [
        Row(
            database=database,
            username=role,
            sql=texts,
            action=action,
            status=status,
            message=short(attempted(map(step_sentence, together), because)),
            duration=duration,
            changes=tuple(effect_of_step(step).id for step in together),
            in_doubt=in_doubt,
        )
        for (action, database), together in grouped.items()
    ]


def planned_steps(batches: Iterable[Batch], role: str, secret: str) -> tuple[Planned, ...]:
    """Return what a bootstrap is about to do, for its journal.

    Args:
        batches: the steps.
        role: the delegated admin.
        secret: the secret that will be stored; empty when it is there.
    """

    def intent(effect: Effect, action: Action, says: str, database: str = "") -> Intent:
        return Intent(
            id=effect.id,
            entry="",
            username=role,
            database=database,
            action=str(action),
            says=says,
            target=effect.target,
            objects=effect.objects,
            details=effect.details,
        )

    intents = [intent(STORING, Action.STORE_SECRET, f"{secret} stored")] if secret else []
    for step in (step for batch in batches for step in batch.steps):
        database = getattr(step, "database", "")
        intents.append(intent(effect_of_step(step), _action(step), step_sentence(step), database))
    return (Planned(group="", declared="", intents=tuple(intents)),) if intents else ()


def by_steps(batches: Iterable[Batch], state: Delegation, command: str, *, storing: bool) -> Judge:
    """Return what judges earlier runs of the same command for the same delegated admin."""
    steps = [effect_of_step(step) for batch in batches for step in batch.steps]
    needed = needed_by([*steps, STORING] if storing else steps)

    def judge(run: PastRun, one: Open) -> tuple[Finding, str]:
        if run.command != command or one.intent.username != state.role:
            return Finding.LATER, ""
        return compared(one.intent, needed, lambda effect: shown_by_delegation(effect, state))

    return judge


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
