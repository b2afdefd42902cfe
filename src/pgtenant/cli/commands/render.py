"""How `pgtenant render` is called."""

from __future__ import annotations

import click


@click.group()
def render() -> None:
    """Write manifests for a cluster, from the catalog. Changes nothing and asks no server."""
