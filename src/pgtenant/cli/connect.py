"""`pgtenant connect`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import NoReturn

from pgtenant import logs
from pgtenant.cli.options import load_settings
from pgtenant.cli.working import need_environment
from pgtenant.postgres.programs import become_psql, find_psql
from pgtenant.usecases.connect import session_of


def run_connect(
    *, environment: str | None, project: Path, key: str, arguments: tuple[str, ...]
) -> NoReturn:
    """Become psql.

    Raises:
        PgtenantError: the entry or its secret can't be had, or psql is not there.
    """
    settings = load_settings(project, {})
    env = need_environment(environment, settings)
    logs.configure(sys.stderr, logs.level_for(os.environ, sys.stderr), environment=env)
    program = find_psql()
    endpoint, login, database = asyncio.run(session_of(settings, env, key))
    if sys.stderr.isatty():
        sys.stderr.write(
            f"{login.user} in {database} on {endpoint.host}:{endpoint.port} ({env}), "
            f"TLS {endpoint.sslmode}\n"
        )
    sys.stdout.flush()
    sys.stderr.flush()
    become_psql(program, arguments, endpoint, login, database)
