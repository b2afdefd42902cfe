"""How `pgtenant explain` is called."""

from __future__ import annotations

from typing import Any

import click


@click.command(short_help="Say what an error means, and what to do.")
@click.argument("code", required=False)
def explain(**options: Any) -> int:
    """Say what an error means and what to do: CODE is what its last line names.

    Without CODE, lists all of them. Needs no project, no server and no network.
    """
    from pgtenant.cli.explain import run_explain

    return run_explain(**options)
