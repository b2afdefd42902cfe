"""How `pgtenant init` is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pgtenant.cli.options import Command
from pgtenant.platform.options import OPTIONS


def _options(command: Command) -> Command:
    for option in reversed(OPTIONS):
        shown = option.default.replace("@@prefix@@", "<prefix>")
        command = click.option(
            option.flag,
            option.name,
            metavar=option.name.upper(),
            help=f"{option.doc}  [default: {shown}]",
        )(command)
    return command


@click.command(short_help="Lay out a platform repository.")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@_options
def init(**options: Any) -> int:
    """Lay out a platform repository in DIR: Terraform, settings, documentation.

    Writes files and runs nothing, no git either. Never overwrites; a second run changes nothing.
    """
    from pgtenant.cli.init import run_init

    return run_init(**options)
