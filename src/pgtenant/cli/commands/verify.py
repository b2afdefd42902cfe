"""How `pgtenant verify` is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pgtenant.cli.options import (
    format_option,
    instance_options,
    lock_timeout_option,
    out_option,
    preflight_option,
)


@click.command(short_help="Prove what every role can and cannot reach.")
@click.argument(
    "scope", required=False, metavar="[SCOPE]", type=click.Choice(["instance", "gitops"])
)
@instance_options
@click.option("--all-pairs", is_flag=True, help="Attempt every pair, also beyond 10,000.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    metavar="NUMBER",
    help="Draw the same sample again  [default: from the moment]",
)
@click.option(
    "--terminate",
    is_flag=True,
    help="End sessions that are older than a revoke, after asking. Needs an approval.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@preflight_option
@lock_timeout_option
@click.option(
    "--rds",
    metavar="NAME",
    help="The instance's identifier in AWS, for instance  [default: the settings', or the host's]",
)
@click.option("--only-server", is_flag=True, help="Do not ask AWS; for instance.")
@click.option(
    "--public",
    multiple=True,
    metavar="HOST:PORT",
    help="An address that must not answer, for instance; repeatable.",
)
@format_option("text", "json", "markdown")
@out_option("Write the record there, such as isolation.json; its digest shows any edit.")
@click.option(
    "--check",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="Only tell whether a record is as it was written.",
)
@click.option(
    "--context", metavar="NAME", help="Of the kubeconfig, for gitops  [default: the current one]"
)
def verify(context: str | None, **options: Any) -> int:
    """Log in as every role, and prove what it can and cannot reach.

    Tries every pair of role and database, what each access level promises and forbids, and to
    become other roles; reads the catalogs as a second witness, and looks at the instance itself
    (`verify instance`: only that). Touches no row. Exits 1 when anything is open that should
    not be, or is not proven.

    `verify instance` also checks, where an entry has tenants, the ten criteria of such an instance
    (AC1 to AC10): against the RDS API, the live server, and logged in as the entry's role.

    `verify gitops` asks a Kubernetes cluster instead, whether what `render cnpg` wrote has arrived.
    """
    if options["scope"] == "gitops":
        from pgtenant.cli.verify_gitops import run_verify_gitops

        return run_verify_gitops(context=context, **options)
    from pgtenant.cli.verify import run_verify

    return run_verify(**options)
