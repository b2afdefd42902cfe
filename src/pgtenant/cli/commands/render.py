"""How `pgtenant render` is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pgtenant.cli.options import instance_options
from pgtenant.gitops.external_secret import KIND, STORE


@click.group()
def render() -> None:
    """Write manifests for a cluster, from the catalog. Changes nothing and asks no server."""


@render.command("external-secret")
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@instance_options
@click.option("--namespace", metavar="NAME", help="The application's; without it, none is named.")
@click.option(
    "--store", metavar="NAME", default=STORE, show_default=True, help="The store in the cluster."
)
@click.option(
    "--kind",
    type=click.Choice([KIND, "SecretStore"]),
    default=KIND,
    show_default=True,
    help="The store's kind.",
)
@click.option(
    "--refresh",
    metavar="INTERVAL",
    help="How often the secret is read, such as 15m  [default: 1m, or 1h where two logins"
    " alternate]",
)
@click.option(
    "--name",
    metavar="NAME",
    help="The manifest's name  [default: the key with -db, such as my-app-db]",
)
@click.option("--v1beta1", is_flag=True, help="For operators that do not know v1 yet.")
@click.option(
    "--out",
    "--output",
    "out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write them there  [default: stdout]",
)
def external_secret_(**options: Any) -> int:
    """Write the ExternalSecret that brings an entry's credentials into its pods.

    Its Secret has POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_HOST, POSTGRES_PORT, POSTGRES_DB and
    DATABASE_URL. No secret is read. See docs/rotation.md for what an application needs besides.
    """
    from pgtenant.cli.render import run_external_secret

    return run_external_secret(**options)
