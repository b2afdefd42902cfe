"""`pgtenant retire --stage drop`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pgtenant.audit.record import Action, Status
from pgtenant.codes import Code
from pgtenant.embedded.distribution import find_bundled
from pgtenant.errors import ExitCode, PgtenantError, UsageError
from pgtenant.planning.retirement.subject import mark_of
from pgtenant.planning.retirement.view import View
from pgtenant.postgres.lock import run_lock_let_go
from pgtenant.postgres.programs import find_programs
from pgtenant.report.words import some
from pgtenant.usecases.locked import read_again
from pgtenant.usecases.retire.asked import Asked
from pgtenant.usecases.retire.carry import Carrier
from pgtenant.usecases.retire.disable import Outcome
from pgtenant.usecases.retire.dump import Dump
from pgtenant.usecases.retire.stock import Decision, decide, decide_again, left, take_stock


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
    lock_wait: float,
    show: Callable[[View], None],
    ask: Callable[[str], str] | None,
) -> Outcome:
    """Drop an entry's database and roles.

    Args:
        carrier: what is shared.
        asked: what is to be done.
        lock_wait: how many seconds to wait for another run after the name was typed.
        show: called with the steps before anything is changed.
        ask: asks a person for the name; None where there is nobody to ask.

    Raises:
        UsageError: the name was not given, or is another.
        PgtenantError: a step failed; the next run continues from there.
    """
    decision = await decide(carrier, asked)
    dump = None if decision.blocked else _dump(carrier, asked, decision)
    view = View(
        entry=carrier.subject.entry,
        stage="drop",
        batches=decision.steps,
        lending=carrier.lending,
        blocked=decision.blocked,
        notes=(*_dumping(dump), *_secrets(carrier)),
        told=carrier.operator is not None,
        waits=_waits(carrier, decision),
    )
    show(view)
    if decision.steps and not decision.blocked and not asked.dry_run:
        expected = _named(carrier)
        if asked.confirm is None and ask is not None:
            async with run_lock_let_go(carrier.instance.primary, wait=lock_wait):
                said: str | None = ask(expected)
            carrier.instance = await read_again(carrier.instance)
            decision = await decide_again(carrier, asked, decision)
        else:
            said = asked.confirm
        confirmed(expected, said)
    await carrier.start(decision.steps, dry_run=asked.dry_run or bool(decision.blocked))
    if decision.blocked:
        for one in decision.blocked:
            await carrier.record(Action.CHECK, Status.BLOCKED, one.told)
        return Refused(view)
    await carrier.prove(decision.steps)
    if asked.dry_run:
        await carrier.would(decision.steps)
        return Outcome(view)
    await carrier.record(Action.CHECK, Status.SUCCESS, _decided(carrier, asked, decision))
    entered = decision.state.entered
    if dump is not None:
        entered = await dump.run()
        decision = await decide_again(carrier, asked, decision)
    await carrier.carry_out(decision.elsewhere)
    last = await take_stock(carrier)
    if decision.elsewhere and last.inventory.traces:
        raise left(last.inventory.traces)
    if last.entered != entered:
        raise PgtenantError(
            f"somebody has been in {_named(carrier)} since this began: it was not dropped",
            hint="`pgtenant retire --stage disable` closes it again; the days count anew from then",
            code=Code.CHANGED_MEANWHILE,
        )
    await carrier.carry_out(decision.here)
    return Outcome(view)


def _waits(carrier: Carrier, decision: Decision) -> str:
    """Return what others have to do before the entry is gone; nothing where we drop it."""
    if carrier.operator is None:
        return ""
    if not decision.here:
        ask = f"pgtenant verify gitops -e {carrier.inputs.environment}"
        return f"the operator has been told; sync, and `{ask}` says how far it is"
    what = "its database" if carrier.subject.database is not None else "its roles"
    return (
        "commit, merge and sync the manifests; when the operator has dropped"
        f" {what}, the same command goes on"
    )


def _dump(carrier: Carrier, asked: Asked, decision: Decision) -> Dump | None:
    """Return the dump that comes first; None without one, and where the database is gone.

    Raises:
        UsageError: there is no database that could be dumped.
        PgtenantError: there is no program that could make it, or it can't be made any more.
    """
    subject = carrier.subject
    database, how = subject.database, subject.retired
    if asked.dump_to is None or how is None:
        return None
    if database is None:
        if how.database is not None:  # dropped by a run that died after it
            return None
        raise UsageError(
            f"{subject.entry} has no database of its own, and nothing of it would be in a dump",
            hint="say --no-backup; what it owns is in the database of its owner",
            code=Code.NO_DUMP,
        )
    if how.dropping:
        raise PgtenantError(
            f"the removal of {subject.entry} has begun, and its database {database.name} can't be"
            " dumped any more: nothing was changed",
            hint="--no-backup goes on with what the run that began it dumped, or with nothing;"
            " --stage disable --undo leads back",
            code=Code.NO_DUMP,
        )
    more: tuple[Path, ...] = ()
    with contextlib.suppress(PgtenantError):
        more = (find_bundled().root / "bin",)
    named = carrier.inputs.settings.retire.programs
    programs = find_programs(carrier.observed.server.major, named, more)
    state = decision.state
    return Dump(carrier, programs, database, asked.dump_to, state.now, state.size)


def _dumping(dump: Dump | None) -> tuple[str, ...]:
    if dump is None:
        return ()
    size = "" if dump.size is None else f" It takes {dump.size // 1_000_000} MB on the server now."
    first = (
        f"First pg_dump {dump.programs.version} dumps {dump.database.name} to {dump.directory}, on"
        " a login made for it; what is restored from that, into another database of this server,"
        f" has to be the same.{size}"
    )
    return (first,)


def confirmed(expected: str, said: str | None) -> None:
    """Insist that somebody has said the name of what is dropped.

    Raises:
        UsageError: nobody did, or it is another.
    """
    if said is None:
        raise UsageError(
            f"{expected} would be dropped for good, and there is nobody to ask",
            hint=f"say --confirm {expected}",
            code=Code.NOBODY_TO_ASK,
        )
    if said != expected:
        raise UsageError(
            f"what would be dropped is {expected}, not {said}",
            hint="nothing was changed",
            code=Code.UNCONFIRMED_DROP,
        )


def _named(carrier: Carrier) -> str:
    """Return the name of what is dropped: the database's, or without one the role's."""
    subject = carrier.subject
    gone = subject.retired.database if subject.retired is not None else None
    return subject.database.name if subject.database is not None else gone or subject.role.name


def _decided(carrier: Carrier, asked: Asked, decision: Decision) -> str:
    """Return on what grounds it is dropped, for the audit."""
    days = carrier.inputs.settings.retire.days
    backup = (
        "no backup, as --no-backup asks for"
        if asked.dump_to is None
        else f"after a dump to {asked.dump_to.absolute()}"
    )
    flags = ["--allow-owned"] * asked.allow_owned + ["--allow-foreign"] * asked.allow_foreign
    return (
        f"to be dropped: out of service for {decision.waited or 0:.1f} days of at least {days}"
        f" ([retire] days); {'; '.join((backup, *flags))}"
    )


def _secrets(carrier: Carrier) -> tuple[str, ...]:
    settings, env = carrier.inputs.settings, carrier.inputs.environment
    names = [settings.app_secret(env, mark_of(role).entry) for role in carrier.subject.roles]
    whose = "" if carrier.operator else " Terraform deletes secrets with their entries."
    return (f"Not touched: {some(names, len(names))}.{whose}",)
