"""How `pgtenant demo` is called."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="See the main job on an embedded PostgreSQL, from nothing.")
@click.option("--keep", is_flag=True, help="Leave the server running until Ctrl-C.")
@click.option(
    "--sandbox",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Instead, a server with nothing on it until Ctrl-C, and an empty project in DIR, which"
    " stays: what the tutorial begins with.",
)
def demo(*, keep: bool, sandbox: Path | None) -> int:
    """Plan, apply and prove isolation on an embedded PostgreSQL, from nothing."""
    from pgtenant.demo import run_demo, run_sandbox

    return run_demo(keep=keep) if sandbox is None else run_sandbox(sandbox)
