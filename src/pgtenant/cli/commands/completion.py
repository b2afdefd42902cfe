"""How `pgtenant completion` is called."""

from __future__ import annotations

import sys

import click

from pgtenant.cli.completion import SHELLS


@click.command(short_help="Have a shell complete commands and names at Tab.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> int:
    """Print the script that has a shell complete commands, options, environments and keys.

    Once, for each shell that you use; a new shell then knows it:

    \b
    pgtenant completion bash > ~/.local/share/bash-completion/completions/pgtenant
    pgtenant completion zsh > ~/.zfunc/_pgtenant        # a directory of $fpath
    pgtenant completion fish > ~/.config/fish/completions/pgtenant.fish
    """  # noqa: D301 - click wants the character itself
    from pgtenant.cli.completion import script
    from pgtenant.errors import ExitCode

    sys.stdout.write(script(context.find_root().command, shell))
    return ExitCode.CONVERGED
