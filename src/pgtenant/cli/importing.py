"""`pgtenant import`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from pgtenant import logs
from pgtenant.catalog.load import parse
from pgtenant.cli.options import load_settings, reaching
from pgtenant.cli.working import need_environment
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, UsageError
from pgtenant.report.tfvars import tfvars
from pgtenant.report.words import count, entries
from pgtenant.secrets.store import open_store
from pgtenant.usecases.importing import read_server
from pgtenant.usecases.inputs import naming_policy


def run_import(
    *, environment: str | None, project: Path, skip_preflight: bool, out: Path | None
) -> int:
    """Read the server and write the catalog.

    Raises:
        PgtenantError: it could not be read, or the file is there already.
    """
    settings = load_settings(project, reaching(skip_preflight=skip_preflight))
    env = need_environment(environment, settings)
    logs.configure(sys.stderr, logs.level_for(os.environ, sys.stderr), environment=env)
    refuse_overwriting(out)
    store = open_store(
        settings.secrets.store, directory=settings.secrets.directory, project=settings.root
    )
    imported = asyncio.run(read_server(settings, env, store))
    text = tfvars(imported, environment=env, secret=settings.app_secret(env, "<key>"))
    # Whatever the server holds: what is written can be read.
    parse(text.encode(), display="imported.tfvars", policy=naming_policy(settings, env))
    write_catalog(out, text)
    declared = entries(len(imported.desired.roles))
    left = sum(len(d.left_out) for d in imported.databases)
    sys.stderr.write(
        f"{declared} in {count(len(imported.databases), 'database')};"
        f" {count(left, 'role')} and {count(len(imported.skipped), 'database')} left out, with the"
        f" reason. Next: the secrets, then `pgtenant adopt -e {env} --all --dry-run`\n"
    )
    return ExitCode.CONVERGED


def refuse_overwriting(out: Path | None) -> None:
    """Refuse a file that is there.

    Raises:
        UsageError: it is.
    """
    if out is not None and out.exists():
        raise UsageError(
            f"{out} exists, and an import never overwrites a file",
            hint="write to another file and compare",
            code=Code.OCCUPIED,
        )


def write_catalog(out: Path | None, text: str) -> None:
    """Write a catalog to a new file, or to stdout.

    Raises:
        UsageError: it can't be written.
    """
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"{out} can't be written: {error.strerror}", code=Code.UNWRITABLE_FILE
        ) from None
