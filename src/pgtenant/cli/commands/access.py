"""How `pgtenant access` is called."""

from __future__ import annotations

from typing import Any

import click

from pgtenant.cli.options import format_option, instance_options, preflight_option


@click.command()
@instance_options
@click.option("--role", metavar="ROLE", help="What this role can do, by itself and as everyone.")
@click.option("--database", metavar="NAME", help="Who can do what in this database only.")
@click.option("--table", metavar="[SCHEMA.]NAME", help="Who can do what with tables of this name.")
@preflight_option
@format_option("text", "json", "csv")
def access(**options: Any) -> int:
    """Show who can do what, and through which path. Changes nothing, reads no data of tables.

    Everything on the instance, whether the catalog knows it or not; `verify` says what of it is
    beyond the catalog. Needs no secret but the admin's.
    """
    from pgtenant.cli.access import run_access

    return run_access(**options)
