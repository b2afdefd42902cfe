"""`pgtenant retire`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from pgtenant.cli.plan import width
from pgtenant.cli.single import Single
from pgtenant.planning.retirement.view import View
from pgtenant.report.document import show
from pgtenant.report.progress import progress
from pgtenant.report.retirement import ended_text, retirement_json, retirement_text
from pgtenant.settings.durations import parse_duration
from pgtenant.usecases.retire.asked import Asked
from pgtenant.usecases.retire.disable import Outcome
from pgtenant.usecases.retire.run import retire_entry


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
    if stage == "disable" and (
        no_backup or dump_to is not None or confirm is not None or allow_owned or allow_foreign
    ):
        raise click.UsageError(
            "--dump-to, --no-backup, --confirm and --allow-… go with --stage drop: nothing is"
            " dropped, and no dump made, before that."
        )
    if undo and stage != "disable":
        raise click.UsageError("--undo goes with --stage disable: a drop can't be undone.")
    asked = Asked(
        key=key,
        stage=stage,
        undo=undo,
        grace=_seconds(grace),
        dump_to=dump_to,
        confirm=confirm,
        allow_owned=allow_owned,
        allow_foreign=allow_foreign,
        dry_run=dry_run,
    )
    run = Single.begin(
        project=project,
        environment=environment,
        skip_preflight=skip_preflight,
        lock_timeout=lock_timeout,
        dry_run=dry_run,
        style=style,
        found={"retirement": None},
    )

    def say(outcome: Outcome) -> None:
        sys.stdout.write(ended_text(outcome.view, dry_run=dry_run))

    return run.finish(_retire(run, asked), say)


async def _retire(run: Single, asked: Asked) -> Outcome:
    # Its entry may have left the catalog.
    loaded = await run.inputs(frozenset(), passwords=False, operated=True)
    inputs = replace(loaded, only=frozenset({asked.key}))

    def keep(view: View) -> None:
        run.found = retirement_json(view)
        if run.style == "text":
            show(retirement_text(view, run.environment, width=width()), sys.stdout)
            sys.stdout.flush()

    return await run.recorded(
        _command(asked),
        lambda recorder: retire_entry(
            inputs,
            recorder,
            progress(sys.stderr),
            asked,
            lock_wait=run.lock_wait,
            show=keep,
            ask=_ask if _is_a_terminal() else None,
        ),
    )


def _ask(what: str) -> str:
    answer: str = click.prompt(f"Type {what} to drop it for good", err=True)
    return answer


def _is_a_terminal() -> bool:
    return sys.stdin.isatty()


def _seconds(grace: str) -> float:
    try:
        return 0.0 if grace in {"0", "0s"} else parse_duration(grace)
    except ValueError as error:
        raise click.UsageError(f"--grace {grace} {error}") from None


def _command(asked: Asked) -> str:
    flags = ["--undo"] * asked.undo
    if asked.stage == "drop":
        to = asked.dump_to
        flags.append("--no-backup" if to is None else f"--dump-to {to.absolute()}")
        flags += ["--allow-owned"] * asked.allow_owned + ["--allow-foreign"] * asked.allow_foreign
    elif asked.grace:
        flags.append(f"--grace {asked.grace:g}s")
    flags += ["--dry-run"] * asked.dry_run
    return " ".join(["retire", f"--stage {asked.stage}", *flags])
