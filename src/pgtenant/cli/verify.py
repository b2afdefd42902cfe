"""`pgtenant verify`."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from pgtenant import __version__, logs
from pgtenant.audit.record import stamp
from pgtenant.cli.leads import judged
from pgtenant.cli.options import load_settings, lock_wait, reaching
from pgtenant.cli.plan import width
from pgtenant.cli.stdout import terminal_width
from pgtenant.cli.terminate import end_stale_sessions, tolerant_inputs
from pgtenant.cli.unexpected import as_error, as_json
from pgtenant.cli.working import chosen_environment, need_environment
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, UsageError
from pgtenant.files import check_replaceable, read_given, replace_given, writing
from pgtenant.report.acceptance import instance_markdown
from pgtenant.report.document import show
from pgtenant.report.jsonout import json_text
from pgtenant.report.progress import progress
from pgtenant.report.verify_json import About, check_record, instance_json, verification_json
from pgtenant.report.verify_text import findings_text, verification_text
from pgtenant.settings.model import Settings
from pgtenant.usecases import verify as use_case
from pgtenant.usecases.acceptance import Wanted, accept, is_wanted
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import who
from pgtenant.usecases.saved import catalog_digest
from pgtenant.verify.acceptance import Check, accepted
from pgtenant.verify.findings import Finding, failed
from pgtenant.verify.outcome import Verification
from pgtenant.verify.pairs import derived_seed

_ADDRESS: Final = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:\[\]]+)):(?P<port>[0-9]{1,5})"
)


@dataclass(frozen=True, slots=True)
class _Request:
    settings: Settings
    environment: str
    all_pairs: bool
    seed: int
    style: str
    out: Path | None
    wanted: Wanted


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
    rds: str | None,
    only_server: bool,
    public: tuple[str, ...],
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
    if not scope and (rds is not None or only_server or public or style == "markdown"):
        raise UsageError(
            "--rds, --only-server, --public and --format markdown are for the instance",
            hint="`pgtenant verify instance`",
            code=Code.ARGUMENTS,
        )
    if rds is not None and only_server:
        raise UsageError(
            "--rds names what --only-server does not ask",
            hint="leave one of them out",
            code=Code.ARGUMENTS,
        )
    began = datetime.now(UTC)
    seed = derived_seed([began.isoformat()]) if seed is None else seed
    settings = load_settings(project, reaching(skip_preflight=skip_preflight))
    choose = need_environment if terminate else chosen_environment
    request = _Request(
        settings=settings,
        environment=choose(environment, settings),
        all_pairs=all_pairs,
        seed=seed,
        style=style,
        out=out,
        wanted=Wanted(
            rds=rds,
            only_server=only_server,
            outside=tuple(map(_address, public)),
            token=f"{seed:x}",
        ),
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
        raise UsageError(f"{path} can't be read: {error}", code=Code.UNREADABLE_FILE) from None
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
    return judged(found.exit_code == ExitCode.CONVERGED, Code.NOT_ISOLATED)


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
    inputs, findings, checks = asyncio.run(_look(request))
    environment, server = request.environment, _server(inputs)
    document = instance_json(findings, environment, checks)
    match request.style:
        case "json":
            sys.stdout.write(json_text(document))
        case "markdown":
            sys.stdout.write(instance_markdown(findings, checks, environment, server=server))
        case _:
            show(
                findings_text(
                    findings,
                    environment,
                    server=server,
                    checks=checks,
                    width=width(),
                    columns=terminal_width(),
                ),
                sys.stdout,
            )
    if request.out is not None:
        _write(request.out, document)
    return judged(not failed(findings) and accepted(checks), Code.UNSOUND_INSTANCE)


async def _look(request: _Request) -> tuple[Inputs, tuple[Finding, ...], tuple[Check, ...]]:
    inputs = await tolerant_inputs(request.settings, request.environment, passwords=False)
    findings = await use_case.verify_instance(inputs)
    checks = await accept(inputs, request.wanted) if is_wanted(inputs, request.wanted) else ()
    return inputs, findings, checks


def _address(text: str) -> tuple[str, int]:
    """Read `host:port`, an IPv6 address in brackets.

    Raises:
        UsageError: it is neither.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or not 1 <= int(match["port"]) <= 65_535:
        raise UsageError(
            f"--public {text[:100]!r} is no HOST:PORT",
            hint="such as 203.0.113.7:5432",
            code=Code.ARGUMENTS,
        )
    return match["v6"] or match["host"], int(match["port"])


def _server(inputs: Inputs) -> str:
    return f"{inputs.admin.host}:{inputs.admin.port}"


def _write(path: Path, document: Mapping[str, Any]) -> None:
    with writing("the record", path):
        replace_given(path, json_text(document).encode())
