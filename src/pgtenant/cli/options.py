"""Options that many commands share, each declared once, and what they become."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from pgtenant.cli import completion
from pgtenant.cli.stdout import one_document
from pgtenant.cli.working import project_here

if TYPE_CHECKING:
    from pgtenant.settings.model import Settings

Command: TypeAlias = Callable[..., Any]
Decorator: TypeAlias = Callable[[Command], Command]

environment_option = click.option(
    "-e",
    "--env",
    "environment",
    metavar="ENV",
    shell_complete=completion.environments,
    help="The environment: dev, test, staging, prod, …",
)
project_option = click.option(
    "--project",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=project_here,
    metavar="DIR",
    help="The platform repository  [default: the one that this directory is in]",
)
preflight_option = click.option(
    "--skip-preflight",
    is_flag=True,
    help="Leave out the DNS and TCP checks; what the admin may do is checked all the same.",
)
only_option = click.option(
    "--only",
    multiple=True,
    metavar="KEY",
    shell_complete=completion.keys,
    help="Limit to this entry; repeatable.",
)
lock_timeout_option = click.option(
    "--lock-timeout", metavar="DURATION", help="How long to wait for another run, such as 30s."
)
_head_option = click.option(
    "--head", "published", multiple=True, metavar="HASH", help="A head that was published."
)
_head_file_option = click.option(
    "--head-file",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="Heads that were published, one a line, or an object of the S3 sink.",
)
_STYLES = {
    "text": "text for people",
    "json": "json for programs",
    "csv": "csv for spreadsheets",
    "sql": "sql to paste into psql",
    "markdown": "markdown to comment",
}


def instance_options(command: Command) -> Command:
    """Add what every command needs that works on one environment's instance."""
    return environment_option(project_option(command))


def fleet_options(command: Command) -> Command:
    """Add what a command needs that works on one environment or on several.

    It gets `environments` and `everything`, and how to go through them.
    """
    options = (
        click.option(
            "-e",
            "--env",
            "environments",
            multiple=True,
            metavar="ENV",
            shell_complete=completion.environments,
            help="The environment: dev, test, staging, prod, …; repeatable.",
        ),
        click.option(
            "--all",
            "everything",
            is_flag=True,
            help="Every environment that the settings name or that has a catalog, wave by wave.",
        ),
        click.option(
            "--parallel",
            type=click.IntRange(1, 100),
            default=1,
            metavar="NUMBER",
            help="How many environments of a wave at a time  [default: one after the other]",
        ),
        project_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def single(environments: Sequence[str]) -> str | None:
    """Return the one environment that was given, or None."""
    return environments[0] if environments else None


def are_several(environments: Sequence[str], *, everything: bool) -> bool:
    """Tell whether a command is about more than one environment.

    Raises:
        click.UsageError: some were named, and all were asked for.
    """
    if everything and environments:
        raise click.UsageError("Give either -e ENV or --all.", click.get_current_context())
    return everything or len(set(environments)) > 1


def head_options(command: Command) -> Command:
    """Add `--head` and `--head-file`: published heads that a journal has to have."""
    return _head_option(_head_file_option(command))


def dry_run_option(left_out: str = "the last call") -> Decorator:
    """Return `--dry-run`, which does everything but what is named here."""
    return click.option(
        "--dry-run", is_flag=True, help=f"Everything but {left_out}; needs no approval."
    )


def authoritative_option(help_text: str) -> Decorator:
    """Return `--authoritative`: plan shows what it revokes, apply does it."""
    return click.option("--authoritative", is_flag=True, help=help_text)


def trust_markers_option(command: Command) -> Command:
    """Add `--trust-markers`, which says itself what it can miss."""
    return click.option(
        "--trust-markers",
        is_flag=True,
        help="Open no database and try no login that a marker says is as declared. Can miss what"
        " was changed inside, and passwords set by hand: see docs/performance.md.",
    )(command)


def out_option(help_text: str) -> Decorator:
    """Return `--out FILE`, given to the command as a path."""
    return click.option(
        "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=help_text
    )


def format_option(*styles: str) -> Decorator:
    """Return `--format`, given to the command as `style`; the first one is the default."""
    return click.option(
        "--format",
        "style",
        type=click.Choice(styles),
        default=styles[0],
        show_default=True,
        help=", ".join(_STYLES[style] for style in styles) + ".",
        callback=_note_style,
    )


def _note_style(_context: click.Context, _parameter: click.Parameter, style: str) -> str:
    if style == "json":
        one_document()
    return style


def load_settings(project: Path, overrides: Mapping[str, str | None]) -> Settings:
    """Read the settings; a flag that was not given overrides nothing.

    Raises:
        SettingsError: a value is bad.
    """
    from pgtenant import settings

    given = {key: value for key, value in overrides.items() if value is not None}
    return settings.load(project, environ=os.environ, overrides=given)


def reaching(*, skip_preflight: bool) -> dict[str, str | None]:
    """Return what `--skip-preflight` overrides in the settings."""
    return {"server.preflight": "false" if skip_preflight else None}


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
