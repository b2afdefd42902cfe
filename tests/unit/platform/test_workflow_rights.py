"""Whose version of a workflow runs with which rights: what no run on one machine can show.

For some events GitHub takes the workflow of the default branch (its reference of "events that
trigger workflows" says for which); for all others that of the commit that the event is about, which
for a pull request is what its author wrote.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = Path(__file__).parents[3] / "examples/goldenpath/.github/workflows"
DEFAULT_BRANCHS = {"pull_request_target", "schedule", "workflow_run"}
BY_REF = {"push", "workflow_dispatch", "workflow_call"}
"""A branch's own version; the environment's branch rule is held against that branch."""

PULL_REQUESTS = {"pull_request", "pull_request_review"}
"""The version of the pull request."""


def read(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text())
    return found


def events(document: dict[Any, Any]) -> set[str]:
    return set(document[True])  # YAML takes `on` for true


ALL = sorted(WORKFLOWS.glob("*.yml"))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_the_key_of_the_app_is_for_no_version_of_a_pull_request(path: Path) -> None:
    document = read(path)
    found = events(document)
    assert found <= DEFAULT_BRANCHS | BY_REF | PULL_REQUESTS
    with_key = [job for job in document["jobs"].values() if "REQUESTS_APP_PRIVATE_KEY" in str(job)]
    for job in with_key:
        assert job["environment"] == "rds-requests"
        assert not found & PULL_REQUESTS
    # Without the key, nothing is done in that environment.
    named = [job for job in document["jobs"].values() if job.get("environment") == "rds-requests"]
    assert named == with_key


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_what_a_pull_request_wrote_sets_no_status_and_pushes_nothing(path: Path) -> None:
    document = read(path)
    assert document["permissions"] == {}
    if events(document) & PULL_REQUESTS:
        for job in document["jobs"].values():
            rights = job["permissions"]
            assert rights.get("statuses", "none") == "none"
            assert rights.get("contents", "none") != "write"
            assert "secrets." not in str(job)


def test_the_review_runs_what_the_default_branch_holds() -> None:
    document = read(WORKFLOWS / "rds-request-review.yml")
    assert events(document) == {"pull_request_target", "workflow_run"}
    started_by = read(WORKFLOWS / "rds-request-reviewed.yml")
    assert document[True]["workflow_run"]["workflows"] == [started_by["name"]]
    assert events(started_by) == {"pull_request_review"}
    [job] = started_by["jobs"].values()
    assert job["permissions"] == {}
    assert [step["run"] for step in job["steps"]] == ["true"]
    [review] = document["jobs"].values()
    [checkout] = [s for s in review["steps"] if s.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"]["ref"] == "development"


@pytest.mark.parametrize("name", ["rds-database-apply", "rds-environment"])
def test_what_pushes_to_the_branch_does_so_as_the_app(name: str) -> None:
    """The status that the ruleset requires is on no commit that is new."""
    jobs = read(WORKFLOWS / f"{name}.yml")["jobs"].values()
    pushing = [job for job in jobs if job.get("permissions", {}).get("contents") == "write"]
    pushing = [job for job in pushing if "steps" in job]
    assert pushing
    for job in pushing:
        assert job["environment"] == "rds-requests"
        [checkout] = [s for s in job["steps"] if s.get("uses", "").startswith("actions/checkout@")]
        assert checkout["with"]["token"].startswith("${{ steps.app.outputs.token || ")


GITHUB = WORKFLOWS.parent
PYTHON = re.compile(r"\bpython3 +(?!-I |(?:\.github/)?scripts/)")
"""One that imports what lies in the working directory, which is the repository's root."""


def test_no_file_of_the_root_is_a_module_of_the_standard_library() -> None:
    """Anybody may have put a `venv.py` there: who approves it, no policy says."""
    found = [path for path in GITHUB.rglob("*") if path.suffix in {".sh", ".yml"}]
    calls = [line for path in found for line in path.read_text().splitlines() if "python3 " in line]
    assert len(calls) >= 5
    assert [line for line in calls if PYTHON.search(line)] == []
