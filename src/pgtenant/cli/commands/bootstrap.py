"""How `pgtenant bootstrap` is called."""

from __future__ import annotations

from typing import Any

import click

from pgtenant.cli.options import (
    dry_run_option,
    format_option,
    instance_options,
    lock_timeout_option,
    preflight_option,
)


@click.command()
@instance_options
@click.option(
    "--role", metavar="NAME", default="pgtenant_admin", show_default=True, help="Its role."
)
@click.option(
    "--master-secret",
    metavar="NAME",
    help="The master's secret  [default: [secrets] admin, or rds/master beside the applications']",
)
@click.option("--undo", is_flag=True, help="Give the master its powers back; shut the role out.")
@dry_run_option("the changes")
@lock_timeout_option
@preflight_option
@format_option("text", "json")
def bootstrap(**options: Any) -> int:
    """Make the delegated admin, once, with the master's secret.

    It can make and change roles and databases, and nothing else. Its password goes to the
    secret store; pgtenant.toml then names that secret in [secrets] admin.
    """
    from pgtenant.cli.bootstrap import run_bootstrap

    return run_bootstrap(**options)
