"""What `plan` and `apply` of several environments share: which, one report, one exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pgtenant import logs
from pgtenant.cli.plan import width
from pgtenant.cli.unexpected import as_error
from pgtenant.errors import ExitCode, PgtenantError
from pgtenant.report.document import Document, show
from pgtenant.report.errors import error_text
from pgtenant.report.fleet import FAILURES, Result, fleet_json, told, worst
from pgtenant.report.fleet_markdown import fleet_markdown
from pgtenant.report.fleet_text import fleet_text
from pgtenant.report.jsonout import json_text
from pgtenant.settings.model import Settings
from pgtenant.usecases.environments import all_environments
from pgtenant.usecases.fleet import sweep, waves_of


@dataclass(frozen=True, slots=True)
class Fleet:
    """Several environments, and how to go through them.

    Attributes:
        waves: their names.
        parallel: how many at a time.
        fail_fast: begin none after a failure.
        style: of the report.
    """

    settings: Settings
    waves: tuple[tuple[str, ...], ...]
    parallel: int
    fail_fast: bool
    style: str

    @property
    def environments(self) -> list[str]:
        """Their names, in order."""
        return [environment for wave in self.waves for environment in wave]

    def result(self, environment: str) -> Result:
        """Return the result of one that was not begun."""
        return Result(environment, self.settings.wave(environment))

    def failed(self, environment: str, unexpected: BaseException) -> PgtenantError:
        """Complain about what ended the work on one environment."""
        error = as_error(unexpected)
        complain_of(environment, error)
        return error

    def run(self, work: Callable[[str], Awaitable[Result]]) -> list[Result]:
        """Go through them; return a result of each."""

        async def one(environment: str) -> Result:
            logs.bind(environment=environment)
            return await work(environment)

        done = asyncio.run(
            sweep(
                self.waves,
                one,
                parallel=self.parallel,
                is_failure=lambda result: result.exit_code in FAILURES,
                fail_fast=self.fail_fast,
            )
        )
        return [done.get(name) or self.result(name) for name in self.environments]


def fleet_of(
    settings: Settings,
    environments: Sequence[str],
    *,
    parallel: int,
    no_fail_fast: bool,
    style: str,
) -> Fleet:
    """Return the environments that are meant: those, or all when none is named.

    Raises:
        SettingsError: one can't be an environment's name.
        UsageError: there is none.
    """
    waves = waves_of(settings, environments or all_environments(settings))
    return Fleet(settings, waves, parallel, not no_fail_fast, style)


def complain_of(environment: str, error: PgtenantError) -> None:
    """Print an error of one environment for people."""
    sys.stderr.write(f"{environment}: {error_text(error)}")


def error_result(result: Result, error: PgtenantError) -> Result:
    """Return the result of an environment that ended with an error before anything else."""
    return Result(result.environment, result.wave, error.exit_code, errors=(told(error),))


def show_now(shown: Document) -> None:
    """Print a document of one environment, and a line between it and the next."""
    show(shown, sys.stdout)
    sys.stdout.write("\n")
    sys.stdout.flush()


def print_report(command: str, results: Sequence[Result], style: str) -> ExitCode:
    """Print one report; return the exit code of all."""
    match style:
        case "json":
            sys.stdout.write(json_text(fleet_json(command, results)))
        case "markdown":
            sys.stdout.write(fleet_markdown(command, results))
        case _:
            show(fleet_text(command, results, width=width()), sys.stdout)
    sys.stdout.flush()
    return worst(results)
