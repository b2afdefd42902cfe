"""`pgtenant tenant list` and `pgtenant tenant verify`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from pgtenant import logs
from pgtenant.cli.leads import judged
from pgtenant.cli.options import load_settings, reaching
from pgtenant.cli.plan import width
from pgtenant.cli.unexpected import as_error, as_json
from pgtenant.cli.working import chosen_environment
from pgtenant.codes import Code
from pgtenant.errors import ExitCode
from pgtenant.planning.tenants.view import View
from pgtenant.report.document import show
from pgtenant.report.jsonout import json_text
from pgtenant.report.tenants import list_text, tenants_json, verify_text
from pgtenant.secrets.store import open_store
from pgtenant.settings.model import Settings
from pgtenant.usecases.inputs import load_catalog, load_inputs
from pgtenant.usecases.tenants.look import entry_with_tenants, look_at_tenants
from pgtenant.verify.tenants.outcome import Attack


def run_tenant(
    *,
    verifying: bool,
    attacking: bool = False,
    key: str,
    environment: str | None,
    project: Path,
    skip_preflight: bool,
    style: str,
) -> int:
    """Look at an entry's tenants and print.

    Raises:
        PgtenantError: the entry has no tenants, or its database can't be read.
    """
    settings = load_settings(project, reaching(skip_preflight=skip_preflight))
    env = chosen_environment(environment, settings)
    logs.configure(sys.stderr, logs.level_for(os.environ, sys.stderr), environment=env)
    try:
        view, attack = asyncio.run(_look(settings, env, key, attacking=attacking))
    except Exception as unexpected:
        error = as_error(unexpected)
        if style == "json" and error.exit_code < ExitCode.USAGE:
            nothing = tenants_json(None, environment=env)
            sys.stdout.write(json_text(nothing | {"error": as_json(error)}))
        raise
    if style == "json":
        sys.stdout.write(json_text(tenants_json(view, environment=env, attack=attack)))
    elif verifying:
        show(verify_text(view, attack, environment=env, width=width()), sys.stdout)
    else:
        show(list_text(view, environment=env), sys.stdout)
    apart = not view.findings and (attack is None or attack.held)
    return judged(apart or not verifying, Code.TENANTS_NOT_APART)


async def _look(
    settings: Settings, environment: str, key: str, *, attacking: bool
) -> tuple[View, Attack | None]:
    catalog = load_catalog(settings, environment, ())
    entry_with_tenants(catalog, key)
    kept = settings.secrets
    store = open_store(kept.store, directory=kept.directory, project=settings.root)
    only = [one.key for one in catalog.entries if key in (one.key, one.made_by)]
    inputs = await load_inputs(
        settings, environment, catalog, store, only=only, fail_fast=False, passwords=attacking
    )
    return await look_at_tenants(inputs, key, attacking=attacking)
