"""`pgtenant adopt`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pgtenant.cli.plan import width
from pgtenant.cli.single import Single
from pgtenant.planning.adoption import Adoption
from pgtenant.report.adoption import adoption_json, adoption_text, outcome_text
from pgtenant.report.document import show
from pgtenant.report.progress import progress
from pgtenant.usecases.adopt import Outcome, adopt_entries


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
    run = Single.begin(
        project=project,
        environment=environment,
        skip_preflight=skip_preflight,
        lock_timeout=lock_timeout,
        dry_run=dry_run,
        style=style,
        found=adoption_json(None),
    )

    def say(outcome: Outcome) -> None:
        show(outcome_text(outcome.adoption, dry_run=dry_run, width=width()), sys.stdout)

    return run.finish(_adopt(run, frozenset(keys), take_ownership=take_ownership), say)


async def _adopt(run: Single, only: frozenset[str], *, take_ownership: bool) -> Outcome:
    inputs = await run.inputs(only)

    def keep(adoption: Adoption) -> None:
        run.found = adoption_json(adoption)
        if run.style == "text":
            show(adoption_text(adoption, width=width()), sys.stdout)
            sys.stdout.write("\n")
            sys.stdout.flush()

    flags = ["--take-ownership"] * take_ownership + ["--dry-run"] * run.dry_run
    return await run.recorded(
        " ".join(["adopt", *flags]),
        lambda recorder: adopt_entries(
            inputs,
            recorder,
            progress(sys.stderr),
            lock_wait=run.lock_wait,
            take_ownership=take_ownership,
            dry_run=run.dry_run,
            show=keep,
        ),
    )
