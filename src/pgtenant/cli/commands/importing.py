"""How `pgtenant import` is called."""

from __future__ import annotations

from typing import Any

import click

from pgtenant.cli.options import instance_options, out_option, preflight_option


@click.command("import")
@instance_options
@preflight_option
@out_option("Write the catalog there, where no file is yet  [default: stdout]")
def import_(**options: Any) -> int:
    """Write a catalog from a live server. Changes nothing, and needs no secret but the admin's.

    Databases with their owners, who writes and who reads; comments say what does not fit.
    """
    from pgtenant.cli.importing import run_import

    return run_import(**options)
