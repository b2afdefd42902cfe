"""`pgtenant retire --stage drop`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pgtenant.audit.record import Action, Status
from pgtenant.errors import ExitCode, PgtenantError, ServerError, UsageError
from pgtenant.planning.retirement.inventory import Inventory, Trace
from pgtenant.planning.retirement.removal import Rules, obstacles, plan_removal
from pgtenant.planning.retirement.subject import mark_of
from pgtenant.planning.retirement.view import View
from pgtenant.postgres.retiring import sessions_of, state_of, traces_in
from pgtenant.report.words import some
from pgtenant.usecases.retire.carry import Carrier
from pgtenant.usecases.retire.disable import Outcome

_DAY = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Refused(Outcome):
    """A removal that something is in the way of."""

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code."""
        return ExitCode.BLOCKED


async def drop(
    carrier: Carrier,
    *,
    clock: Callable[[], datetime],
    confirm: str | None,
    allow_owned: bool,
    allow_foreign: bool,
    dry_run: bool,
    show: Callable[[View], None],
    ask: Callable[[str], str] | None,
) -> Outcome:
    """Drop an entry's database and roles.

    Args:
        carrier: what is shared.
        clock: the present moment, with a timezone.
        confirm: the name of what is dropped, or None when nobody has said it yet.
        allow_owned: whether what its roles own in other databases may go.
        allow_foreign: whether what others own in its database may go.
        dry_run: everything but the last call.
        show: called with the steps before anything is changed.
        ask: asks a person for the name; None where there is nobody to ask.

    Raises:
        UsageError: the name was not given, or is another.
        PgtenantError: a step failed; the next run continues from there.
    """
    subject = carrier.subject
    rules = Rules(
        environment=carrier.inputs.environment,
        waited=_waited(carrier, clock()),
        days=carrier.inputs.settings.retire.days,
        allow_owned=allow_owned,
        allow_foreign=allow_foreign,
    )
    inventory = await take_stock(carrier)
    declared = tuple(
        entry
        for role in subject.roles
        if (entry := mark_of(role).entry) in carrier.inputs.desired.by_entry
    )
    blocked = obstacles(subject, carrier.observed, inventory, declared, rules)
    elsewhere, here = plan_removal(subject, carrier.observed, inventory)
    steps = (*elsewhere, *here)
    view = View(
        entry=subject.entry,
        stage="drop",
        batches=steps,
        lending=carrier.lending,
        blocked=blocked,
        notes=_secrets(carrier),
    )
    show(view)
    if not blocked and not dry_run:
        confirmed(carrier, confirm, ask)
    await carrier.start(steps, dry_run=dry_run or bool(blocked))
    if blocked:
        for one in blocked:
            await carrier.record(Action.CHECK, Status.BLOCKED, one.reason)
        return Refused(view)
    await carrier.prove(steps)
    if dry_run:
        await carrier.would(steps)
        return Outcome(view)
    await carrier.carry_out(elsewhere)
    if elsewhere and (left := (await take_stock(carrier)).traces):
        raise _left(left)
    await carrier.carry_out(here)
    return Outcome(view)


def confirmed(carrier: Carrier, confirm: str | None, ask: Callable[[str], str] | None) -> None:
    """Insist that somebody has said the name of what is dropped.

    Raises:
        UsageError: nobody did, or it is another.
    """
    subject = carrier.subject
    how = subject.retired
    gone = how.database if how is not None else None
    expected = subject.database.name if subject.database is not None else gone or subject.role.name
    said = confirm
    if said is None and ask is not None:
        said = ask(expected)
    if said is None:
        raise UsageError(
            f"{expected} would be dropped for good, and there is nobody to ask",
            hint=f"say --confirm {expected}",
        )
    if said != expected:
        raise UsageError(
            f"what would be dropped is {expected}, not {said}", hint="nothing was changed"
        )


async def take_stock(carrier: Carrier) -> Inventory:
    """Read what is in the way, and what the roles have in other databases.

    Raises:
        ServerError: the server failed; a single database that can't be entered is noted.
    """
    subject, primary, observed = carrier.subject, carrier.instance.primary, carrier.observed
    database = subject.database.name if subject.database is not None else None
    found, places = await state_of(primary, database, subject.names)
    here = carrier.inputs.maintenance_database
    traces = list(await traces_in(primary, database, subject.names, shared=True))
    unread: dict[str, str] = {}
    for place in sorted(set(places) - {here}):
        try:
            async with carrier.instance.gate.open(carrier.instance.admin, place) as connection:
                traces += await traces_in(connection, database, subject.names, shared=False)
        except ServerError as error:
            unread[place] = error.message
    sessions = await sessions_of(primary, database, subject.names)
    owned = {d.name for role in subject.roles for d in observed.owned_by(role.name)}
    return replace(
        found,
        sessions=tuple(f"{s.user} in {s.database} (pid {s.pid})" for s in sessions),
        traces=tuple(sorted(traces)),
        unread=unread,
        others=tuple(sorted(owned - {database})),
    )


def _waited(carrier: Carrier, now: datetime) -> float | None:
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
    return (now - max(moments)).total_seconds() / _DAY


def _secrets(carrier: Carrier) -> tuple[str, ...]:
    settings, env = carrier.inputs.settings, carrier.inputs.environment
    names = [settings.app_secret(env, mark_of(role).entry) for role in carrier.subject.roles]
    return (
        f"Not touched: {some(names, len(names))}. Terraform deletes secrets with their entries.",
    )


def _left(traces: Sequence[Trace]) -> PgtenantError:
    listed = some([f"{t.role}: {t.description} in {t.database}" for t in traces], 20)
    return PgtenantError(
        f"something is left of the roles, and nothing was dropped: {listed}",
        hint="it was granted by somebody else than its owner: have them take it back, and run"
        " again",
    )
