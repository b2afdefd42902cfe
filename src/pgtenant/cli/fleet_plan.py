"""`pgtenant plan` of several environments."""

from __future__ import annotations

import os
import sys

import click

from pgtenant import logs
from pgtenant.cli.fleet import error_result, fleet_of, print_report, show_now
from pgtenant.cli.plan import Asked, make_plan, width
from pgtenant.planning.plan import Plan
from pgtenant.report.fleet import Result, Told
from pgtenant.report.jsonout import plan_json
from pgtenant.report.text import plan_text
from pgtenant.report.words import some
from pgtenant.usecases.fleet import Turns
from pgtenant.usecases.plan import plan_exit_code


def plan_all(
    environments: tuple[str, ...], asked: Asked, *, parallel: int, no_fail_fast: bool
) -> int:
    """Plan for each environment and print one report.

    Raises:
        PgtenantError: the settings are wrong, or there is no environment.
    """
    if asked.out is not None:
        raise click.UsageError("--out saves the plan of one environment; plan them one by one.")
    if asked.style == "sql":
        raise click.UsageError("--format sql is a script for one server; plan them one by one.")
    settings = asked.settings()
    fleet = fleet_of(
        settings, environments, parallel=parallel, no_fail_fast=no_fail_fast, style=asked.style
    )
    logs.configure(sys.stderr, logs.level_for(os.environ, sys.stderr))
    turns = Turns()

    async def work(environment: str) -> Result:
        begun = fleet.result(environment)
        try:
            inputs, plan = await make_plan(settings, environment, asked, turn=turns)
        except Exception as unexpected:
            return error_result(begun, fleet.failed(environment, unexpected))
        if asked.style == "text":
            server = f"{inputs.admin.host}:{inputs.admin.port}"
            show_now(plan_text(plan, sql=asked.sql, width=width(), server=server))
        code = plan_exit_code(plan, detailed=asked.detailed_exitcode)
        document = plan_json(plan) | {"exit_code": int(code)}
        return Result(environment, begun.wave, code, plan=document, errors=_unread(plan))

    return print_report("plan", fleet.run(work), asked.style)


def _unread(plan: Plan) -> tuple[Told, ...]:
    """Return what fails a plan that was made."""
    if not plan.unrepaired:
        return ()
    which = some(plan.unrepaired)
    return (Told(f"what is inside {which} could not be read", "the notes of drift say why"),)
