"""How `pgtenant adopt` is called."""

from __future__ import annotations

from typing import Any

import click

from pgtenant.cli.completion import keys
from pgtenant.cli.options import (
    dry_run_option,
    format_option,
    instance_options,
    lock_timeout_option,
    preflight_option,
)


@click.command(short_help="Take over what was made by hand or by an older script.")
@click.argument("keys", nargs=-1, metavar="[KEY]...", shell_complete=keys)
@instance_options
@click.option("--all", "everything", is_flag=True, help="Every entry of the catalog.")
@dry_run_option()
@click.option(
    "--take-ownership",
    is_flag=True,
    help="Give databases that the admin owns, or may act for the owner of, to their entries.",
)
@lock_timeout_option
@preflight_option
@format_option("text", "json")
def adopt(**options: Any) -> int:
    """Take over roles and databases that were made by hand or by an older script.

    Shows what they have today, who uses them and what the next apply would change; then marks
    them as managed, and changes nothing else. Exits 4 when an entry can't be adopted.
    """
    from pgtenant.cli.adopt import run_adopt

    return run_adopt(**options)
