"""The runs in a journal; pure."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Final, TypeGuard

from pgtenant.audit.chain import Kind, Link
from pgtenant.audit.history import replay, started_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgtenant.audit.history import PastRun

_OF_NO_RUN: Final = frozenset({Kind.COLLECTED, Kind.TORN})


def notes_on(links: Sequence[Link]) -> tuple[str, ...]:
    """Return what is in order and yet worth to know: crashes, and runs that have no end."""
    return (*_torn(links), *_unfinished(links))


def unfinished(links: Sequence[Link]) -> dict[int, Link]:
    """Return the records that opened runs which no record closes, by their `seq`."""
    return {
        start: started
        for start, run in runs_of(links).items()
        if not any(link.text("kind") == Kind.RUN_FINISHED for link in run)
        for started in run
        if started.seq == start and started.text("kind") == Kind.RUN_STARTED
    }


def runs_of(links: Sequence[Link]) -> dict[int, list[Link]]:
    """Return the records of each run, by the `seq` of its `run_started`.

    An id may be used again, by mistake or when a job is repeated: those are two runs.
    """
    runs: dict[int, list[Link]] = {}
    current: dict[str, int] = {}
    for link, after in zip_longest(links, links[1:]):
        run_id = link.text("run_id")
        if not run_id and link.text("kind") in _OF_NO_RUN:
            continue
        if link.text("kind") == Kind.RUN_STARTED:
            current[run_id] = link.seq
        elif link.text("kind") == Kind.TORN and _opens(after, run_id):
            current[run_id] = after.seq  # a run mends the file before it opens itself there
        start = started_in(link.members)
        if start not in runs or runs[start][-1].text("run_id") != run_id:
            start = current.setdefault(run_id, link.seq)
        runs.setdefault(start, []).append(link)
    return runs


def _opens(link: Link | None, run_id: str) -> TypeGuard[Link]:
    if link is None:
        return False
    return link.text("kind") == Kind.RUN_STARTED and link.text("run_id") == run_id


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
        f"run {started.text('run_id')} (since {started.text('timestamp_utc')}, seq {seq}) has no"
        " end: it still works, or it was killed"
        + (f"; run {by} has settled what it left open" if (by := settled.get(seq)) else "")
        for seq, started in killed.items()
    ]
