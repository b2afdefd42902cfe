"""How `pgtenant report` is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pgtenant.cli.options import instance_options, preflight_option


@click.command()
@instance_options
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    required=True,
    help="Write the page there, such as report.html.",
)
@click.option("--verify", "attempt", is_flag=True, help="Log in as every role first; takes longer.")
@click.option(
    "--verification",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="Show this record of `verify --out` instead.",
)
@preflight_option
def report(**options: Any) -> int:
    """Write one self-contained HTML page about the instance. Changes nothing.

    Its databases as a map, who may do what, blocked entries, findings, planned changes, drift,
    undeclared databases, the verification and the audit. Holds no secret and asks nothing of the
    network. Exits 0 when the page is written, whatever it says; `verify` is what fails.
    """
    from pgtenant.cli.report import run_report

    return run_report(**options)
