"""How `pgtenant audit collect` is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pgtenant.cli.options import head_options, instance_options


@click.command()
@click.argument(
    "logs",
    nargs=-1,
    required=True,
    metavar="LOG...",
    type=click.Path(dir_okay=False, exists=True, allow_dash=True, path_type=Path),
)
@click.option(
    "--allow-empty",
    is_flag=True,
    help="Exit 0 for a log without any record: that of a run that was refused before its first.",
)
@instance_options
@head_options
def collect(**options: Any) -> int:
    """Add what a Job has printed to the audit CSV and the journal of its environment.

    LOG is what `kubectl logs` gave, or - for standard input; the Job has to run with
    PGTENANT_PROJECT_AUDIT_LOG=true. Without -e, each environment that the log names gets its own.
    What is there already is not added again. What is missing its neighbours is kept apart, and
    exits 1.
    """
    from pgtenant.cli.collect import run_collect

    return run_collect(**options)
