"""How `pgtenant rotate` is called."""

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


@click.command(short_help="Give entries new passwords.")
@click.argument("keys", nargs=-1, metavar="[KEY]...", shell_complete=keys)
@instance_options
@click.option("--all", "everything", is_flag=True, help="Every entry of the catalog.")
@click.option(
    "--due",
    is_flag=True,
    help="Only passwords as old as [rotation] allows for the entry's risk; alone, of all entries.",
)
@click.option("--admin", is_flag=True, help="The admin's own password, and no entry's.")
@dry_run_option("new passwords")
@click.option("--no-fail-fast", is_flag=True, help="Go on with the other entries after an error.")
@lock_timeout_option
@preflight_option
@format_option("text", "json")
def rotate(**options: Any) -> int:
    """Give entries new passwords, on the server and in their secrets.

    A new password is stored as pending, set, proven by a login, and only then made current. A run
    that was stopped is finished, or taken back, by the next one. With rotation = "alternate" in
    the catalog the former password works until the next rotation.
    """
    from pgtenant.cli.rotate import run_rotate

    return run_rotate(**options)
