"""What a shell offers when Tab is pressed, and the script that has it ask.

https://click.palletsprojects.com/en/stable/shell-completion/
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import click

from pgtenant.cli.working import project_here
from pgtenant.errors import ExitCode, PgtenantError

if TYPE_CHECKING:
    from pgtenant.settings.model import Settings

VARIABLE: Final = "_PGTENANT_COMPLETE"
"""The environment variable in which a shell says that it asks, such as `bash_complete`."""
SHELLS: Final = ("bash", "zsh", "fish")


def answer(cli: click.Command, instruction: str) -> ExitCode:
    """Print what the shell asks for.

    Args:
        cli: the program.
        instruction: the value of `VARIABLE`.
    """
    from click.shell_completion import get_completion_class

    shell, _, what = instruction.partition("_")
    found = get_completion_class(shell) if what == "complete" else None
    if found is None:
        return ExitCode.FAILED
    asking = found(cli, {}, "pgtenant", VARIABLE)
    words, begun = asking.get_completion_args()
    # For bash `--env=dev` is three words.
    for item in asking.get_completions([word for word in words if word != "="], begun):
        sys.stdout.write(f"{asking.format_completion(item)}\n")
    return ExitCode.CONVERGED


def script(cli: click.Command, shell: str) -> str:
    """Return the script that makes one of `SHELLS` ask."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - click has them all
    asking = found(cli, {}, "pgtenant", VARIABLE)
    # Not `source`, which looks for a bash on this machine first.
    return asking.source_template % asking.source_vars()


def environments(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Offer the environments of the project that the command line is about."""
    return _offered(context, parameter, incomplete, _environments)


def keys(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Offer the keys of the environments that were given, or of every one."""

    def keys_of(settings: Settings) -> Iterable[str]:
        from pgtenant.usecases.environments import keys_of as keys_in

        one, several = context.params.get("environment"), context.params.get("environments")
        given = (one,) if one else several or _environments(settings)
        return (key for name in given for key in keys_in(settings, name))

    return _offered(context, parameter, incomplete, keys_of)


def _environments(settings: Settings) -> Iterable[str]:
    from pgtenant.usecases.environments import all_environments

    return all_environments(settings)


def _offered(
    context: click.Context,
    parameter: click.Parameter,
    incomplete: str,
    find: Callable[[Settings], Iterable[str]],
) -> list[str]:
    from pgtenant.cli.options import load_settings

    there = context.params.get(parameter.name or "")
    taken = set(there) if isinstance(there, tuple) else set()
    try:
        found = set(find(load_settings(context.params.get("project") or project_here(), {})))
    except (PgtenantError, OSError):
        return []  # the command itself says what is wrong; an error would tear up the prompt
    return sorted(one for one in found - taken if one.startswith(incomplete))
