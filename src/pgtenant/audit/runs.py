"""The runs in a journal; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgtenant.audit.chain import Kind, Link
from pgtenant.audit.history import replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgtenant.audit.history import PastRun


def notes_on(links: Sequence[Link]) -> tuple[str, ...]:
    """Return what is in order and yet worth to know: crashes, and runs that have no end."""
    return (*_torn(links), *_unfinished(links))


def unfinished(links: Iterable[Link]) -> dict[str, Link]:
    """Return the records that opened runs which no record closes, by run id."""
    runs: dict[str, Link] = {}
    for link in links:
        if link.text("kind") == Kind.RUN_STARTED:
            runs[link.text("run_id")] = link
        elif link.text("kind") == Kind.RUN_FINISHED:
            runs.pop(link.text("run_id"), None)
    return runs


def runs_of(links: Iterable[Link]) -> dict[str, list[Link]]:
    """Return the records of each run, by run id."""
    runs: dict[str, list[Link]] = {}
    for link in links:
        runs.setdefault(link.text("run_id"), []).append(link)
    return runs


def listed(links: Iterable[Link]) -> tuple[str, ...]:
    """Return a line for each run, oldest first: when, which, what, who, and how it ended."""
    return tuple(
        f"{run.began}  {run.run_id}  {run.command}  {run.place.environment}"
        f" {run.place.server}  {run.actor}  {_ended(run)}"
        for run in replay(link.members for link in links)
    )


def _ended(run: PastRun) -> str:
    said = f"exit code {run.exit_code}" if run.exit_code is not None else "no end"
    if run.cut_off:
        said += ", cut off"
    if run.settled_by:
        said += f", settled by run {run.settled_by}"
    if run.open:
        said += f", {len(run.open)} planned change(s) open"
    return said


def _torn(links: Iterable[Link]) -> list[str]:
    return [
        f"seq {link.seq}: before it, a run was cut off in the middle of a record (a crash, or a"
        f" cut by hand); the {link.text('bytes')} bytes that were left are kept in it"
        for link in links
        if link.text("kind") == Kind.TORN
    ]


def _unfinished(links: Iterable[Link]) -> list[str]:
    links = tuple(links)
    killed = unfinished(links)
    settled = {run.seq: run.settled_by for run in replay(link.members for link in links)}
    return [
        f"run {run_id} (since {started.text('timestamp_utc')}, seq {started.seq}) has no end: it"
        " still works, or it was killed"
        + (f"; run {by} has settled what it left open" if (by := settled.get(started.seq)) else "")
        for run_id, started in killed.items()
    ]
