from __future__ import annotations

import pytest

from pgtenant.usecases.identity import build_id, run_id


@pytest.mark.parametrize(
    ("environ", "build", "run"),
    [
        ({}, "manual", "local-t0"),
        ({"GITHUB_RUN_ID": ""}, "manual", "local-t0"),
        ({"GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2"}, "77", "77-2-t0"),
        ({"GITHUB_RUN_ID": "77", "BUILD_ID": "5"}, "77", "77-1-t0"),
        ({"CI_PIPELINE_ID": "8", "CI_JOB_ID": "99"}, "8", "8-99-t0"),
        ({"CIRCLE_WORKFLOW_ID": "a-b", "CIRCLE_BUILD_NUM": "3"}, "a-b", "a-b-3-t0"),
        ({"BUILDKITE_BUILD_ID": "u", "BUILDKITE_RETRY_COUNT": "0"}, "u", "u-0-t0"),
        ({"BUILD_BUILDID": "12", "SYSTEM_JOBATTEMPT": "4"}, "12", "12-4-t0"),
        ({"CODEBUILD_BUILD_ID": "p:1"}, "p:1", "p:1-1-t0"),
        ({"BUILD_ID": "2026-01"}, "2026-01", "2026-01-1-t0"),
        ({"BUILD_NUMBER": "31"}, "31", "31-1-t0"),
        ({"BUILD_ID": "a b\n=;"}, "a-b---", "a-b----1-t0"),
    ],
)
def test_ids(environ: dict[str, str], build: str, run: str) -> None:
    assert build_id(environ) == build
    assert run_id(environ, "t0") == run


def test_ids_have_a_limit() -> None:
    assert len(build_id({"BUILD_ID": "x" * 5000})) == 128
