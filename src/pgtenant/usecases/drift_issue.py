"""`pgtenant fleet drift-issue --publish`: one issue as long as anything differs, and none else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pgtenant.forge.model import Issue, Issues
from pgtenant.report.drift_issue import BEGIN, LABEL, TITLE, all_gone, drift_body
from pgtenant.report.fleet import Result


class Done(StrEnum):
    """What became of the issue."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Kept:
    """An issue, and what was done with it."""

    issue: Issue
    done: Done


def keep_issue(forge: Issues, results: Sequence[Result], *, run: str = "") -> tuple[Kept, ...]:
    """Open the issue, or bring the open one up to date, or close it when nothing is left.

    Where there are several, which only a person can have made, the oldest is kept and all are
    closed. For one caller at a time: two that find none open one each.

    Args:
        forge: where the issues are.
        results: each environment's plan.
        run: the address of the run that made them.

    Returns:
        What was done; nothing when there is no issue and none is needed.

    Raises:
        ForgeError: the forge does not answer, or refuses.
        UsageError: the issue has no room.
    """
    gone = all_gone(results)
    found = [one for one in forge.issues(LABEL) if BEGIN in one.body]
    if not found and not gone:
        opened = forge.create_issue(TITLE, drift_body("", results, run=run), [LABEL])
        return (Kept(opened, Done.OPENED),)
    kept = []
    for issue in found if gone else found[:1]:
        forge.update_issue(issue.number, issue.title, drift_body(issue.body, results, run=run))
        if gone:
            forge.close_issue(issue.number, "Every environment is as its catalog says.")
        kept.append(Kept(issue, Done.CLOSED if gone else Done.UPDATED))
    return tuple(kept)
