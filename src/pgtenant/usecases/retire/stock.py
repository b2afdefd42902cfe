"""Everything that bears on a removal, read at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, ServerError
from pgtenant.planning.findings import Blocked
from pgtenant.planning.import_inside import whole
from pgtenant.planning.retirement.inventory import Trace
from pgtenant.planning.retirement.removal import Rules, obstacles, plan_removal
from pgtenant.planning.retirement.steps import Batch
from pgtenant.planning.retirement.subject import mark_of, still_declared
from pgtenant.planning.retirement.told import next_told, revokes
from pgtenant.postgres.observe import observe_contents
from pgtenant.postgres.retiring import (
    State,
    nobody_arrives,
    sessions_of,
    state_of,
    traces_in,
)
from pgtenant.report.words import some
from pgtenant.usecases.retire.asked import Asked
from pgtenant.usecases.retire.carry import Carrier
from pgtenant.usecases.retire.operator import told_by

_DAY = 86_400  # seconds
_MOST = 20


@dataclass(frozen=True, slots=True)
class Decision:
    """What a removal would do, and what is in its way.

    Attributes:
        state: what it rests on.
        waited: the days that the entry has been disabled; None when it is not.
        elsewhere: what takes the roles out of other databases.
        here: what drops the database and the roles.
    """

    state: State
    waited: float | None
    blocked: tuple[Blocked, ...]
    elsewhere: tuple[Batch, ...]
    here: tuple[Batch, ...]

    @property
    def steps(self) -> tuple[Batch, ...]:
        """All steps, in order."""
        return (*self.elsewhere, *self.here)


async def decide(carrier: Carrier, asked: Asked) -> Decision:
    """Read what there is, and decide.

    Raises:
        ServerError: the server failed.
    """
    subject, days = carrier.subject, carrier.inputs.settings.retire.days
    state = await take_stock(carrier)
    waited = _waited(carrier, state.now)
    rules = Rules(
        environment=carrier.inputs.environment,
        waited=waited,
        days=days,
        allow_owned=asked.allow_owned,
        allow_foreign=asked.allow_foreign,
        dumped=asked.dump_to is not None,
        told=carrier.operator is not None,
    )
    shown = {entry.key: entry.shown for entry in carrier.inputs.catalog.entries}
    declared = tuple(shown.get(k, k) for k in still_declared(subject, carrier.inputs.desired))
    blocked = obstacles(subject, carrier.observed, state.inventory, declared, rules)
    if carrier.operator is None:
        elsewhere, here = plan_removal(subject, carrier.observed, state.inventory)
    else:
        elsewhere = () if blocked else await _taken_back(carrier)
        here = next_told(subject, await told_by(carrier.operator, subject))
    return Decision(state, waited, blocked, elsewhere, here)


async def _taken_back(carrier: Carrier) -> tuple[Batch, ...]:
    """Return what takes the roles out of databases that stay, as their owners.

    Raises:
        ServerError: one can't be read.
    """
    subject, observed = carrier.subject, carrier.observed
    own = subject.database.name if subject.database is not None else None
    batches: list[Batch] = []
    for _, database in sorted(observed.databases.items()):
        held = any(grant.grantee in subject.names for grant in database.acl)
        if not held or database.name == own or database.owner in subject.names:
            continue
        async with carrier.enter(database.name) as connection:
            contents = await observe_contents(
                connection, whole(database, database.owner), roles=subject.names
            )
        batches += revokes(subject, whole(database, database.owner), contents, observed)
    return tuple(batches)


async def decide_again(carrier: Carrier, asked: Asked, before: Decision) -> Decision:
    """Look once more after some time.

    Raises:
        PgtenantError: something came into the way meanwhile, or there is more to do.
    """
    await carrier.look()
    now = await decide(carrier, asked)
    if now.blocked or now.elsewhere != before.elsewhere:
        reasons = "; ".join(one.reason for one in now.blocked)
        raise PgtenantError(
            f"{carrier.subject.entry} is not as it was when this began, and nothing was dropped:"
            f" {reasons or 'its roles have more in other databases, or less'}",
            hint="look at it with --dry-run, and run again",
            code=Code.CHANGED_MEANWHILE,
        )
    return now


async def take_stock(carrier: Carrier) -> State:
    """Read what is in the way, and what the roles have in other databases.

    Raises:
        ServerError: the server failed; a single database that can't be entered is noted.
    """
    subject, primary, observed = carrier.subject, carrier.instance.primary, carrier.observed
    database = subject.database.name if subject.database is not None else None
    if database is not None:
        await nobody_arrives(primary, database)
    sessions = await sessions_of(primary, database, subject.names, own=False)
    state = await state_of(primary, database, subject.names)
    here = carrier.inputs.maintenance_database
    traces = list(await traces_in(primary, database, subject.names, shared=True))
    unread: dict[str, str] = {}
    for place in sorted(set(state.places) - {here}):
        try:
            async with carrier.enter(place) as connection:
                traces += await traces_in(connection, database, subject.names, shared=False)
        except ServerError as error:
            unread[place] = error.message
    owned = {d.name for role in subject.roles for d in observed.owned_by(role.name)}
    inventory = replace(
        state.inventory,
        sessions=tuple(f"{s.user} in {s.database} (pid {s.pid})" for s in sessions),
        traces=tuple(sorted(traces)),
        unread=unread,
        others=tuple(sorted(owned - {database})),
    )
    return replace(state, inventory=inventory)


def left(traces: Sequence[Trace]) -> PgtenantError:
    """Return what is the matter when roles have something in other databases after the clean-up."""
    listed = some([f"{t.role}: {t.description} in {t.database}" for t in traces], _MOST)
    return PgtenantError(
        f"something is left of the roles, so that neither they nor their database were dropped:"
        f" {listed}",
        hint="it was granted by somebody else than its owner: have them take it back, and run"
        " again",
        code=Code.LEFT_OVER,
    )


def _waited(carrier: Carrier, now: str) -> float | None:
    """Return the days since the last of the roles was disabled; None where one is not."""
    moments: list[datetime] = []
    for role in carrier.subject.roles:
        how = mark_of(role).retired
        if how is None:
            return None
        try:
            moments.append(datetime.fromisoformat(how.at))
        except ValueError:
            return None
    if any(moment.tzinfo is None for moment in moments):  # nothing of ours has written it
        return None
    return (datetime.fromisoformat(now) - max(moments)).total_seconds() / _DAY
