"""How `pgtenant plan` is called."""

from __future__ import annotations

from typing import Any

import click

from pgtenant.cli.options import (
    are_several,
    authoritative_option,
    fleet_options,
    format_option,
    only_option,
    out_option,
    preflight_option,
    single,
    trust_markers_option,
)


@click.command()
@fleet_options
@click.option(
    "--no-fail-fast", is_flag=True, help="Go on with the other environments after an error."
)
@only_option
@authoritative_option("Plan to revoke what the catalog lacks.")
@trust_markers_option
@preflight_option
@format_option("text", "json", "sql", "markdown")
@click.option("--sql", is_flag=True, help="Show each change's SQL below it (text format).")
@out_option("Save the plan for `apply FILE`. It holds no secret.")
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes, 4 when blocked."
)
def plan(
    *,
    environments: tuple[str, ...],
    everything: bool,
    parallel: int,
    no_fail_fast: bool,
    **options: Any,
) -> int:
    """Show what would change, entry by entry. Changes nothing and takes no lock.

    With several environments: one report of all. The lowest wave comes first, and none is begun
    after a failure.
    """
    from pgtenant.cli.plan import Asked, run_plan

    asked = Asked(**options)
    if are_several(environments, everything=everything):
        from pgtenant.cli.fleet_plan import plan_all

        return plan_all(environments, asked, parallel=parallel, no_fail_fast=no_fail_fast)
    return run_plan(single(environments), asked)
