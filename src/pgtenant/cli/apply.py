"""`pgtenant apply`."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pgtenant import logs
from pgtenant.audit.record import Record
from pgtenant.audit.s3 import S3Sink
from pgtenant.cli.options import load_settings, lock_wait, reaching
from pgtenant.cli.plan import complain, width
from pgtenant.cli.stdout import not_needed
from pgtenant.cli.unexpected import as_error, as_json
from pgtenant.cli.working import chosen_environment, need_environment
from pgtenant.errors import ExitCode, PgtenantError
from pgtenant.planning.plan import Plan
from pgtenant.planning.tenants.outcome import Tenants
from pgtenant.planning.trust import Trusted
from pgtenant.report.applied import apply_text
from pgtenant.report.document import show
from pgtenant.report.jsonout import apply_json, json_text, trusted_json
from pgtenant.report.progress import Progress, progress
from pgtenant.report.tenant_runs import done_text
from pgtenant.report.text import plan_text
from pgtenant.secrets.store import open_store
from pgtenant.settings.model import Settings
from pgtenant.usecases import apply as use_case
from pgtenant.usecases import identity
from pgtenant.usecases.approval import log_approval, require_approval
from pgtenant.usecases.fleet import Turn, at_once
from pgtenant.usecases.inputs import load_catalog, load_inputs
from pgtenant.usecases.journal import journaled
from pgtenant.usecases.recorder import Recorder
from pgtenant.usecases.recording import recording
from pgtenant.usecases.saved import SavedPlan, check_fresh, read_plan
from pgtenant.usecases.tenants.declared import Applied, add_declared


@dataclass(frozen=True, slots=True)
class Request:
    """One run that was asked for."""

    settings: Settings
    environment: str
    build_id: str
    run_id: str
    lock_wait: float | None
    only: frozenset[str]
    dry_run: bool
    fail_fast: bool
    authoritative: bool
    trust_markers: bool
    tenants: bool
    saved: SavedPlan | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What `apply` was called with, whether for one environment or for several."""

    saved: Path | None
    project: Path
    skip_preflight: bool
    dry_run: bool
    only: tuple[str, ...]
    no_fail_fast: bool
    authoritative: bool
    trust_markers: bool
    tenants: bool
    build_id: str | None
    run_id: str | None
    audit: str | None
    lock_timeout: str | None
    style: str

    def settings(self) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: a value is bad.
        """
        overrides = {"project.audit": self.audit} | reaching(skip_preflight=self.skip_preflight)
        return load_settings(self.project, overrides)

    def request(self, environment: str, plan: SavedPlan | None = None) -> Request:
        """Return the run in an environment, of a saved plan if there is one.

        Raises:
            SettingsError: a setting is bad.
            click.UsageError: a flag is.
        """
        if self.tenants and (self.dry_run or self.saved is not None):
            raise click.UsageError(
                "--tenants makes what no dry run or saved plan shows; `pgtenant tenant add"
                " --dry-run` tries an entry's"
            )
        return Request(
            settings=self.settings(),
            lock_wait=lock_wait(self.lock_timeout),
            environment=environment,
            build_id=self.build_id or identity.build_id(os.environ),
            run_id=self.run_id or identity.run_id(os.environ, secrets.token_hex(4)),
            only=frozenset(plan.only if plan and not self.only else self.only),
            dry_run=self.dry_run,
            fail_fast=not self.no_fail_fast,
            authoritative=self.authoritative or (plan is not None and plan.authoritative),
            trust_markers=self.trust_markers or (plan is not None and plan.trust_markers),
            tenants=self.tenants,
            saved=plan,
        )


def run_apply(environment: str | None, asked: Asked) -> int:
    """Apply and print.

    Raises:
        PgtenantError: anything that ended the run before or between its steps.
    """
    plan = read_plan(asked.saved) if asked.saved is not None else None
    request = asked.request(_environment(environment, plan, asked), plan)
    logs.configure(
        sys.stderr,
        logs.level_for(os.environ, sys.stderr),
        environment=request.environment,
        build_id=request.build_id,
        run_id=request.run_id,
    )
    if not request.dry_run:
        not_needed()
    return _as_json(request) if asked.style == "json" else _as_text(request)


def _as_json(request: Request) -> int:
    records: list[Record] = []
    try:
        outcome = asyncio.run(carry_out(request, records))
    except Exception as unexpected:
        error = as_error(unexpected)
        if error.exit_code < ExitCode.USAGE:
            document = as_document(request, records, [error], error.exit_code)
            sys.stdout.write(json_text(document))
        raise
    document = as_document(
        request, records, outcome.errors, outcome.exit_code, outcome.plan.trusted
    )
    sys.stdout.write(json_text(document))
    for failure in outcome.errors:
        complain(failure)
    return outcome.exit_code


def as_document(
    request: Request,
    records: Sequence[Record],
    errors: Sequence[PgtenantError],
    code: int,
    trusted: Trusted | None = None,
) -> dict[str, Any]:
    """Return a run as `schemas/apply.schema.json` describes it."""
    told = [as_json(error) for error in errors]
    extra: dict[str, object] = {**trusted_json(trusted), "exit_code": int(code)}
    extra |= {"error": told[0], "errors": told} if told else {}
    rows = [record.as_dict() for record in records]
    return apply_json(request.run_id, request.environment, rows, extra)


def _as_text(request: Request) -> int:
    records: list[Record] = []
    entries: dict[str, str] = {}

    def print_plan(plan: Plan) -> None:
        show(plan_text(plan, width=width()), sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()

    def print_tenants(found: Tenants) -> None:
        show(done_text(found, request.environment, dry_run=False, width=width()), sys.stdout)
        sys.stdout.write("\n")

    began = time.monotonic()
    errors: tuple[PgtenantError, ...] = ()
    try:
        running = carry_out(request, records, print_plan, entries, print_tenants=print_tenants)
        outcome = asyncio.run(running)
        errors, code = outcome.errors, outcome.exit_code
    finally:
        if records:
            document = apply_text(
                [record.as_dict() for record in records],
                environment=request.environment,
                run_id=request.run_id,
                entries_of=entries,
                width=width(),
                elapsed=time.monotonic() - began,
            )
            show(document, sys.stdout)
    sys.stdout.flush()
    for error in errors:
        complain(error)
    return code


async def carry_out(
    request: Request,
    records: list[Record],
    print_plan: Callable[[Plan], None] = lambda _: None,
    entries: dict[str, str] | None = None,
    *,
    print_tenants: Callable[[Tenants], None] = lambda _: None,
    turn: Turn = at_once,
    meter: Progress | None = None,
) -> use_case.Outcome:
    """Apply to one environment.

    Args:
        request: what was asked for.
        records: gets the run's records.
        print_plan: gets each plan, before anything of it is carried out.
        entries: gets the entry's key for each username.
        print_tenants: gets what was done for each entry's tenants.
        turn: waits for the turn of a server.
        meter: told of each step; None for a line on a terminal.

    Raises:
        PgtenantError: anything that ended the run before or between its steps.
    """
    settings, env = request.settings, request.environment
    catalog = load_catalog(settings, env, request.only)
    if entries is not None:
        entries.update({entry.username: entry.key for entry in catalog.entries})
    approver = "" if request.dry_run else require_approval(settings, env, os.environ)
    store = open_store(
        settings.secrets.store, directory=settings.secrets.directory, project=settings.root
    )
    inputs = await load_inputs(
        settings,
        env,
        catalog,
        store,
        only=request.only,
        fail_fast=request.fail_fast,
        lean=True,
        authoritative=request.authoritative,
        trust_markers=request.trust_markers,
    )
    if not request.dry_run:
        log_approval(settings, env, approver)

    shown = 0

    def check(plan: Plan) -> None:
        nonlocal shown
        shown += 1
        print_plan(plan)
        if request.saved is not None:
            check_fresh(request.saved, plan, inputs, carried_out=shown > 1)

    telling = progress(sys.stderr) if meter is None else meter
    wait = settings.server.lock_timeout if request.lock_wait is None else request.lock_wait
    async with turn(inputs):
        async with _recording(request, records) as (recorder, sink):
            running = use_case.apply(
                inputs,
                recorder,
                telling,
                lock_wait=wait,
                fail_fast=request.fail_fast,
                dry_run=request.dry_run,
                show=check,
            )
            outcome = await journaled(running, recorder, sink)
        if not request.tenants:
            return outcome
        applied = Applied(
            inputs=inputs,
            outcome=outcome,
            environ=os.environ,
            build_id=request.build_id,
            run_id=request.run_id,
            lock_wait=wait,
            fail_fast=request.fail_fast,
        )
        return await add_declared(applied, records, telling, show=print_tenants)


@asynccontextmanager
async def _recording(
    request: Request, records: list[Record]
) -> AsyncIterator[tuple[Recorder, S3Sink | None]]:
    with recording(
        request.settings,
        request.environment,
        os.environ,
        command=asked_for(request),
        build_id=request.build_id,
        run_id=request.run_id,
        records=records,
    ) as opened:
        yield opened


def asked_for(request: Request) -> str:
    """Return what is carried out, as the journal calls it."""
    flags = (
        " --dry-run" * request.dry_run,
        " --trust-markers" * request.trust_markers,
        " --tenants" * request.tenants,
    )
    return f"apply{''.join(flags)}"


def _environment(environment: str | None, plan: SavedPlan | None, asked: Asked) -> str:
    if plan is None:
        # Markdown is of a fleet's, whose environments are named.
        choose = need_environment if asked.style == "markdown" else chosen_environment
        return choose(environment, asked.settings())
    if environment is not None and environment != plan.environment:
        raise click.UsageError(f"the saved plan is for {plan.environment}, not {environment}")
    return plan.environment
