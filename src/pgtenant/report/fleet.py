"""What became of several environments: one result each, and all of them for programs.

A result holds what `plan --format json` or `apply --format json` says of one environment. So a
report is the same whether one process went through all of them or each had its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pgtenant.errors import CatalogError, ExitCode, PgtenantError
from pgtenant.report.errors import problem_line
from pgtenant.report.jsonout import cleaned

WORST_FIRST: Final = (
    ExitCode.FAILED,
    ExitCode.USAGE,
    ExitCode.APPROVAL_REQUIRED,
    ExitCode.CHANGES,
    ExitCode.BLOCKED,
    ExitCode.CONVERGED,
)
"""What the exit code of several environments is: the first of these that one of them has."""

FAILURES: Final = frozenset({ExitCode.FAILED, ExitCode.USAGE, ExitCode.APPROVAL_REQUIRED})
"""Those of them after which no further environment is begun."""


class State(StrEnum):
    """What became of an environment."""

    CONVERGED = "converged"
    CHANGES = "changes"
    BLOCKED = "blocked"
    FAILED = "failed"
    APPROVAL_REQUIRED = "approval_required"
    INVALID = "invalid"
    NOT_STARTED = "not_started"


_BY_CODE: Final = {
    ExitCode.FAILED: State.FAILED,
    ExitCode.USAGE: State.INVALID,
    ExitCode.APPROVAL_REQUIRED: State.APPROVAL_REQUIRED,
    ExitCode.CHANGES: State.CHANGES,
    ExitCode.BLOCKED: State.BLOCKED,
}


@dataclass(frozen=True, slots=True)
class Told:
    """An error as JSON has it.

    Attributes:
        code: empty where it is none of pgtenant's own, or of a report that had none.
    """

    message: str
    hint: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one environment.

    Attributes:
        wave: when its turn was, the lowest first.
        exit_code: None when it was not begun.
        plan: what `plan --format json` says; None when there is none.
        apply: the same of `apply`.
        errors: what failed.
    """

    environment: str
    wave: int
    exit_code: ExitCode | None = None
    plan: Mapping[str, Any] | None = None
    apply: Mapping[str, Any] | None = None
    errors: tuple[Told, ...] = ()

    @property
    def state(self) -> State:
        """What it comes to; a plan with changes is one at any exit code that is no failure."""
        if self.exit_code is None:
            return State.NOT_STARTED
        if found := _BY_CODE.get(self.exit_code):
            return found
        summary = self.summary
        if self.plan is not None and summary.get("changes"):
            return State.CHANGES
        return State.BLOCKED if summary.get("blocked") else State.CONVERGED

    @property
    def summary(self) -> Mapping[str, int]:
        """The counts of its plan or its run."""
        found = (self.plan or self.apply or {}).get("summary", {})
        return found if isinstance(found, Mapping) else {}


def told(error: PgtenantError) -> Told:
    """Return an error for a report, with every problem of a catalog."""
    if isinstance(error, CatalogError):
        lines = "\n".join(map(problem_line, error.problems))
        return Told(f"{error.message}\n{lines}", error.hint, error.code)
    return Told(error.message, error.hint, error.code)


def worst(results: Iterable[Result]) -> ExitCode:
    """Return the exit code of all: the first in `WORST_FIRST` that one of them has.

    One that was not begun, and no failure that would say why: its result is lost.
    """
    codes = {result.exit_code for result in results}
    if None in codes and not codes & FAILURES:
        return ExitCode.FAILED
    return next((code for code in WORST_FIRST if code in codes), ExitCode.CONVERGED)


def counted(results: Iterable[Result]) -> Counter[State]:
    """Return how many are in each state."""
    return Counter(result.state for result in results)


def ordered(results: Iterable[Result]) -> list[Result]:
    """Return them by wave; within one they stay as they are."""
    return sorted(results, key=lambda result: result.wave)


def fleet_json(command: str, results: Sequence[Result]) -> dict[str, Any]:
    """Return the report as the object that `schemas/fleet.schema.json` describes.

    Args:
        command: what was asked for, such as `apply --dry-run`; empty when it is not known.
        results: each environment's.
    """
    counts = counted(results)
    return cleaned(
        {
            "command": command,
            "environments": [_result(result) for result in ordered(results)],
            "summary": {
                "environments": len(results),
                **{str(state): counts[state] for state in State},
            },
            "exit_code": int(worst(results)),
        }
    )


def _result(result: Result) -> dict[str, object]:
    members: dict[str, object] = {
        "environment": result.environment,
        "wave": result.wave,
        "state": str(result.state),
        "exit_code": None if result.exit_code is None else int(result.exit_code),
        "errors": [
            {"code": one.code, "message": one.message, "hint": one.hint} for one in result.errors
        ],
    }
    if result.plan is not None:
        members["plan"] = result.plan
    if result.apply is not None:
        members["apply"] = result.apply
    return members
