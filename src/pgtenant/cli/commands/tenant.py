"""How `pgtenant tenant` is called."""

from __future__ import annotations

from typing import Any

import click

from pgtenant.cli.completion import keys
from pgtenant.cli.options import (
    Command,
    dry_run_option,
    format_option,
    instance_options,
    lock_timeout_option,
    preflight_option,
)

_file_option = click.option(
    "--file",
    "file",
    metavar="FILE",
    help="Slugs, one a line, `#` for comments: a file of the project, or - for standard input.",
)


def _changing(command: Command) -> Command:
    """Add what every command needs that changes tenants."""
    for option in (
        format_option("text", "json"),
        preflight_option,
        lock_timeout_option,
        dry_run_option(),
        instance_options,
    ):
        command = option(command)
    return command


@click.group(short_help="Look after the tenants inside one database.")
def tenant() -> None:
    """Look after the tenants inside one application's database: a schema each."""


@tenant.command("list")
@click.argument("key", shell_complete=keys)
@instance_options
@preflight_option
@format_option("text", "json")
def list_(**options: Any) -> int:
    """Show the tenants of an entry, and how many findings each has.

    KEY is an owner entry with `tenancy`. Every schema with the entry's prefix is a tenant's.
    """
    from pgtenant.cli.tenant import run_tenant

    return run_tenant(verifying=False, **options)


@tenant.command()
@click.argument("key", shell_complete=keys)
@instance_options
@preflight_option
@click.option("--no-attack", is_flag=True, help="Only read the catalogs.")
@format_option("text", "json")
def verify(*, no_attack: bool, **options: Any) -> int:
    """Find everything that keeps an entry's tenants less apart than it should.

    Reads the catalogs of the entry's database: row security, policies, keys, views, functions,
    grants and roles. Then each tenant attacks every other, with the application's own login:
    tenants' tables are only read, and the rest is tried on tables that are made for it, in a
    transaction that is rolled back. Explains each finding. Exits 1 on any, and where an attack
    got through or could not be made.
    """
    from pgtenant.cli.tenant import run_tenant

    return run_tenant(verifying=True, attacking=not no_attack, **options)


@tenant.command()
@click.argument("key", shell_complete=keys)
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@_file_option
@click.option("--all", "every", is_flag=True, help="Also every tenant that is there.")
@click.option(
    "--assume-template",
    is_flag=True,
    help="Take the template's files as run in tenants that are there, and record that.",
)
@_changing
def add(**options: Any) -> int:
    """Make tenants of an entry, and bring those that are there up to its template.

    KEY is an owner entry with `tenancy`. Without SLUG and --file the tenants of its `tenants_file`
    are meant. Each tenant is one transaction on a login of the entry's role: the schema, the
    template's files, row security on every table with the tenant column.
    """
    from pgtenant.cli.tenant_change import run_add

    return run_add(**options)


@tenant.command()
@click.argument("key", shell_complete=keys)
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@_file_option
@_changing
def retire(**options: Any) -> int:
    """Take tenants out of service: their schemas get another name, and nobody has access.

    KEY is an owner entry with `tenancy`. `tenant_acme_corp` becomes `retired_acme_corp_20260131`,
    with all that is in it; `tenant drop` takes that away.
    """
    from pgtenant.cli.tenant_change import run_retire

    return run_retire(**options)


@tenant.command()
@click.argument("key", shell_complete=keys)
@click.argument("schema")
@click.option("--confirm", metavar="SCHEMA", help="The same name again, where nobody can be asked.")
@_changing
def drop(**options: Any) -> int:
    """Drop the schema of a retired tenant, with all that is in it.

    SCHEMA is its name since then, as `tenant list` shows it.
    """
    from pgtenant.cli.tenant_change import run_drop

    return run_drop(**options)
