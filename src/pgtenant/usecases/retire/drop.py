"""`pgtenant retire --stage drop`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pgtenant.audit.record import Action, Status
from pgtenant.embedded.distribution import find_bundled
from pgtenant.errors import ExitCode, PgtenantError, ServerError, UsageError
from pgtenant.planning.retirement.inventory import Inventory, Trace
from pgtenant.planning.retirement.removal import Rules, obstacles, plan_removal
from pgtenant.planning.retirement.subject import mark_of, still_declared
from pgtenant.planning.retirement.view import View
from pgtenant.postgres.programs import find_programs
from pgtenant.postgres.retiring import sessions_of, state_of, traces_in
from pgtenant.report.words import some
from pgtenant.usecases.retire.asked import Asked
from pgtenant.usecases.retire.carry import Carrier
from pgtenant.usecases.retire.disable import Outcome
from pgtenant.usecases.retire.dump import Dump

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
    asked: Asked,
    *,
    clock: Callable[[], datetime],
    show: Callable[[View], None],
    ask: Callable[[str], str] | None,
) -> Outcome:
    """Drop an entry's database and roles.

    Args:
        carrier: what is shared.
        asked: what is to be done.
        clock: the present moment, with a timezone.
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
        allow_owned=asked.allow_owned,
        allow_foreign=asked.allow_foreign,
        dumped=asked.dump_to is not None,
    )
    inventory = await take_stock(carrier)
    declared = still_declared(subject, carrier.inputs.desired)
    blocked = obstacles(subject, carrier.observed, inventory, declared, rules)
    elsewhere, here = plan_removal(subject, carrier.observed, inventory)
    steps = (*elsewhere, *here)
    dump = None if blocked else _dump(carrier, asked)
    view = View(
        entry=subject.entry,
        stage="drop",
        batches=steps,
        lending=carrier.lending,
        blocked=blocked,
        notes=(*_dumping(dump), *_secrets(carrier)),
    )
    show(view)
    if not blocked and not asked.dry_run:
        confirmed(carrier, asked.confirm, ask)
    await carrier.start(steps, dry_run=asked.dry_run or bool(blocked))
    if blocked:
        for one in blocked:
            await carrier.record(Action.CHECK, Status.BLOCKED, one.reason)
        return Refused(view)
    await carrier.prove(steps)
    if asked.dry_run:
        await carrier.would(steps)
        return Outcome(view)
    if dump is not None:
        await dump.run()
    await carrier.carry_out(elsewhere)
    if elsewhere and (left := (await take_stock(carrier)).traces):
        raise _left(left)
    await carrier.carry_out(here)
    return Outcome(view)


def _dump(carrier: Carrier, asked: Asked) -> Dump | None:
    """Return the dump that comes first; None without one, and where it is made already.

    Raises:
        PgtenantError: there is no program that could make it, or it can't be made any more.
    """
    subject = carrier.subject
    database, how = subject.database, subject.retired
    if asked.dump_to is None or database is None or how is None:
        return None
    if how.dropping:
        raise PgtenantError(
            f"the removal of {subject.entry} has begun, and its database {database.name} can't be"
            " dumped any more: nothing was changed",
            hint="--no-backup goes on with what the run that began it dumped, or with nothing;"
            " --stage disable --undo leads back",
        )
    more: tuple[Path, ...] = ()
    with contextlib.suppress(PgtenantError):
        more = (find_bundled().root / "bin",)
    named = carrier.inputs.settings.retire.programs
    programs = find_programs(carrier.observed.server.major, named, more)
    return Dump(carrier, programs, database, how, asked.dump_to)


def _dumping(dump: Dump | None) -> tuple[str, ...]:
    if dump is None:
        return ()
    first = (
        f"First pg_dump {dump.programs.version} dumps {dump.database.name} to {dump.directory}, on"
        " a login made for it; what is restored from that has to be the same."
    )
    return (first,)


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
