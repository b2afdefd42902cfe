"""`pgtenant adopt`."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from pgtenant import logs
from pgtenant.audit.record import Record
from pgtenant.cli.options import load_settings, lock_wait, need_environment, reaching
from pgtenant.cli.plan import as_json, complain, width
from pgtenant.cli.stdout import not_needed
from pgtenant.cli.unexpected import as_error
from pgtenant.errors import ExitCode, PgtenantError
from pgtenant.planning.adoption import Adoption
from pgtenant.report.adoption import adoption_json, adoption_text, outcome_text
from pgtenant.report.document import show
from pgtenant.report.jsonout import apply_json, json_text
from pgtenant.report.progress import progress
from pgtenant.secrets.store import open_store
from pgtenant.settings.model import Settings
from pgtenant.usecases.adopt import Outcome, adopt_entries
from pgtenant.usecases.approval import log_approval, require_approval
from pgtenant.usecases.identity import build_id, run_id
from pgtenant.usecases.inputs import load_catalog, load_inputs
from pgtenant.usecases.journal import ended, upload
from pgtenant.usecases.recording import recording


@dataclass(slots=True)
class _Run:
    """One adoption, with what it has shown and recorded so far."""

    settings: Settings
    environment: str
    run_id: str
    lock_wait: float | None
    only: frozenset[str]
    dry_run: bool
    take_ownership: bool
    style: str
    records: list[Record]
    adoption: Adoption | None = None


def run_adopt(
    *,
    keys: tuple[str, ...],
    everything: bool,
    environment: str | None,
    project: Path,
    skip_preflight: bool,
    dry_run: bool,
    take_ownership: bool,
    lock_timeout: str | None,
    style: str,
) -> int:
    """Adopt and print.

    Raises:
        PgtenantError: anything that ended the run before or between its steps.
    """
    if bool(keys) == everything:
        raise click.UsageError("Give the keys of the entries to adopt, or --all.")
    run = _Run(
        settings=load_settings(project, reaching(skip_preflight=skip_preflight)),
        environment=need_environment(environment),
        run_id=run_id(os.environ, secrets.token_hex(4)),
        lock_wait=lock_wait(lock_timeout),
        only=frozenset(keys),
        dry_run=dry_run,
        take_ownership=take_ownership,
        style=style,
        records=[],
    )
    logs.configure(
        sys.stderr,
        logs.level_for(os.environ, sys.stderr),
        environment=run.environment,
        run_id=run.run_id,
    )
    if not dry_run:
        not_needed()
    try:
        outcome = asyncio.run(_adopt(run))
    except Exception as unexpected:
        error = as_error(unexpected)
        if style == "json" and error.exit_code < ExitCode.USAGE:
            _print_json(run, error)
        raise
    if style == "json":
        _print_json(run, outcome.errors[0] if outcome.errors else None)
    elif not outcome.errors:  # the errors and the audit say how far it came
        show(outcome_text(outcome.adoption, dry_run=dry_run, width=width()), sys.stdout)
    sys.stdout.flush()
    for failure in outcome.errors:
        complain(failure)
    return outcome.exit_code


async def _adopt(run: _Run) -> Outcome:
    settings, env = run.settings, run.environment
    catalog = load_catalog(settings, env, run.only)
    approver = "" if run.dry_run else require_approval(settings, env, os.environ)
    store = open_store(
        settings.secrets.store, directory=settings.secrets.directory, project=settings.root
    )
    inputs = await load_inputs(settings, env, catalog, store, only=run.only)
    if not run.dry_run:
        log_approval(settings, env, approver)

    def keep(adoption: Adoption) -> None:
        run.adoption = adoption
        if run.style == "text":
            show(adoption_text(adoption, width=width()), sys.stdout)
            sys.stdout.write("\n")
            sys.stdout.flush()

    with recording(
        settings,
        env,
        os.environ,
        command=_command(run),
        build_id=build_id(os.environ),
        run_id=run.run_id,
        records=run.records,
    ) as (recorder, sink):
        running = adopt_entries(
            inputs,
            recorder,
            progress(sys.stderr),
            lock_wait=settings.server.lock_timeout if run.lock_wait is None else run.lock_wait,
            take_ownership=run.take_ownership,
            dry_run=run.dry_run,
            show=keep,
        )
        outcome = await ended(running, recorder, sink, lambda outcome: outcome.exit_code)
        await asyncio.to_thread(upload, recorder, sink)
        return outcome


def _command(run: _Run) -> str:
    flags = ["--take-ownership"] * run.take_ownership + ["--dry-run"] * run.dry_run
    return " ".join(["adopt", *flags])


def _print_json(run: _Run, error: PgtenantError | None) -> None:
    extra = adoption_json(run.adoption)
    if error is not None:
        extra["error"] = as_json(error)
    rows = [record.as_dict() for record in run.records]
    sys.stdout.write(json_text(apply_json(run.run_id, run.environment, rows, extra)))
