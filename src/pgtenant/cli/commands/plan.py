"""How `pgtenant plan` is called."""

from __future__ import annotations

from typing import Any

import click

from pgtenant.cli.options import (
    authoritative_option,
    format_option,
    instance_options,
    only_option,
    out_option,
    preflight_option,
)


@click.command()
@instance_options
@only_option
@authoritative_option("Plan to revoke what the catalog lacks.")
@preflight_option
@format_option("text", "json", "sql", "markdown")
@click.option("--sql", is_flag=True, help="Show each change's SQL below it (text format).")
@out_option("Save the plan for `apply FILE`. It holds no secret.")
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes, 4 when blocked."
)
def plan(**options: Any) -> int:
    """Show what would change, entry by entry. Changes nothing and takes no lock."""
    from pgtenant.cli.plan import run_plan

    return run_plan(**options)
