"""Options that many commands share, and what they become."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pgtenant.settings.model import Settings

environment_option = click.option(
    "-e",
    "--env",
    "environment",
    metavar="ENV",
    help="The environment: dev, test, staging, prod, …",
)
project_option = click.option(
    "--project",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=Path(),
    metavar="DIR",
    help="The platform repository  [default: the current directory]",
)


def load_settings(project: Path, overrides: Mapping[str, str | None]) -> Settings:
    """Read the settings; a flag that was not given overrides nothing.

    Raises:
        SettingsError: a value is bad.
    """
    from pgtenant import settings

    given = {key: value for key, value in overrides.items() if value is not None}
    return settings.load(project, environ=os.environ, overrides=given)


def need_environment(environment: str | None) -> str:
    """Return the environment, or complain the way click does.

    Raises:
        click.UsageError: none was given.
    """
    if environment is None:
        raise click.UsageError("Missing option '-e' / '--env'.", click.get_current_context())
    return environment


def lock_wait(flag: str | None) -> float | None:
    """Return the seconds that `--lock-timeout` asks for, or None when it was not given.

    Raises:
        click.UsageError: it is no duration.
    """
    from pgtenant.settings.durations import parse_duration

    if flag is None:
        return None
    if flag in {"0", "0s"}:
        return 0.0
    try:
        return parse_duration(flag)
    except ValueError as error:
        raise click.UsageError(f"--lock-timeout {flag} {error}") from None
