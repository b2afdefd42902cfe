"""`pgtenant report`."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pgtenant import __version__, logs
from pgtenant.audit.record import stamp
from pgtenant.cli.options import load_settings, reaching
from pgtenant.cli.terminate import tolerant_inputs
from pgtenant.cli.verify import about_verification
from pgtenant.cli.working import chosen_environment
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, UsageError
from pgtenant.files import check_replaceable, read_given, replace_given, writing
from pgtenant.report.html import About, Report, page, verdict_words
from pgtenant.report.html.record import read_record
from pgtenant.report.progress import progress
from pgtenant.report.verify_json import verification_json
from pgtenant.report.words import count
from pgtenant.usecases import report as use_case
from pgtenant.usecases import verify as verifying
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import who
from pgtenant.usecases.saved import catalog_digest
from pgtenant.verify.pairs import derived_seed


def run_report(
    *,
    environment: str | None,
    project: Path,
    out: Path,
    attempt: bool,
    verification: Path | None,
    skip_preflight: bool,
) -> int:
    """Read the instance and write the page.

    Raises:
        PgtenantError: anything that keeps a page from being made.
    """
    if attempt and verification is not None:
        raise click.UsageError("Give either --verify or --verification.")
    settings = load_settings(project, reaching(skip_preflight=skip_preflight))
    env = chosen_environment(environment, settings)
    logs.configure(sys.stderr, logs.level_for(os.environ, sys.stderr), environment=env)
    with writing("the page", out):
        check_replaceable(out)
    record = _given(verification, env) if verification is not None else None
    inputs = asyncio.run(tolerant_inputs(settings, env))
    if attempt:
        record = _attempted(inputs, datetime.now(UTC))
    about = _about(inputs, datetime.now(UTC))
    found = asyncio.run(use_case.gather(inputs, about, record=record))
    _write(out, page(found))
    click.echo(_summary(out, found), err=True)
    return ExitCode.CONVERGED


def _given(path: Path, environment: str) -> Mapping[str, Any]:
    try:
        text = read_given(path).decode()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{path} can't be read: {error}", code=Code.UNREADABLE_FILE) from None
    return read_record(text, str(path), environment=environment)


def _attempted(inputs: Inputs, began: datetime) -> Mapping[str, Any]:
    start = time.monotonic()
    seed = derived_seed([began.isoformat()])
    found = asyncio.run(verifying.verify(inputs, progress(sys.stderr), seed=seed))
    seconds = time.monotonic() - start
    return verification_json(found, about_verification(inputs, began, seconds))


def _about(inputs: Inputs, moment: datetime) -> About:
    return About(
        generated=stamp(moment),
        server=f"{inputs.admin.host}:{inputs.admin.port}",
        catalog_path=inputs.catalog.path,
        catalog=catalog_digest(inputs),
        commit=who(inputs.settings.root, os.environ, command="report")["git_commit"],
        version=__version__,
    )


def _write(path: Path, text: str) -> None:
    with writing("the page", path):
        replace_given(path, text.encode())


def _summary(path: Path, found: Report) -> str:
    words = verdict_words(found).lower()
    databases = count(len(found.listing.model.databases), "database")
    return f"{path}: {found.environment} with {databases}, {words}"
