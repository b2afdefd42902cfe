"""`pgtenant access`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from pgtenant import logs
from pgtenant.access.rows import Listing
from pgtenant.access.view import Filters
from pgtenant.cli.options import load_settings, reaching
from pgtenant.cli.plan import width
from pgtenant.cli.unexpected import as_error, as_json
from pgtenant.cli.working import chosen_environment
from pgtenant.errors import ExitCode
from pgtenant.report.access_data import access_csv, access_json, no_access_json
from pgtenant.report.access_text import access_text
from pgtenant.report.document import show
from pgtenant.report.jsonout import json_text
from pgtenant.secrets.store import open_store
from pgtenant.usecases.access import who_can


def run_access(
    *,
    environment: str | None,
    project: Path,
    role: str | None,
    database: str | None,
    table: str | None,
    skip_preflight: bool,
    style: str,
) -> int:
    """Read the instance and print.

    Raises:
        PgtenantError: it could not be read, or does not have what was asked for.
    """
    settings = load_settings(project, reaching(skip_preflight=skip_preflight))
    env = chosen_environment(environment, settings)
    logs.configure(sys.stderr, logs.level_for(os.environ, sys.stderr), environment=env)
    store = open_store(
        settings.secrets.store, directory=settings.secrets.directory, project=settings.root
    )
    try:
        found = asyncio.run(who_can(settings, env, store, Filters(role, database, table)))
    except Exception as unexpected:
        error = as_error(unexpected)
        if style == "json" and error.exit_code < ExitCode.USAGE:
            sys.stdout.write(json_text(no_access_json(env) | {"error": as_json(error)}))
        raise
    _print(found, style, environment=env)
    return ExitCode.CONVERGED


def _print(found: Listing, style: str, *, environment: str) -> None:
    match style:
        case "json":
            sys.stdout.write(json_text(access_json(found, environment=environment)))
        case "csv":
            for lines in access_csv(found):
                sys.stdout.write(lines)
        case _:
            show(access_text(found, environment=environment, width=width()), sys.stdout)
