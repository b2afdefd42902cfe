"""`pgtenant retire`."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pgtenant import logs
from pgtenant.audit.record import Record
from pgtenant.cli.options import load_settings, lock_wait, need_environment, reaching
from pgtenant.cli.plan import as_json, complain, width
from pgtenant.cli.stdout import not_needed
from pgtenant.cli.unexpected import as_error
from pgtenant.errors import ExitCode, PgtenantError
from pgtenant.planning.retirement.view import View
from pgtenant.report.document import show
from pgtenant.report.jsonout import apply_json, json_text
from pgtenant.report.progress import progress
from pgtenant.report.retirement import ended_text, retirement_json, retirement_text
from pgtenant.secrets.store import open_store
from pgtenant.settings.durations import parse_duration
from pgtenant.settings.model import Settings
from pgtenant.usecases.approval import log_approval, require_approval
from pgtenant.usecases.identity import build_id, run_id
from pgtenant.usecases.inputs import load_catalog, load_inputs
from pgtenant.usecases.journal import ended, upload
from pgtenant.usecases.recording import recording
from pgtenant.usecases.retire.asked import Asked
from pgtenant.usecases.retire.disable import Outcome
from pgtenant.usecases.retire.run import retire_entry


@dataclass(slots=True)
class _Run:
    """One retirement, with what it has shown and recorded so far."""

    settings: Settings
    environment: str
    run_id: str
    lock_wait: float | None
    asked: Asked
    style: str
    records: list[Record] = field(default_factory=list)
    found: dict[str, Any] | None = None


def run_retire(
    *,
    key: str,
    environment: str | None,
    project: Path,
    stage: str,
    undo: bool,
    grace: str,
    dump_to: Path | None,
    no_backup: bool,
    confirm: str | None,
    allow_owned: bool,
    allow_foreign: bool,
    dry_run: bool,
    lock_timeout: str | None,
    skip_preflight: bool,
    style: str,
) -> int:
    """Retire and print.

    Raises:
        PgtenantError: anything that ended the run before or between its steps.
    """
    if stage == "drop" and no_backup is (dump_to is not None):
        raise click.UsageError("Say either --dump-to DIR or --no-backup.")
    if undo and stage != "disable":
        raise click.UsageError("--undo goes with --stage disable: a drop can't be undone.")
    run = _Run(
        settings=load_settings(project, reaching(skip_preflight=skip_preflight)),
        environment=need_environment(environment),
        run_id=run_id(os.environ, secrets.token_hex(4)),
        lock_wait=lock_wait(lock_timeout),
        asked=Asked(
            key=key,
            stage=stage,
            undo=undo,
            grace=_seconds(grace),
            dump_to=dump_to,
            confirm=confirm,
            allow_owned=allow_owned,
            allow_foreign=allow_foreign,
            dry_run=dry_run,
        ),
        style=style,
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
        outcome = asyncio.run(_retire(run))
    except Exception as unexpected:
        error = as_error(unexpected)
        if style == "json" and error.exit_code < ExitCode.USAGE:
            _print_json(run, error)
        raise
    if style == "json":
        _print_json(run, outcome.errors[0] if outcome.errors else None)
    elif not outcome.errors:
        sys.stdout.write(ended_text(outcome.view, dry_run=dry_run))
    sys.stdout.flush()
    for failure in outcome.errors:
        complain(failure)
    return outcome.exit_code


async def _retire(run: _Run) -> Outcome:
    settings, env, asked = run.settings, run.environment, run.asked
    catalog = load_catalog(settings, env, ())
    approver = "" if asked.dry_run else require_approval(settings, env, os.environ)
    store = open_store(
        settings.secrets.store, directory=settings.secrets.directory, project=settings.root
    )
    loaded = await load_inputs(settings, env, catalog, store, passwords=False)
    inputs = replace(loaded, only=frozenset({asked.key}))
    if not asked.dry_run:
        log_approval(settings, env, approver)

    def keep(view: View) -> None:
        run.found = retirement_json(view)
        if run.style == "text":
            show(retirement_text(view, env, width=width()), sys.stdout)
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
        running = retire_entry(
            inputs,
            recorder,
            progress(sys.stderr),
            asked,
            lock_wait=settings.server.lock_timeout if run.lock_wait is None else run.lock_wait,
            clock=lambda: datetime.now(UTC),
            show=keep,
            ask=_ask if sys.stdin.isatty() else None,
        )
        outcome = await ended(running, recorder, sink, lambda outcome: outcome.exit_code)
        await asyncio.to_thread(upload, recorder, sink)
        return outcome


def _ask(what: str) -> str:
    answer: str = click.prompt(f"Type {what} to drop it for good", err=True)
    return answer


def _seconds(grace: str) -> float:
    try:
        return 0.0 if grace in {"0", "0s"} else parse_duration(grace)
    except ValueError as error:
        raise click.UsageError(f"--grace {grace} {error}") from None


def _command(run: _Run) -> str:
    asked = run.asked
    flags = ["--undo"] * asked.undo + ["--dry-run"] * asked.dry_run
    return " ".join(["retire", f"--stage {asked.stage}", *flags])


def _print_json(run: _Run, error: PgtenantError | None) -> None:
    extra: dict[str, Any] = run.found or {"retirement": None}
    if error is not None:
        extra["error"] = as_json(error)
    rows = [record.as_dict() for record in run.records]
    sys.stdout.write(json_text(apply_json(run.run_id, run.environment, rows, extra)))
