"""What follows from the directory that a command is run in: the project, and the environment."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgtenant.settings.model import Settings

_FILE: Final = "pgtenant.toml"
_CATALOGS: Final = "envs"
_MISSING: Final = "Missing option '-e' / '--env'."


def project_here() -> Path:
    """Return the project that the current directory is in, by default that directory.

    Its `pgtenant.toml` is looked for upwards, as far as the repository goes. One that somebody else
    has put above does not count: it says where passwords are sent.
    """
    here = Path()
    if (here / _FILE).exists() or (here / _CATALOGS).is_dir():
        return here
    try:
        inside = here.absolute()
    except FileNotFoundError:  # somebody has removed it
        return here
    for below, above in pairwise((inside, *inside.parents)):
        if (below / ".git").exists():
            break
        if _is_trusted(above / _FILE):
            return Path(os.path.relpath(above, inside))
    return here


def chosen_environment(given: str | None, settings: Settings) -> str:
    """Return the environment that is meant, and tell of one that nobody has named.

    It is that of the directory, such as `envs/dev-rds`, or the only one that there is. What takes
    something away has `need_environment` ask for it.

    Raises:
        click.UsageError: it could be any of several, or there is none.
    """
    if given is not None:
        return given
    known = _known(settings)
    by_directory = [one for one in known if _is_inside(settings.catalog_path(one).parent, settings)]
    match by_directory or known:
        case [one]:
            why = "by the directory" if by_directory else "the only one"
            sys.stderr.write(f"environment: {one}, {why}\n")
            return one
        case _:
            raise click.UsageError(_missing(known), click.get_current_context())


def need_environment(given: str | None, settings: Settings | None = None) -> str:
    """Return the environment, or complain the way click does.

    Raises:
        click.UsageError: none was given.
    """
    if given is None:
        known = () if settings is None else _known(settings)
        raise click.UsageError(_missing(known), click.get_current_context())
    return given


def named_without_option(words: Sequence[str]) -> str:
    """Return what to add to a refusal where an environment was named like `pgtenant plan dev`."""
    from pgtenant.cli.options import load_settings
    from pgtenant.errors import PgtenantError

    if any(word.startswith(("-e", "--env")) for word in words):
        return ""
    try:
        known = _known(load_settings(project_here(), {}))
    except PgtenantError:  # the command itself would say what is wrong
        return ""
    named = [word for word in words if word in known]
    return f"Did you mean -e {named[0]}?\n" if named else ""


def _missing(known: tuple[str, ...]) -> str:
    return f"{_MISSING} One of: {', '.join(known)}." if known else _MISSING


def _known(settings: Settings) -> tuple[str, ...]:
    from pgtenant.errors import UsageError
    from pgtenant.usecases.environments import all_environments

    try:
        return all_environments(settings)
    except UsageError:
        return ()


def _is_inside(directory: Path, settings: Settings) -> bool:
    """Tell whether the command is run in a directory that is an environment's own."""
    here, own = Path.cwd(), directory.resolve()
    return here.resolve().is_relative_to(own) and own != settings.root.resolve()


def _is_trusted(file: Path) -> bool:
    try:
        return file.stat().st_uid in {os.geteuid(), 0}
    except OSError:
        return False
