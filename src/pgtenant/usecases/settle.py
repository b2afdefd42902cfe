"""What earlier runs may have changed without a record: compared with the server, and said.

A run can end between a `COMMIT` and the record of it. Its journal says what it was about to do;
what of that the server shows to be done gets its record here. Whoever calls this
holds the run lock, so that no run is looked at while it still works.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from pgtenant.audit.history import Open, PastRun, Place
from pgtenant.audit.intent import Intent, Planned
from pgtenant.audit.lookback import History, look_back
from pgtenant.audit.record import Action, Status
from pgtenant.planning.changes import Change, CreateDatabase, CreateRole, CreateSecond, database_of
from pgtenant.planning.desired import Desired
from pgtenant.planning.effects import Effect, Part, effect_of
from pgtenant.planning.evidence import shown
from pgtenant.planning.observed import Observed, PasswordState
from pgtenant.planning.plan import Plan
from pgtenant.report.describe import sentence
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.recorder import Recorder, Row, Settlement
from pgtenant.usecases.rows import action_of, short

_THEIR_OWN = ("bootstrap", "retire", "tenant")
"""Commands whose runs the next run of the same command looks at."""

_PASSWORDS = frozenset({"update_password", "use_password"})


class Finding(StrEnum):
    """What became of a change that an earlier run planned and never recorded."""

    IN_EFFECT = "in_effect"
    NEEDED = "needed"
    UNKNOWN = "unknown"
    LATER = "later"


Judge = Callable[[PastRun, Open], tuple[Finding, str]]
"""Returns the finding, and for `UNKNOWN` why nothing more can be known."""


def planned_by(plan: Plan, desired: Desired) -> tuple[Planned, ...]:
    """Return what a plan is about to change, by group."""
    declared = _declared(desired)
    return tuple(
        Planned(
            group=group.database,
            declared=declared(group.database),
            intents=tuple(
                _intent(change, desired)
                for transaction in group.transactions
                for change in transaction.changes
            ),
        )
        for group in plan.groups
    )


async def settle(recorder: Recorder, inputs: Inputs, judge: Judge) -> Settlement:
    """Look at what earlier runs left open; nothing is written yet.

    Args:
        recorder: of the run, which holds the run lock.
        inputs: the run's.
        judge: compares with the server.

    Raises:
        AuditError: the journal can't be read.
    """
    place, history = await history_of(recorder, inputs)
    return settlement_of(history, judge, inputs.desired, place)


async def history_of(recorder: Recorder, inputs: Inputs) -> tuple[Place, History]:
    """Return where a run works, and what earlier runs left open there.

    Raises:
        AuditError: the journal can't be read.
    """
    place = Place(inputs.environment, server_of(inputs))
    return place, await asyncio.to_thread(look_back, recorder.audit.journal.path, place)


def server_of(inputs: Inputs) -> str:
    """Return the server that a run is about, as its journal names it."""
    return f"{inputs.admin.host}:{inputs.admin.port}"


def settlement_of(history: History, judge: Judge, desired: Desired, place: Place) -> Settlement:
    """Judge what earlier runs left open."""
    rows = [_lost_row(lost.run_id) for lost in history.lost]
    if not history.complete:
        rows.append(_lost_row(""))
    looked_at: list[Mapping[str, object]] = []
    unsettled: list[Mapping[str, object]] = []
    for run in history.runs:
        found = [(one.intent, *judge(run, one)) for one in run.open]
        # An entry is settled as a whole: what is left to a later run is named by entries.
        later = {intent.entry for intent, finding, _ in found if finding is Finding.LATER}
        settled = [one for one in found if one[0].entry not in later]
        if later:
            name = {"run_id": run.run_id, "seq": run.seq}
            unsettled.append({**name, "entries": sorted(later)})
        if settled or not (later or run.knows or run.settled_by):
            looked_at.append(_summary(run, settled))
        rows += _rows(run, settled, desired)
    return Settlement(tuple(rows), tuple(looked_at), tuple(unsettled), place.server)


def nothing_yet(_run: PastRun, _one: Open) -> tuple[Finding, str]:
    """Judge nothing: a run that does not look at whole entries leaves it to the next `apply`."""
    return Finding.LATER, ""


@dataclass(frozen=True, slots=True)
class ByPlan:
    """Judges by the plan of an apply, and by what the server shows.

    Attributes:
        plan: the present one.
        observed: the server that it was made for.
        desired: the whole catalog.
        selected: the keys that the plan is limited to, or None.
    """

    plan: Plan
    observed: Observed
    desired: Desired
    selected: frozenset[str] | None
    _needed: dict[tuple[str, ...], frozenset[Part]] = field(init=False, repr=False, compare=False)
    _anew: frozenset[str] = field(init=False, repr=False, compare=False)
    _looked_at: frozenset[str] = field(init=False, repr=False, compare=False)
    _declared: Callable[[str], str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_needed", needed_by(map(effect_of, self.plan.changes)))
        anew = (
            change.role if isinstance(change, CreateRole | CreateSecond) else change.database
            for change in self.plan.changes
            if isinstance(change, CreateRole | CreateSecond | CreateDatabase)
        )
        object.__setattr__(self, "_anew", frozenset(anew))
        entries = set(self.plan.entries) - set(self.plan.blocked_entries)
        unread = set(self.plan.incomplete)
        seen = (e for e in entries if self.desired.by_entry[e].database not in unread)
        object.__setattr__(self, "_looked_at", frozenset(seen))
        object.__setattr__(self, "_declared", _declared(self.desired))

    def __call__(self, run: PastRun, one: Open) -> tuple[Finding, str]:
        """Return what became of a change."""
        intent = one.intent
        if intent.action == Action.END_SESSION:
            return Finding.UNKNOWN, "a session that is gone does not say who ended it"
        if run.command.startswith(_THEIR_OWN) or not self._saw(intent):
            return Finding.LATER, ""
        finding, why = compared(intent, self._needed, lambda e: shown(e, self.observed))
        if finding is Finding.NEEDED:
            return finding, ""
        if self._declared(one.planned.group) != one.planned.declared:
            return Finding.UNKNOWN, "the catalog, or the run's options, ask for something else now"
        if (intent.database or "".join(intent.target[1:2])) in self._anew:
            return Finding.UNKNOWN, "what it was about is gone, and is made anew"
        return finding, why

    def _saw(self, intent: Intent) -> bool:
        """Return whether the plan would show the change if it were still to be made."""
        role = self.desired.by_entry.get(intent.entry)
        if role is None:
            return self.selected is None
        if intent.entry not in self._looked_at:
            return False
        there = self.observed.roles.get(role.login)
        unproven = there is not None and there.password is PasswordState.UNPROVEN
        return not (unproven and _PASSWORDS.intersection(intent.target[:1]))


def needed_by(effects: Iterable[Effect]) -> dict[tuple[str, ...], frozenset[Part]]:
    """Return what is still to be done, by target."""
    needed: dict[tuple[str, ...], frozenset[Part]] = {}
    for effect in effects:
        needed[effect.target] = needed.get(effect.target, frozenset()) | effect.parts
    return needed


def compared(
    intent: Intent,
    needed: Mapping[tuple[str, ...], frozenset[Part]],
    is_shown: Callable[[Effect], bool],
) -> tuple[Finding, str]:
    """Return what became of a change: one that is needed no more was not therefore made.

    Args:
        intent: the change.
        needed: what is still to be done.
        is_shown: whether the server shows that a change is in effect.
    """
    objects, details = set(intent.objects or ("",)), set(intent.details or ("",))
    left = needed.get(intent.target, frozenset())
    met = sum(part in objects and detail in details for part, detail in left)
    if met == len(objects) * len(details):
        return Finding.NEEDED, ""
    if met:
        return Finding.UNKNOWN, "a part of it is still to be done"
    if _PASSWORDS.intersection(intent.target[:1]):
        return Finding.UNKNOWN, "that a password fits does not tell who set it, or when"
    if not is_shown(Effect(intent.target, intent.objects, intent.details)):
        return Finding.UNKNOWN, (
            "it is not needed any more, and the server does not show why: what it was about may"
            " be gone"
        )
    return Finding.IN_EFFECT, ""


def _intent(change: Change, desired: Desired) -> Intent:
    effect, role = effect_of(change), desired.by_entry.get(change.entry)
    return Intent(
        id=effect.id,
        entry=change.entry,
        username=role.name if role else "",
        database=database_of(change),
        action=str(action_of(change)),
        says=sentence(change),
        target=effect.target,
        objects=effect.objects,
        details=effect.details,
    )


def _declared(desired: Desired) -> Callable[[str], str]:
    """Return what digests all that decides which changes a database needs, but the server."""
    by_name = {database.name: database for database in desired.databases}

    @cache
    def declared(database: str) -> str:
        options = (desired.close_app_databases, desired.authoritative, desired.trust_markers)
        asked = repr((by_name.get(database), *options))
        return hashlib.sha256(asked.encode("utf-8", "backslashreplace")).hexdigest()[:16]

    return declared


def _rows(
    run: PastRun, settled: Iterable[tuple[Intent, Finding, str]], desired: Desired
) -> list[Row]:
    """Return one row for each entry, action and database, as the run itself would have."""
    grouped: dict[tuple[Finding, str, str, str, str], list[Intent]] = {}
    for intent, finding, why in settled:
        if finding is not Finding.NEEDED:
            key = (finding, why, intent.entry, intent.action, intent.database)
            grouped.setdefault(key, []).append(intent)
    rows: list[Row] = []
    for (finding, why, entry, action, database), intents in grouped.items():
        role = desired.by_entry.get(entry)
        done = f"carried out by run {run.run_id}, which ended before it could record it, or by"
        planned = f"planned by run {run.run_id}, which ended before it could record whether it"
        lead = (
            f"{done} somebody else since"
            if finding is Finding.IN_EFFECT
            else f"{planned} was carried out; that can't be known any more: {why}"
        )
        rows.append(
            Row(
                database=database or (role.database if role else ""),
                username=intents[0].username,
                action=Action(action) if action in set(Action) else Action.CHECK,
                status=Status.WARNING,
                message=short(f"{lead}: {'; '.join(one.says for one in intents)}"),
                entry=entry,
                settles={
                    "run_id": run.run_id,
                    "seq": run.seq,
                    "changes": [one.id for one in intents],
                },
            )
        )
    return rows


def _summary(run: PastRun, settled: Sequence[tuple[Intent, Finding, str]]) -> Mapping[str, object]:
    counted = {
        str(finding): sum(one[1] is finding for one in settled)
        for finding in (Finding.IN_EFFECT, Finding.NEEDED, Finding.UNKNOWN)
    }
    return {"run_id": run.run_id, "seq": run.seq, **counted}


def _lost_row(run_id: str) -> Row:
    run = f"run {run_id}" if run_id else "an earlier run"
    return Row(
        database="",
        username="",
        action=Action.RUN,
        status=Status.WARNING,
        message=f"whether {run} changed something that it could not record can't be known: what it"
        " planned lies too far back in the journal; `pgtenant audit runs` reads all of it",
    )
