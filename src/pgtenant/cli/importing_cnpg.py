"""`pgtenant import cnpg`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from pgtenant.cli.importing import refuse_overwriting, write_catalog
from pgtenant.cli.options import load_settings
from pgtenant.cli.render_cnpg import rendered_of
from pgtenant.cli.working import need_environment
from pgtenant.errors import ExitCode
from pgtenant.report.gitops import imported_json
from pgtenant.report.jsonout import json_text
from pgtenant.report.requests import diff_text
from pgtenant.report.safe import shown
from pgtenant.report.words import count, entries
from pgtenant.usecases.import_cnpg import import_cnpg


def run_import_cnpg(
    *, environment: str | None, project: Path, skip_preflight: bool, out: Path | None, style: str
) -> int:
    """Read the manifests, write the catalog, and say what a first render would change.

    Raises:
        PgtenantError: a manifest could not be read, or the file is there already.
    """
    del skip_preflight  # no server is asked
    env = need_environment(environment)
    refuse_overwriting(out)
    imported = import_cnpg(load_settings(project, {}), env, datetime.now(UTC))
    first, err = imported.first, sys.stderr
    if out is not None or style == "text":
        write_catalog(out, imported.text)
    if style == "json":
        found = imported_json(imported.text, imported.left_out, rendered_of(first), env)
        sys.stdout.write(json_text(found))
        return ExitCode.CONVERGED
    err.write(f"{entries(imported.entries)}; {count(len(imported.left_out), 'thing')} left out\n")
    for path, why in first.unsealed.items():
        err.write(f"{path} would be written: {shown(why)}\n")
    for one in first.changes:
        err.write(diff_text(first.display[one.path], one.before, one.after))
    for key, why in first.blocked.items():
        err.write(f"{key} would be blocked: {shown(why)}\n")
    if not first.changes and not first.unsealed:
        err.write("the first render changes nothing\n")
    else:
        err.write(f"that is all that `pgtenant render cnpg -e {env} --adopt` would change\n")
    return ExitCode.CONVERGED
