"""How `pgtenant demo` is called."""

from __future__ import annotations

import click


@click.command()
@click.option("--keep", is_flag=True, help="Leave the server running until Ctrl-C.")
def demo(*, keep: bool) -> int:
    """Plan, apply and prove isolation on an embedded PostgreSQL, from nothing."""
    from pgtenant.demo import run_demo

    return run_demo(keep=keep)
