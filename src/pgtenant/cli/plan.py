"""`pgtenant plan`."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from pgtenant import logs
from pgtenant.cli.options import load_settings, reaching
from pgtenant.cli.stdout import terminal_width
from pgtenant.cli.unexpected import as_error, as_json
from pgtenant.cli.working import chosen_environment
from pgtenant.errors import ExitCode, PgtenantError
from pgtenant.planning.plan import Plan
from pgtenant.report.document import show
from pgtenant.report.errors import error_text
from pgtenant.report.jsonout import json_text, plan_json
from pgtenant.report.markdown import plan_markdown
from pgtenant.report.progress import Progress, progress
from pgtenant.report.sqlout import plan_sql
from pgtenant.report.text import plan_text
from pgtenant.secrets.store import open_store
from pgtenant.settings.model import Settings
from pgtenant.usecases import plan as use_case
from pgtenant.usecases.fleet import Turn, at_once
from pgtenant.usecases.inputs import Inputs, load_catalog, load_inputs
from pgtenant.usecases.saved import save_plan


@dataclass(frozen=True, slots=True)
class Asked:
    """What `plan` was called with, whether for one environment or for several."""

    project: Path
    skip_preflight: bool
    only: tuple[str, ...]
    authoritative: bool
    trust_markers: bool
    style: str
    sql: bool
    out: Path | None
    detailed_exitcode: bool

    def settings(self) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: a value is bad.
        """
        return load_settings(self.project, reaching(skip_preflight=self.skip_preflight))


def run_plan(environment: str | None, asked: Asked) -> int:
    """Plan and print.

    Raises:
        PgtenantError: anything that keeps a plan from being made.
    """
    settings = asked.settings()
    env = chosen_environment(environment, settings)
    logs.configure(sys.stderr, logs.level_for(os.environ, sys.stderr), environment=env)
    try:
        inputs, plan = asyncio.run(make_plan(settings, env, asked, meter=progress(sys.stderr)))
    except Exception as unexpected:
        error = as_error(unexpected)
        if asked.style == "json" and error.exit_code < ExitCode.USAGE:
            ending = {"exit_code": int(error.exit_code), "error": as_json(error)}
            sys.stdout.write(json_text(plan_json(Plan.empty(env)) | ending))
        raise
    if asked.out is not None:
        save_plan(asked.out, plan, inputs)
    code = use_case.plan_exit_code(plan, detailed=asked.detailed_exitcode)
    _print(
        plan,
        asked.style,
        sql=asked.sql,
        server=f"{inputs.admin.host}:{inputs.admin.port}",
        code=code,
    )
    return code


def width() -> int:
    """Return the columns to write for: the terminal's, at most 100, or 80 elsewhere."""
    return terminal_width() or 80


async def make_plan(
    settings: Settings,
    env: str,
    asked: Asked,
    *,
    turn: Turn = at_once,
    meter: Progress | None = None,
) -> tuple[Inputs, Plan]:
    """Plan for one environment.

    Args:
        settings: the project's.
        env: the environment.
        asked: what is to be planned, and how.
        turn: waits for the turn of a server.
        meter: told of each step; None for nobody.

    Raises:
        PgtenantError: anything that keeps a plan from being made.
    """
    only = frozenset(asked.only)
    catalog = load_catalog(settings, env, only)
    store = open_store(
        settings.secrets.store, directory=settings.secrets.directory, project=settings.root
    )
    inputs = await load_inputs(
        settings,
        env,
        catalog,
        store,
        only=only,
        lean=True,
        authoritative=asked.authoritative,
        trust_markers=asked.trust_markers,
    )
    async with turn(inputs):
        return inputs, await use_case.plan(inputs, meter)


def _print(plan: Plan, style: str, *, sql: bool, server: str, code: int) -> None:
    match style:
        case "json":
            sys.stdout.write(json_text(plan_json(plan) | {"exit_code": int(code)}))
        case "sql":
            sys.stdout.write(plan_sql(plan))
        case "markdown":
            sys.stdout.write(plan_markdown(plan, server=server))
        case _:
            show(plan_text(plan, sql=sql, width=width(), server=server), sys.stdout)


def complain(error: PgtenantError) -> None:
    """Print an error for people."""
    sys.stderr.write(error_text(error))
