"""`pgtenant fleet`: the order of the environments, and one report of what each has printed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from pgtenant.cli.fleet import print_report
from pgtenant.cli.options import load_settings
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, SettingsError, UsageError
from pgtenant.files import read_given
from pgtenant.report.fleet import Result
from pgtenant.report.fleet_read import missing, read_results
from pgtenant.settings.model import Settings
from pgtenant.usecases.environments import all_environments
from pgtenant.usecases.fleet import waves_of


def run_waves(*, project: Path, style: str) -> int:
    """Print the order.

    Raises:
        PgtenantError: the settings are wrong, or there is no environment.
    """
    settings = load_settings(project, {})
    waves = waves_of(settings, all_environments(settings))
    lines = [json.dumps(waves)] if style == "json" else [" ".join(wave) for wave in waves]
    for line in lines:
        click.echo(line)
    return ExitCode.CONVERGED


def run_report(
    *, files: tuple[Path, ...], expect: tuple[str, ...], project: Path, style: str
) -> int:
    """Print one report; return the worst exit code in it.

    Raises:
        PgtenantError: the settings are wrong, or an environment has two results.
    """
    return print_report("", results_in(files, expect=expect, project=project), style)


def results_in(files: Sequence[Path], *, expect: Sequence[str], project: Path) -> list[Result]:
    """Return the results in files, and one of each environment that is expected and has none.

    Raises:
        PgtenantError: the settings are wrong, an environment has two results, or there are none.
    """
    settings = load_settings(project, {})
    results = [_placed(result, settings) for file in files for result in _read(file)]
    there = Counter(result.environment for result in results)
    if twice := sorted(name for name, number in there.items() if number > 1):
        raise UsageError(
            f"there is more than one result of {', '.join(twice)[:200]}",
            hint="give the last one of each",
            code=Code.ARGUMENTS,
        )
    absent = [name for name in dict.fromkeys(expect) if name not in there]
    results += [Result(name, settings.wave(name)) for name in absent]
    if not results:
        raise UsageError(
            "there is nothing to report", hint="give files, or --expect", code=Code.ARGUMENTS
        )
    return results


def _read(file: Path) -> Iterator[Result]:
    try:
        text = read_given(file).decode(errors="replace")
    except FileNotFoundError:
        yield missing(str(file), file.stem)
    except OSError as error:
        raise UsageError(
            f"{file} can't be read: {error.strerror}", code=Code.UNREADABLE_FILE
        ) from None
    else:
        yield from read_results(text, name=str(file), stem=file.stem)


def _placed(result: Result, settings: Settings) -> Result:
    """Return a result with the wave that the settings say, which it does not know itself."""
    try:
        return replace(result, wave=settings.wave(result.environment))
    except SettingsError:  # a file with another name
        return result
