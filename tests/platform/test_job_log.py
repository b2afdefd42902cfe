"""The log of a Job is whole, or the run is red: a kubectl that misbehaves stands in for a cluster.

`test_kubernetes.py` has the real one, which does not misbehave when it should.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

JOB = "rds-provision-dev-1"
POD = f"{JOB}-x1"
BEGAN = '{"event":"journal","record":{"kind":"run_started"}}\n'
ENDED = '{"event":"journal","record":{"kind":"run_finished","exit_code":0}}\n'
KUBECTL = """\
#!/bin/sh
# The pod runs until its log was followed.
cd "$(dirname "$0")" || exit
echo "$*" >> calls
case "$*" in
*" create "*) cat > created; cat create.out; cat create.err >&2; exit "$(cat create.code)" ;;
*" get pods "*) if [ -e ended ]; then cat pods.json; else cat running.json; fi ;;
*--ignore-not-found*) cat there ;;
*" get job "*) if [ -e ended ]; then cat job.json; else echo '{"metadata": {"uid": "u"}}'; fi ;;
*" logs "*--follow*) cat followed; touch ended ;;
*" logs "*) cat final; exit "$(cat final.code)" ;;
esac
"""
DRIVER = f"""\
import sys
import kubernetes_job
kubernetes_job.PAUSE, kubernetes_job.PATIENCE = 0.0, 0.3
recorded = sys.argv[1] == "recorded"
sys.exit(kubernetes_job.KubernetesJob("{JOB}", recorded=recorded).run("", sys.stdout))
"""


@dataclass(slots=True)
class Stage:
    """What kubectl will say."""

    home: Path
    scripts: Path

    def set(self, **files: str) -> None:
        for name, text in files.items():
            (self.home / name.replace("_", ".")).write_text(text)

    def ends_with(self, code: int) -> None:
        how = "Failed" if code else "Complete"
        conditions = [{"type": how, "status": "True", "reason": "because"}]
        self.set(job_json=json.dumps({"metadata": {}, "status": {"conditions": conditions}}))
        self.set(pods_json=pods({"terminated": {"exitCode": code}}))

    def run(self, recorded: str = "recorded") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", DRIVER, recorded],
            env=os.environ
            | {"PYTHONPATH": str(self.scripts), "KUBECTL": str(self.home / "kubectl")},
            capture_output=True,
            check=False,
            text=True,
        )

    def calls(self, what: str) -> int:
        return sum(f" {what} " in line for line in (self.home / "calls").read_text().splitlines())


def pods(state: dict[str, object]) -> str:
    status = {"containerStatuses": [{"name": "pgtenant", "state": state}]}
    pod = {"metadata": {"name": POD, "creationTimestamp": "2026-01-01"}, "status": status}
    return json.dumps({"items": [pod]})


@pytest.fixture
def stage(repository: Path, tmp_path: Path) -> Stage:
    """A Job that is created and followed, and whose pod converges."""
    stage = Stage(tmp_path, repository / "scripts")
    stage.set(kubectl=KUBECTL, running_json=pods({"running": {}}), there="")
    stage.set(create_out=f"job.batch/{JOB}\n", create_err="", create_code="0")
    stage.set(followed=BEGAN + ENDED, final=BEGAN + ENDED, final_code="0")
    stage.ends_with(0)
    (tmp_path / "kubectl").chmod(0o755)
    return stage


def test_what_was_followed_to_the_end_is_written_once(stage: Stage) -> None:
    done = stage.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout == BEGAN + ENDED


def test_a_log_that_broke_off_is_written_again_whole(stage: Stage) -> None:
    stage.set(followed=BEGAN)
    done = stage.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout == BEGAN + BEGAN + ENDED


def test_a_log_that_the_node_turned_over_has_its_beginning_from_before(stage: Stage) -> None:
    stage.set(final=ENDED)
    done = stage.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout == BEGAN + ENDED + ENDED


def test_a_log_that_cannot_be_had_fails_a_job_that_converged(stage: Stage) -> None:
    stage.set(followed="", final="", final_code="1")
    done = stage.run()
    assert done.returncode == 1
    assert "its log can't be had whole" in done.stderr
    assert stage.calls("logs") > 2


@pytest.mark.parametrize("code", [0, 4])
def test_a_log_without_its_end_fails_it_too(stage: Stage, code: int) -> None:
    stage.set(followed=BEGAN, final=BEGAN)
    stage.ends_with(code)
    done = stage.run()
    assert done.returncode == (code or 1)
    assert "its log can't be had whole" in done.stderr
    assert done.stdout == BEGAN


@pytest.mark.parametrize(("code", "recorded"), [(3, "recorded"), (64, "recorded"), (0, "verify")])
def test_a_run_without_records_needs_none(stage: Stage, code: int, recorded: str) -> None:
    stage.set(followed="no\n", final="no\n")
    stage.ends_with(code)
    done = stage.run(recorded)
    assert done.returncode == code, done.stderr
    assert "whole" not in done.stderr


def test_a_job_whose_pods_are_gone_failed_and_does_not_wait(stage: Stage) -> None:
    stage.ends_with(1)
    stage.set(pods_json='{"items": []}')
    done = stage.run()
    assert done.returncode == 1
    assert "whole" not in done.stderr
    assert "its pods are gone" in done.stderr


def test_a_job_that_took_too_long_failed_whatever_its_pod_says(stage: Stage) -> None:
    late = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}
    stage.ends_with(130)
    stage.set(job_json=json.dumps({"metadata": {}, "status": {"conditions": [late]}}))
    done = stage.run()
    assert done.returncode == 1
    assert "the next run continues from there" in done.stderr


def test_a_job_that_was_created_unnoticed_is_followed(stage: Stage) -> None:
    stage.set(create_out="", create_err="i/o timeout", create_code="1", there=f"job.batch/{JOB}")
    done = stage.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout == BEGAN + ENDED


@pytest.mark.parametrize(
    ("arguments", "published"),
    [((), True), (("--dry-run",), False), (("--command", "verify"), False)],
    ids=["apply", "dry run", "verify"],
)
def test_only_what_was_applied_is_what_the_drift_report_compares_with(
    stage: Stage, arguments: tuple[str, ...], published: bool
) -> None:
    verify = "-verify" if "verify" in arguments else ""
    stage.set(create_out=f"job.batch/{JOB}{verify}\n")
    done = subprocess.run(
        [str(stage.scripts / "rds_job.py"), "run", "--env", "dev", "--run-number", "1", *arguments],
        env=os.environ | {"KUBECTL": str(stage.home / "kubectl")},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert stage.calls("apply") == published


@pytest.mark.parametrize("why", ["i/o timeout", "already exists"])
def test_a_job_that_was_not_created_is_not_followed(stage: Stage, why: str) -> None:
    there = f"job.batch/{JOB}" if why == "already exists" else ""
    stage.set(create_out="", create_err=why, create_code="1", there=there)
    done = stage.run()
    assert done.returncode == 1
    assert why in done.stderr
    assert stage.calls("logs") == 0
