"""How `pgtenant secret` is called."""

from __future__ import annotations

from typing import Any

import click

from pgtenant.cli.completion import keys
from pgtenant.cli.options import format_option, instance_options, preflight_option


@click.group()
def secret() -> None:
    """Look after the secrets of an environment. Nothing secret is ever shown."""


@secret.command()
@click.argument("keys", metavar="[KEY...]", nargs=-1, shell_complete=keys)
@instance_options
@preflight_option
@format_option("text", "json")
def status(**options: Any) -> int:
    """Show how old the secrets are, when they are due, and whether their passwords work.

    The admin's and those of all entries, or those of the entries that are named. Each password is
    tried by a login; nothing is changed. Exits 1 when one does not work, or was not proven.
    """
    from pgtenant.cli.secret_status import run_secret_status

    return run_secret_status(**options)
