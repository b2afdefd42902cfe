"""Earlier runs, from what a journal says of them: what each planned and never recorded; pure.

* `planned` opens the changes of a run, before its first one;
* a `record` closes its changes, except where the run could not know how they ended;
* a later run that holds the run lock compares what is open with the server. What it found in
  effect has a `record` with `settles`; then `settled` says what is still open, and of which runs;
* `run_finished` says it again. It is written when the run lock was given back already: of runs
  that began after its own it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pgtenant.audit.chain import Kind
from pgtenant.audit.intent import (
    Intent,
    Members,
    Planned,
    number,
    objects,
    read_planned,
    text,
    texts,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run works: one server with its run lock, and one catalog.

    Attributes:
        server: `host:port`.
    """

    environment: str
    server: str


def place_of(members: Members) -> Place:
    """Return the place that a record names."""
    return Place(text(members, "environment"), text(members, "server"))


@dataclass(frozen=True, slots=True)
class Open:
    """A change that a run planned and of which nobody knows whether it made it."""

    intent: Intent
    planned: Planned


@dataclass(slots=True)
class PastRun:
    """One run.

    Attributes:
        seq: of the record that opened it; tells runs apart that have the same id.
        exit_code: None when it has no end.
        cut_off: it ended without knowing how its last steps did.
        settled_by: the run that looked after it, or empty.
        left: the entries that are open to this day; None for all.
    """

    seq: int
    run_id: str
    command: str
    began: str
    actor: str
    place: Place
    exit_code: int | None = None
    cut_off: bool = False
    settled_by: str = ""
    left: frozenset[str] | None = None
    planned: dict[str, Open] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)

    @property
    def knows(self) -> bool:
        """Whether it ended, and knew how each of its steps did unless it says otherwise."""
        return self.exit_code is not None and not self.cut_off

    @property
    def open(self) -> tuple[Open, ...]:
        """What nobody knows of, in the plan's order."""
        return tuple(
            one
            for key, one in self.planned.items()
            if key not in self.closed
            and (not self.knows or key in self.doubtful)
            and (self.left is None or one.intent.entry in self.left)
        )


def replay(records: Iterable[Members]) -> tuple[PastRun, ...]:
    """Return every run that the records tell of.

    Args:
        records: in their order; may be any that anybody wrote, and begin anywhere.
    """
    told = _Runs()
    for members in records:
        told.add(members)
    return tuple(told.runs.values())


def is_checkpoint(members: Members) -> bool:
    """Return whether a record says of all runs before it what is still open."""
    return isinstance(members.get("unsettled"), list)


def started_in(members: Members) -> int:
    """Return the `seq` of the record that opened the run which a `run_finished` closes, or 0.

    Older journals lack it: there the last run of the same id is meant.
    """
    return number(members, "started") if text(members, "kind") == Kind.RUN_FINISHED else 0


def unsettled_in(members: Members) -> Iterator[tuple[int, str, frozenset[str]]]:
    """Yield of each run that a checkpoint leaves open: `seq`, `run_id`, and entries."""
    for one in objects(members, "unsettled"):
        yield number(one, "seq"), text(one, "run_id"), frozenset(texts(one, "entries"))


@dataclass(slots=True)
class _Runs:
    """The runs so far.

    Attributes:
        runs: by the `seq` of the record that opened each.
        current: the last one of each id.
        live: those of each place that no checkpoint has closed: few, however long the journal.
    """

    runs: dict[int, PastRun] = field(default_factory=dict)
    current: dict[str, PastRun] = field(default_factory=dict)
    live: dict[Place, dict[int, PastRun]] = field(default_factory=dict)

    def add(self, members: Members) -> None:
        kind, run_id = text(members, "kind"), text(members, "run_id")
        if kind == Kind.RUN_STARTED:
            self._open(run_id, _opened(members))
            return
        run = self.current.get(run_id)
        if (named := self.runs.get(started_in(members))) is not None and named.run_id == run_id:
            run = named
        if kind == Kind.RECORD:
            self._close(members, run)
        if kind == Kind.PLANNED and run is not None:
            self._plan(read_planned(members), run)
        if kind == Kind.RUN_FINISHED and run is not None:
            run.exit_code, run.cut_off = number(members, "exit_code"), bool(members.get("cut_off"))
        if is_checkpoint(members):
            self._settle(members, run)

    def _open(self, run_id: str, run: PastRun) -> None:
        self.current[run_id] = self.runs[run.seq] = run
        self.live.setdefault(run.place, {})[run.seq] = run

    def _plan(self, planned: Planned, run: PastRun) -> None:
        intents = {intent.id: Open(intent, planned) for intent in planned.intents}
        run.planned |= intents
        # Whoever plans a change has found that it is not in effect.
        for other in self.live.get(run.place, {}).values():
            if other is not run:
                other.closed |= intents.keys() & other.planned.keys()

    def _close(self, members: Members, run: PastRun | None) -> None:
        changes = set(texts(members, "changes"))
        settles = members.get("settles")
        if isinstance(settles, dict):
            run, changes = self.runs.get(number(settles, "seq")), set(texts(settles, "changes"))
        if run is None:
            return
        if members.get("in_doubt"):
            run.doubtful |= changes
        else:
            run.closed |= changes

    def _settle(self, members: Members, by: PastRun | None) -> None:
        """Close the runs that a checkpoint knows of, but those that it names."""
        live = self.live.get(place_of(members), {})
        left = {seq: entries for seq, _, entries in unsettled_in(members)}
        ended = text(members, "kind") == Kind.RUN_FINISHED
        newest = by.seq if by is not None else 0
        for seq, run in list(live.items()):
            if seq <= newest if ended else run is not by:
                run.left = left.get(seq, frozenset())
                if not run.left:
                    del live[seq]
        for one in objects(members, "looked_at"):
            if (looked_at := self.runs.get(number(one, "seq"))) is not None:
                looked_at.settled_by = text(members, "run_id")


def _opened(members: Members) -> PastRun:
    return PastRun(
        seq=number(members, "seq"),
        run_id=text(members, "run_id"),
        command=text(members, "command"),
        began=text(members, "timestamp_utc"),
        actor=text(members, "actor"),
        place=place_of(members),
    )
