"""What became of an earlier retirement's steps that no record tells of."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from pgtenant.audit.history import Open, PastRun
from pgtenant.audit.record import Action
from pgtenant.planning.effects import Effect, effect_of_retirement
from pgtenant.planning.evidence import shown
from pgtenant.planning.observed import Observed
from pgtenant.planning.retirement.steps import (
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
from pgtenant.usecases.rows import action_of
from pgtenant.usecases.settle import Finding, Judge, compared, needed_by

_DROPS: Final = frozenset({DropDatabase.kind, DropRole.kind})


def by_retirement(keys: Collection[str], steps: Iterable[Step], observed: Observed) -> Judge:
    """Return what judges earlier retirements of the same entries.

    Args:
        keys: of the entries.
        steps: what is still to be done.
        observed: the server.
    """
    needed = needed_by(map(effect_of_retirement, steps))

    def is_shown(effect: Effect) -> bool:
        return shown(effect, observed)

    def judge(run: PastRun, one: Open) -> tuple[Finding, str]:
        if not run.command.startswith("retire") or one.intent.entry not in keys:
            return Finding.LATER, ""
        if one.intent.action == Action.END_SESSION:
            return Finding.UNKNOWN, "a session that is gone does not say who ended it"
        kind, *names = one.intent.target
        there = observed.roles.keys() | observed.databases.keys()
        if kind in _DROPS and there.issuperset(names):
            return Finding.NEEDED, ""  # what is there was not dropped, whether it still is to be
        return compared(one.intent, needed, is_shown)

    return judge


def action_of_step(step: Step) -> Action:  # noqa: PLR0911 - one arm for each kind of step
    """Return the audit action of a step."""
    match step:
        case CleanUp():
            return Action.CLEAN_UP
        case ReleaseDatabase():
            return Action.CONFIGURE_DATABASE
        case DropDatabase():
            return Action.DROP_DATABASE
        case DropRole():
            return Action.DROP_ROLE
        case MakeDumper():
            return Action.CREATE_ROLE
        case MakeScratch():
            return Action.CREATE_DATABASE
        case OpenScratch() | SetRowSecurity():
            return Action.CONFIGURE_DATABASE
        case _:
            return action_of(step)
