"""`pgtenant render sql`."""

from __future__ import annotations

import sys
from pathlib import Path

from pgtenant.cli.options import load_settings, need_environment
from pgtenant.errors import ExitCode
from pgtenant.files import replace_given, writing
from pgtenant.usecases.render_sql import init_sql


def run_render_sql(*, key: str, environment: str | None, project: Path, out: Path | None) -> int:
    """Write the script.

    Raises:
        PgtenantError: the catalog is wrong, or the entry is none that a script can make.
    """
    env = need_environment(environment)
    text = init_sql(load_settings(project, {}), env, key)
    if out is None:
        sys.stdout.write(text)
    else:
        with writing("the script", out):
            replace_given(out, text.encode())
    return ExitCode.CONVERGED
