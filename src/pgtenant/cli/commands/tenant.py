"""How `pgtenant tenant` is called."""

from __future__ import annotations

from typing import Any

import click

from pgtenant.cli.options import format_option, instance_options, preflight_option


@click.group()
def tenant() -> None:
    """Look after the tenants inside one application's database: a schema each."""


@tenant.command("list")
@click.argument("key")
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
@click.argument("key")
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
