"""`.github/scripts/record.sh`: what has no records is red, unless it can't have any."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.project import Result

REFUSED = "pgtenant: prod is changed only with an approval; nothing was touched\n"


@pytest.fixture
def root(repository: Path, tmp_path: Path) -> Path:
    """A checkout, in which nothing is to commit."""
    root = tmp_path / "work"
    shutil.copytree(repository, root)
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    return root


def record(root: Path, provisioned: str, log: str | None = None) -> Result:
    if log is not None:
        kept = root / "rds-logs" / "rds_prod_1"
        kept.mkdir(parents=True)
        (kept / "apply.log").write_text(log)
    done = subprocess.run(
        [".github/scripts/record.sh"],
        cwd=root,
        env={
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "ENVIRONMENT": "prod",
            "BRANCH": "development",
            "GITHUB_REF_NAME": "development",
            "GITHUB_RUN_ID": "1",
            "GITHUB_SHA": "0" * 40,
            "GITHUB_STEP_SUMMARY": str(root.parent / "summary"),
            "PROVISIONED": provisioned,
        },
        capture_output=True,
        check=False,
        text=True,
    )
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("code", ["3", "64"])
def test_what_was_refused_has_no_records(root: Path, code: str) -> None:
    done = record(root, code, REFUSED)
    assert done.code == 0, done.output
    assert "the log has no record of a run's journal" in done.out


def test_what_was_not_reached_has_no_log(root: Path) -> None:
    assert record(root, "not reached").code == 0


@pytest.mark.parametrize("code", ["0", "1", "4", "130"])
def test_what_ran_has_a_log_with_records(root: Path, code: str) -> None:
    without = record(root, code)
    assert without.code == 1
    assert "there is no log of it" in without.out
    empty = record(root, code, "converged\n")
    assert empty.code == 64
    assert "no record of a run's journal" in empty.err


def test_a_log_cut_off_is_no_run_without_records(root: Path) -> None:
    done = record(root, "3", '{"event":"journal","record":{"seq":1,"previous":"00')
    assert done.code == 1, done.output


def test_broken_settings_are_not_taken_for_no_records(root: Path) -> None:
    (root / "pgtenant.toml").write_text("[project]\ncatalogue = 1\n")
    assert record(root, "3", REFUSED).code == 64


def test_a_run_of_which_nothing_is_known_is_red(root: Path) -> None:
    done = record(root, "")
    assert done.code == 1
    assert "how far the run came is not known" in done.out
