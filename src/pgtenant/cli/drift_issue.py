"""`pgtenant fleet drift-issue`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pgtenant.cli.fleet_report import results_in
from pgtenant.errors import ExitCode
from pgtenant.forge.github import from_environment
from pgtenant.report.drift_issue import drift_body
from pgtenant.report.safe import shown
from pgtenant.usecases.drift_issue import keep_issue


def run_drift_issue(
    *, files: tuple[Path, ...], expect: tuple[str, ...], project: Path, run_url: str, publish: bool
) -> int:
    """Print the body, or keep the issue and say what became of it.

    Raises:
        PgtenantError: the settings are wrong, an environment has two results, or GitHub refuses.
    """
    results = results_in(files, expect=expect, project=project)
    if not publish:
        sys.stdout.write(f"{drift_body('', results, run=run_url)}\n")
        return ExitCode.CONVERGED
    kept = keep_issue(from_environment(os.environ), results, run=run_url)
    for one in kept:
        sys.stdout.write(f"{one.done} {shown(one.issue.url)}\n")
    if not kept:
        sys.stdout.write("nothing differs, and there is no issue\n")
    return ExitCode.CONVERGED
