"""How `pgtenant connect` is called."""

from __future__ import annotations

from typing import Any

import click

from pgtenant.cli.completion import keys
from pgtenant.cli.options import instance_options


@click.command(short_help="Open psql as an application.")
@click.argument("key", shell_complete=keys)
@click.argument("arguments", metavar="[-- ARGUMENTS...]", nargs=-1, type=click.UNPROCESSED)
@instance_options
def connect(**options: Any) -> int:
    """Open psql as an application: with the credentials, and on the server, that its secret names.

    What follows `--` is psql's, as in `pgtenant connect -e dev orders -- -c 'SELECT 1'`. The
    password is in psql's environment alone: it is never shown, and never an argument. The exit code
    is psql's.
    """
    from pgtenant.cli.connect import run_connect

    return run_connect(**options)
