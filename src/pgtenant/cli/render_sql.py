"""`pgtenant render sql`."""

from __future__ import annotations

import sys
from pathlib import Path

from pgtenant.cli.options import load_settings
from pgtenant.cli.working import chosen_environment
from pgtenant.errors import ExitCode
from pgtenant.files import replace_given, writing
from pgtenant.usecases.render_sql import init_sql


def run_render_sql(*, key: str, environment: str | None, project: Path, out: Path | None) -> int:
    """Write the script.

    Raises:
        PgtenantError: the catalog is wrong, or the entry is none that a script can make.
    """
    settings = load_settings(project, {})
    text = init_sql(settings, chosen_environment(environment, settings), key)
    if out is None:
        sys.stdout.write(text)
    else:
        with writing("the script", out):
            replace_given(out, text.encode())
    return ExitCode.CONVERGED
