"""`pgtenant secret status`."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from pgtenant import logs
from pgtenant.cli.options import load_settings, reaching
from pgtenant.cli.plan import width
from pgtenant.cli.stdout import terminal_width
from pgtenant.cli.unexpected import as_error, as_json
from pgtenant.cli.working import chosen_environment
from pgtenant.errors import ExitCode
from pgtenant.report.document import show
from pgtenant.report.jsonout import json_text
from pgtenant.report.secret_status import status_json, status_text
from pgtenant.rotation.health import Health, all_proven
from pgtenant.secrets.store import open_store
from pgtenant.secrets.versioned import open_versions
from pgtenant.settings.model import Settings
from pgtenant.usecases.inputs import load_catalog, load_inputs
from pgtenant.usecases.secret_status import secret_status


def run_secret_status(
    *,
    environment: str | None,
    project: Path,
    keys: tuple[str, ...],
    skip_preflight: bool,
    style: str,
) -> int:
    """Look at the secrets and print.

    Raises:
        PgtenantError: the catalog or the admin's secret can't be had.
    """
    settings = load_settings(project, reaching(skip_preflight=skip_preflight))
    env = chosen_environment(environment, settings)
    logs.configure(sys.stderr, logs.level_for(os.environ, sys.stderr), environment=env)
    try:
        found = asyncio.run(_look(settings, env, frozenset(keys)))
    except Exception as unexpected:
        error = as_error(unexpected)
        if style == "json" and error.exit_code < ExitCode.USAGE:
            nothing = status_json((), environment=env)
            sys.stdout.write(json_text(nothing | {"error": as_json(error)}))
        raise
    if style == "json":
        sys.stdout.write(json_text(status_json(found, environment=env)))
    else:
        columns = terminal_width()
        show(status_text(found, environment=env, width=width(), columns=columns), sys.stdout)
    return ExitCode.CONVERGED if all_proven(found) else ExitCode.FAILED


async def _look(settings: Settings, environment: str, keys: frozenset[str]) -> tuple[Health, ...]:
    catalog = load_catalog(settings, environment, keys)
    kept = settings.secrets
    store = open_store(kept.store, directory=kept.directory, project=settings.root)
    inputs = await load_inputs(settings, environment, catalog, store, only=keys, fail_fast=False)
    versions = open_versions(kept.store, directory=kept.directory, project=settings.root)
    return await secret_status(inputs, versions, datetime.now(UTC))
