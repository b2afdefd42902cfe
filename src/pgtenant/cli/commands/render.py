"""How `pgtenant render` is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pgtenant.cli.completion import keys
from pgtenant.cli.options import format_option, instance_options, out_option
from pgtenant.gitops.external_secret import KIND, STORE


@click.group(short_help="Write manifests or a script from the catalog.")
def render() -> None:
    """Write manifests for a cluster, or a script, from the catalog; asks no server."""


@render.command("external-secret")
@click.argument("keys", metavar="KEY...", nargs=-1, required=True, shell_complete=keys)
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


@render.command("cnpg")
@click.argument("keys", metavar="[KEY...]", nargs=-1, shell_complete=keys)
@instance_options
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing and read no secret; exit 2 when a manifest is not as the catalog says.",
)
@click.option("--reseal", is_flag=True, help="Seal the passwords again, such as after a rotation.")
@click.option("--adopt", is_flag=True, help="Take over roles in the manifest that have no marker.")
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="NAME",
    help="Where the secret of the one KEY is copied to; repeatable  [default: what its manifest"
    " says, else the key with hyphens]",
)
@format_option("text", "json")
def cnpg_(**options: Any) -> int:
    """Write what a shared CloudNativePG cluster has to know, of all entries or of some.

    Their sealed passwords, their roles in the cluster's manifest and their databases, in three
    sync waves; manifests that are there are edited in place. Needs no server. See docs/cnpg.md.
    """
    from pgtenant.cli.render_cnpg import run_render_cnpg

    return run_render_cnpg(**options)


@render.command("sql")
@click.argument("key", shell_complete=keys)
@instance_options
@out_option("Write it there, such as infrastructure/scripts/db-init.sql  [default: stdout]")
def sql_(**options: Any) -> int:
    """Write a script for psql that makes an owner entry's role and database.

    It can be run again, holds no password, and checks the role's powers and row security. What
    else is declared is left to an apply, which also needs no script.
    """
    from pgtenant.cli.render_sql import run_render_sql

    return run_render_sql(**options)
