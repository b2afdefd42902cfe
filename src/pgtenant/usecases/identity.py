"""What a run is called: `build_id` after the CI system's run, `run_id` unique for each of ours.

`PGTENANT_BUILD_ID` and `PGTENANT_RUN_ID` say both by hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# The variable of the run, and the one that tells its repetitions apart. The names that other
# programs are most likely to use for something else (Jenkins') come last.
_SYSTEMS: Final = (
    ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"),
    ("CI_PIPELINE_ID", "CI_JOB_ID"),  # GitLab: a job that is retried gets another id
    ("CIRCLE_WORKFLOW_ID", "CIRCLE_BUILD_NUM"),
    ("BUILDKITE_BUILD_ID", "BUILDKITE_RETRY_COUNT"),
    ("BUILD_BUILDID", "SYSTEM_JOBATTEMPT"),  # Azure Pipelines
    ("CODEBUILD_BUILD_ID", ""),
    ("BUILD_ID", ""),
    ("BUILD_NUMBER", ""),
)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._:/-]")
_LONGEST: Final = 128


def build_id(environ: Mapping[str, str]) -> str:
    """Return the id of the CI system's run, or `manual` when there is none."""
    if given := environ.get("PGTENANT_BUILD_ID"):
        return given
    found = _find(environ)
    return found[0] if found else "manual"


def run_id(environ: Mapping[str, str], token: str) -> str:
    """Return the id of this run: `<build>-<attempt>-<token>` in CI, else `local-<token>`.

    Args:
        environ: the process's environment.
        token: random text that no other run has, such as `secrets.token_hex(4)`.
    """
    if given := environ.get("PGTENANT_RUN_ID"):
        return given
    found = _find(environ)
    return "-".join((*found, token)) if found else f"local-{token}"


def _find(environ: Mapping[str, str]) -> tuple[str, str] | None:
    for build, attempt in _SYSTEMS:
        if value := environ.get(build):
            return _safe(value), _safe(environ.get(attempt) or "1")
    return None


def _safe(value: str) -> str:
    """Keep what can stand in a log, a CSV and an SQL comment without quoting."""
    return _UNSAFE.sub("-", value)[:_LONGEST]
