"""`pgtenant rotate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from pgtenant.cli.plan import width
from pgtenant.cli.single import Single
from pgtenant.report.document import show
from pgtenant.report.progress import progress
from pgtenant.report.rotation import rotation_json, rotation_text
from pgtenant.rotation.view import Rotated
from pgtenant.secrets.versioned import open_versions
from pgtenant.usecases.rotate.candidates import Chooser
from pgtenant.usecases.rotate.run import Asked, Outcome, rotate


def run_rotate(
    *,
    keys: tuple[str, ...],
    everything: bool,
    due: bool,
    admin: bool,
    environment: str | None,
    project: Path,
    dry_run: bool,
    no_fail_fast: bool,
    lock_timeout: str | None,
    skip_preflight: bool,
    style: str,
) -> int:
    """Rotate and print.

    Raises:
        PgtenantError: anything that ended the run before or between its steps.
    """
    chosen = bool(keys) + everything + admin
    if chosen > 1 or not (chosen or due):
        raise click.UsageError("Give the keys of the entries to rotate, --all, --due or --admin.")
    run = Single.begin(
        project=project,
        environment=environment,
        skip_preflight=skip_preflight,
        lock_timeout=lock_timeout,
        dry_run=dry_run,
        style=style,
        found=rotation_json(()),
    )
    asked = Asked(admin=admin, fail_fast=not no_fail_fast, dry_run=dry_run, lock_wait=run.lock_wait)
    return run.finish(_rotate(run, frozenset(keys), asked, due=due), lambda _: None)


async def _rotate(run: Single, only: frozenset[str], asked: Asked, *, due: bool) -> Outcome:
    loaded = await run.inputs(only, passwords=False)
    inputs = replace(loaded, only=frozenset()) if asked.admin else loaded
    secrets = run.settings.secrets
    chooser = Chooser(
        inputs=inputs,
        store=open_versions(secrets.store, directory=secrets.directory, project=run.settings.root),
        only_due=due,
        named=bool(only),
        now=lambda: datetime.now(UTC),
    )

    def keep(rotated: Sequence[Rotated], *, ended: bool) -> None:
        run.found = rotation_json(rotated)
        if ended and run.style == "text":
            show(rotation_text(rotated, run.environment, width=width()), sys.stdout)
            sys.stdout.flush()

    flags = ["--admin"] * asked.admin + ["--due"] * due + ["--dry-run"] * asked.dry_run
    return await run.recorded(
        " ".join(["rotate", *flags]),
        lambda recorder: rotate(inputs, chooser, recorder, progress(sys.stderr), asked, show=keep),
    )
