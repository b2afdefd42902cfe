"""How `pgtenant retire` is called."""

from __future__ import annotations

from pathlib import Path
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


@click.command(short_help="Take an entry out of service, later away for good.")
@click.argument("key", shell_complete=keys)
@instance_options
@click.option(
    "--stage",
    type=click.Choice(["disable", "drop"]),
    required=True,
    help="disable: no logins, database closed; drop: gone for good, some days later.",
)
@click.option("--undo", is_flag=True, help="With disable: put back what was.")
@click.option(
    "--grace",
    metavar="DURATION",
    default="0s",
    show_default=True,
    help="How long sessions may go on before they are ended.",
)
@click.option(
    "--dump-to",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="DIR",
    help="With drop: dump the database there first, and prove the dump by restoring it.",
)
@click.option("--no-backup", is_flag=True, help="With drop: no dump is made, and none needed.")
@click.option(
    "--confirm",
    metavar="NAME",
    help="The name of what is dropped: of the database, or for an editor or reader of the role.",
)
@click.option(
    "--allow-owned",
    is_flag=True,
    help="With drop: also drop what its roles own in other databases; --dry-run lists it.",
)
@click.option(
    "--allow-foreign",
    is_flag=True,
    help="With drop: also drop what other roles own in the database.",
)
@dry_run_option()
@lock_timeout_option
@preflight_option
@format_option("text", "json")
def retire(**options: Any) -> int:
    """Take an entry out of service, and some days later away for good.

    KEY is the entry's, also when the catalog has it no more. Disabling refuses logins, ends
    sessions, closes the database, and can be undone; it takes the editors and readers of a database
    along. Dropping needs an entry that is disabled long enough and out of the catalog.
    """
    from pgtenant.cli.retire import run_retire

    return run_retire(**options)
