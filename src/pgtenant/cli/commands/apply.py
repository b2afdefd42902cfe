"""How `pgtenant apply` is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pgtenant.cli.options import (
    are_several,
    authoritative_option,
    dry_run_option,
    fleet_options,
    format_option,
    lock_timeout_option,
    only_option,
    preflight_option,
    single,
    trust_markers_option,
)


@click.command(short_help="Bring the instance to what the catalog says.")
@click.argument(
    "saved",
    required=False,
    metavar="[FILE]",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
)
@fleet_options
@dry_run_option()
@only_option
@click.option(
    "--no-fail-fast",
    is_flag=True,
    help="Go on with the other entries, and environments, after an error.",
)
@authoritative_option("Revoke what the catalog does not give.")
@trust_markers_option
@click.option(
    "--tenants", is_flag=True, help="Then make the tenants of each `tenants_file`, as `tenant add`."
)
@click.option(
    "--build-id", metavar="ID", help="For the audit  [default: the CI system's, or manual]"
)
@click.option("--run-id", metavar="ID", help="For the audit  [default: made up, unique]")
@click.option("--audit", metavar="PATH", help="The audit CSV  [default: from pgtenant.toml]")
@lock_timeout_option
@preflight_option
@format_option("text", "json", "markdown")
def apply(*, environments: tuple[str, ...], everything: bool, parallel: int, **options: Any) -> int:
    """Bring the instance to what the catalog says; with FILE, carry out that saved plan.

    Outside dev it needs ALLOW_DB_PROVISION=true. Every step is in the audit file before the
    next one starts; run again after any failure, and it goes on from what is there.

    With several environments: each needs its own approval, and has its own audit. The lowest
    wave comes first, and none is begun after a failure.
    """
    from pgtenant.cli.apply import Asked, run_apply

    asked = Asked(**options)
    several = are_several(environments, everything=everything)
    if several or (asked.style == "markdown" and environments):
        from pgtenant.cli.fleet_apply import apply_all

        return apply_all(environments, asked, parallel=parallel)
    return run_apply(single(environments), asked)
