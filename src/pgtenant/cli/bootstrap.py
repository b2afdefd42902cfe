"""`pgtenant bootstrap`."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from pgtenant import logs
from pgtenant.audit.record import Record
from pgtenant.catalog.naming import role_problem
from pgtenant.cli.bootstrap_words import Request, heading, next_step
from pgtenant.cli.options import load_settings, lock_wait, reaching
from pgtenant.cli.plan import width
from pgtenant.cli.stdout import not_needed
from pgtenant.cli.unexpected import as_error, as_json
from pgtenant.cli.working import need_environment
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, UsageError
from pgtenant.report.delegated import left_text, steps_json, steps_text
from pgtenant.report.jsonout import json_text
from pgtenant.secrets.store import open_store
from pgtenant.usecases.approval import log_approval, require_approval
from pgtenant.usecases.bootstrap import Bootstrap, Outcome
from pgtenant.usecases.delegate_secret import delegated_secret, find_secret, secret_of_master
from pgtenant.usecases.identity import build_id, run_id
from pgtenant.usecases.journal import ended, upload
from pgtenant.usecases.master import master_inputs
from pgtenant.usecases.recording import recording


def run_bootstrap(
    *,
    environment: str | None,
    project: Path,
    skip_preflight: bool,
    role: str,
    master_secret: str | None,
    undo: bool,
    dry_run: bool,
    lock_timeout: str | None,
    style: str,
) -> int:
    """Make the delegated admin, or undo it, and print.

    Raises:
        PgtenantError: anything that ended the run before or between its steps.
    """
    settings = load_settings(project, reaching(skip_preflight=skip_preflight))
    env = need_environment(environment, settings)
    wait = lock_wait(lock_timeout)
    request = Request(
        settings=settings,
        environment=env,
        run_id=run_id(os.environ, secrets.token_hex(4)),
        role=_role(role),
        master_secret=master_secret or secret_of_master(settings, env),
        undo=undo,
        dry_run=dry_run,
        lock_wait=settings.server.lock_timeout if wait is None else wait,
    )
    logs.configure(
        sys.stderr,
        logs.level_for(os.environ, sys.stderr),
        environment=env,
        build_id=build_id(os.environ),
        run_id=request.run_id,
    )
    if not dry_run:
        not_needed()
    return _as_json(request) if style == "json" else _as_text(request)


def _as_text(request: Request) -> int:
    def show(outcome: Outcome) -> None:
        sys.stdout.write(steps_text(outcome.batches, heading(request), width=width()))
        sys.stdout.flush()

    outcome = asyncio.run(_run(request, [], show))
    sys.stdout.write(left_text(outcome.left) + next_step(request, outcome))
    return _code(outcome)


def _as_json(request: Request) -> int:
    records: list[Record] = []
    document: dict[str, object] = {
        "environment": request.environment,
        "run_id": request.run_id,
        "role": request.role,
        "secret": delegated_secret(request.settings, request.environment),
    }
    try:
        outcome = asyncio.run(_run(request, records, lambda _: None))
    except Exception as unexpected:
        error = as_error(unexpected)
        if error.exit_code < ExitCode.USAGE:
            rows = [record.as_dict() for record in records]
            sys.stdout.write(json_text(document | {"records": rows, "error": as_json(error)}))
        raise
    document |= {
        "changed": outcome.changed,
        "admin_setting": "" if request.undo else request.settings.secrets.delegated,
        **steps_json(outcome.batches, outcome.left, outcome.lending),
        "records": [record.as_dict() for record in records],
    }
    sys.stdout.write(json_text(document))
    return _code(outcome)


async def _run(request: Request, records: list[Record], show: Callable[[Outcome], None]) -> Outcome:
    settings, env = request.settings, request.environment
    approver = "" if request.dry_run else require_approval(settings, env, os.environ)
    store = open_store(
        settings.secrets.store, directory=settings.secrets.directory, project=settings.root
    )
    inputs = await master_inputs(settings, env, store, request.master_secret, request.role)
    own = delegated_secret(settings, env)
    secret = None if request.undo else await find_secret(store, own, request.role, inputs.admin)
    if not request.dry_run:
        log_approval(settings, env, approver)
    with recording(
        settings,
        env,
        os.environ,
        command=_command(request),
        build_id=build_id(os.environ),
        run_id=request.run_id,
        records=records,
    ) as (recorder, sink):
        work = Bootstrap(
            inputs=inputs,
            recorder=recorder,
            role=request.role,
            secret=secret,
            lock_wait=request.lock_wait,
            dry_run=request.dry_run,
            show=show,
        )
        outcome = await ended(work.run(), recorder, sink, _code)
        await asyncio.to_thread(upload, recorder, sink)
    return outcome


def _role(role: str) -> str:
    why = role_problem(role)
    if why:
        raise UsageError(
            f"the delegated admin can't have that name: it {why}",
            hint="choose another --role",
            code=Code.ARGUMENTS,
        )
    return role


def _code(outcome: Outcome) -> ExitCode:
    return ExitCode.BLOCKED if outcome.left else ExitCode.CONVERGED


def _command(request: Request) -> str:
    parts = ["bootstrap", *["--undo"] * request.undo, *["--dry-run"] * request.dry_run]
    return " ".join(parts)
