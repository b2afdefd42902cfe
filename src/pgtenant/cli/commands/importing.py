"""How `pgtenant import` is called."""

from __future__ import annotations

from typing import Any

import click

from pgtenant.cli.options import format_option, instance_options, out_option, preflight_option


@click.command("import")
@click.argument("source", required=False, metavar="[cnpg]", type=click.Choice(["cnpg"]))
@instance_options
@preflight_option
@out_option("Write the catalog there, where no file is yet  [default: stdout]")
@format_option("text", "json")
def import_(source: str | None, style: str, **options: Any) -> int:
    """Write a catalog from a live server. Changes nothing, and needs no secret but the admin's.

    Databases with their owners, who writes and who reads; comments say what does not fit.

    `import cnpg` reads the manifests of a CloudNativePG cluster instead, and needs no server.
    """
    if source == "cnpg":
        from pgtenant.cli.importing_cnpg import run_import_cnpg

        return run_import_cnpg(style=style, **options)
    if style != "text":
        raise click.UsageError("--format json goes with `import cnpg`.")
    from pgtenant.cli.importing import run_import

    return run_import(**options)
