"""`pgtenant verify`."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pgtenant import __version__, logs
from pgtenant.audit.record import stamp
from pgtenant.cli.options import load_settings, lock_wait, need_environment, reaching
from pgtenant.cli.plan import as_json, width
from pgtenant.cli.terminate import end_stale_sessions, tolerant_inputs
from pgtenant.cli.unexpected import as_error
from pgtenant.errors import ExitCode, UsageError
from pgtenant.files import check_replaceable, read_given, replace_given, writing
from pgtenant.report.document import show
from pgtenant.report.jsonout import json_text
from pgtenant.report.progress import progress
from pgtenant.report.verify_json import About, check_record, instance_json, verification_json
from pgtenant.report.verify_text import findings_text, verification_text
from pgtenant.settings.model import Settings
from pgtenant.usecases import verify as use_case
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import who
from pgtenant.usecases.saved import catalog_digest
from pgtenant.verify.findings import Finding, failed
from pgtenant.verify.outcome import Verification
from pgtenant.verify.pairs import derived_seed


@dataclass(frozen=True, slots=True)
class _Request:
    settings: Settings
    environment: str
    all_pairs: bool
    seed: int
    style: str
    out: Path | None


def run_verify(
    *,
    scope: str | None,
    environment: str | None,
    project: Path,
    all_pairs: bool,
    seed: int | None,
    terminate: bool,
    yes: bool,
    skip_preflight: bool,
    lock_timeout: str | None,
    style: str,
    out: Path | None,
    check: Path | None,
) -> int:
    """Verify and print.

    Raises:
        PgtenantError: anything that keeps a verification from being made.
    """
    if check is not None:
        return _check(check)
    began = datetime.now(UTC)
    request = _Request(
        settings=load_settings(project, reaching(skip_preflight=skip_preflight)),
        environment=need_environment(environment),
        all_pairs=all_pairs,
        seed=derived_seed([began.isoformat()]) if seed is None else seed,
        style=style,
        out=out,
    )
    logs.configure(
        sys.stderr, logs.level_for(os.environ, sys.stderr), environment=request.environment
    )
    try:
        if out is not None:
            with writing("the record", out):
                check_replaceable(out)
        if terminate:
            end_stale_sessions(
                request.settings,
                request.environment,
                sure=yes,
                wait=lock_wait(lock_timeout),
            )
        return _instance(request) if scope else _verify(request, began)
    except Exception as unexpected:
        error = as_error(unexpected)
        if style == "json" and error.exit_code < ExitCode.USAGE:
            document = {"environment": request.environment, "error": as_json(error)}
            sys.stdout.write(json_text(document))
        raise


def _check(path: Path) -> int:
    try:
        text = read_given(path).decode()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{path} can't be read: {error}") from None
    record = check_record(text, str(path))
    click.echo(f"{path}: as it was written ({record['digest']}), verdict: {record['verdict']}")
    return ExitCode.CONVERGED


def _verify(request: _Request, began: datetime) -> int:
    start = time.monotonic()
    inputs, found = asyncio.run(_attempt(request))
    about = about_verification(inputs, began, time.monotonic() - start)
    document = verification_json(found, about)
    if request.style == "json":
        sys.stdout.write(json_text(document))
    else:
        took = f"{about.started}, took {about.seconds:.1f} s"
        title = f"PostgreSQL {found.server_version // 10000} at {about.server}, {took}"
        show(verification_text(found, server=title, width=width()), sys.stdout)
    logs.get_logger().info(
        "verified", verdict=document["verdict"], digest=document["digest"], seed=found.seed
    )
    if request.out is not None:  # after all else, should it fail
        _write(request.out, document)
    return found.exit_code


def about_verification(inputs: Inputs, began: datetime, seconds: float) -> About:
    """Return what the record of a verification says of it as a whole.

    Args:
        inputs: what it worked with.
        began: when.
        seconds: how long it took.
    """
    asked_by = who(inputs.settings.root, os.environ, command="verify")
    return About(
        version=__version__,
        server=_server(inputs),
        admin=inputs.admin.username,
        catalog=catalog_digest(inputs),
        commit=asked_by["git_commit"],
        actor=asked_by["actor"],
        started=stamp(began),
        seconds=seconds,
    )


async def _attempt(request: _Request) -> tuple[Inputs, Verification]:
    inputs = await tolerant_inputs(request.settings, request.environment)
    found = await use_case.verify(
        inputs, progress(sys.stderr), seed=request.seed, everything=request.all_pairs
    )
    return inputs, found


def _instance(request: _Request) -> int:
    inputs, findings = asyncio.run(_look(request))
    document = instance_json(findings, request.environment)
    if request.style == "json":
        sys.stdout.write(json_text(document))
    else:
        text = findings_text(findings, request.environment, server=_server(inputs), width=width())
        show(text, sys.stdout)
    if request.out is not None:
        _write(request.out, document)
    return ExitCode.FAILED if failed(findings) else ExitCode.CONVERGED


async def _look(request: _Request) -> tuple[Inputs, tuple[Finding, ...]]:
    inputs = await tolerant_inputs(request.settings, request.environment, passwords=False)
    return inputs, await use_case.verify_instance(inputs)


def _server(inputs: Inputs) -> str:
    return f"{inputs.admin.host}:{inputs.admin.port}"


def _write(path: Path, document: Mapping[str, Any]) -> None:
    with writing("the record", path):
        replace_given(path, json_text(document).encode())
