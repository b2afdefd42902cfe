"""`pgtenant fleet approval` and `plan-comment`: what a workflow asks of GitHub, and tells there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pgtenant.cli.options import load_settings
from pgtenant.cli.working import need_environment
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, UsageError
from pgtenant.files import read_given
from pgtenant.forge.github import from_environment
from pgtenant.report.plan_comment import plan_comment
from pgtenant.usecases.plan_comment import keep_comment
from pgtenant.usecases.run_approval import approvers_of


def run_approval(*, environment: str | None, project: Path) -> int:
    """Print who approved the run, as a step's outputs.

    Raises:
        PgtenantError: it has no approval and needs one, or GitHub does not say.
    """
    settings = load_settings(project, {})
    env = need_environment(environment, settings)
    run = os.environ.get("GITHUB_RUN_ID")
    if not run:
        raise UsageError(
            "GITHUB_RUN_ID is not set",
            hint="it is in every run of a workflow",
            code=Code.MISSING_VARIABLE,
        )
    logins = approvers_of(settings, env, from_environment(os.environ), run)
    sys.stdout.write(f"approved_by={','.join(logins)}\nallow={'true' if logins else ''}\n")
    return ExitCode.CONVERGED


def run_plan_comment(*, files: tuple[Path, ...], pull_request: int | None) -> int:
    """Print the comment, or write it.

    Raises:
        PgtenantError: a file can't be read, or GitHub refuses.
    """
    body = plan_comment([_text(path) for path in sorted(files) if path.exists()])
    if pull_request is None:
        sys.stdout.write(f"{body}\n")
    else:
        keep_comment(from_environment(os.environ), pull_request, body)
    return ExitCode.CONVERGED


def _text(path: Path) -> str:
    try:
        # What was cut off may end within a character.
        return read_given(path).decode("utf-8", errors="replace")
    except OSError as error:
        raise UsageError(
            f"{path} can't be read: {error.strerror}", code=Code.UNREADABLE_FILE
        ) from None
