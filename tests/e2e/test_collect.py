"""The audit of Jobs whose files go with their pods, from what they printed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from support.instance import Instance
from support.processes import PATIENCE, holding, start, until_waiting
from support.project import Project
from support.siege import SHOP

NO_COMMENTS = "LOCK TABLE pg_catalog.pg_shdescription IN SHARE ROW EXCLUSIVE MODE"


@pytest.fixture
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a pod has for its files, until it is gone."""
    return tmp_path_factory.mktemp("pod")


def collect(project: Project, log: str, *arguments: str) -> str:
    file = project.root / "job.log"
    file.write_text(log)
    result = project.run("audit", "collect", "-e", "dev", str(file), *arguments)
    assert result.code == 0, result.output
    return result.out


def test_the_rows_of_a_job(project: Project, disk: Path) -> None:
    project.write(SHOP)
    project.environ |= {"PGTENANT_PROJECT_AUDIT_LOG": "true", "PGTENANT_LOG_LEVEL": "error"}
    job = ("--audit", str(disk / "audit.csv"))
    rehearsal = project.run("apply", "-e", "dev", "--dry-run", *job)
    run = project.run("apply", "-e", "dev", *job)
    assert (rehearsal.code, run.code) == (0, 0), run.output
    assert not project.audit.exists()
    written = (disk / "audit.csv").read_text()
    heads = project.run("audit", "head", str(disk / "audit.csv")).out.strip()
    shutil.rmtree(disk)
    out = collect(project, rehearsal.output + run.output, "--head", heads)
    assert out.count("exit code 0") == 2
    assert project.audit.read_text() == written
    assert {row["status"] for row in project.audit_rows()} == {"dry_run", "success"}
    # The next pod begins a journal of its own.
    second = project.run("apply", "-e", "dev", *job)
    collect(project, second.output)
    assert {row["status"] for row in project.audit_rows()[-2:]} == {"no_change"}
    assert project.run("audit", "verify", "-e", "dev", "--head", heads).code == 0
    passwords = [
        json.loads(project.secret_path(f"{key}/postgres").read_text())["password"] for key in SHOP
    ]
    assert not any(json.dumps(one)[1:-1] in run.output for one in passwords)


def test_a_job_that_was_killed(project: Project, instance: Instance, disk: Path) -> None:
    """What it said is collected; the next run that writes here looks after what it left open."""
    project.write(SHOP)
    project.environ |= {"PGTENANT_PROJECT_AUDIT_LOG": "true", "PGTENANT_RUN_ID": "killed"}
    with holding(instance, NO_COMMENTS):
        job = start(project, "apply", "-e", "dev", "--audit", str(disk / "audit.csv"))
        until_waiting(instance, "COMMENT ON ROLE %")
        job.kill()
        out, err = job.communicate(timeout=PATIENCE)
    shutil.rmtree(disk)
    assert "no end: the log stops, or the run was killed" in collect(project, out + err)
    assert "planned change(s) open" in project.run("audit", "runs", "-e", "dev").out
    # The Job that is started anew has nothing to look back on, and says nothing of the first.
    project.environ["PGTENANT_RUN_ID"] = "again"
    again = project.run("apply", "-e", "dev", "--audit", str(disk / "audit.csv"))
    assert again.code == 0, again.output
    collect(project, again.output)
    project.environ["PGTENANT_RUN_ID"] = "here"
    project.converge()
    listed = project.run("audit", "runs", "-e", "dev").out
    assert "open" not in listed
    assert project.run("audit", "verify", "-e", "dev").code == 0


def test_a_log_without_a_record_is_taken_only_where_that_is_said(project: Project) -> None:
    log = project.root / "job.log"
    log.write_text("pgtenant: an approval is missing\n")
    how = ("audit", "collect", "-e", "dev", str(log))
    assert project.run(*how).code == 64
    taken = project.run(*how, "--allow-empty")
    assert taken.code == 0, taken.output
    assert "no record of a run's journal" in taken.out
    assert not project.audit.exists()
    # It does not stand for anything else that is wrong.
    assert project.run(*how, "--allow-empty", "--head", "1:" + "0" * 64).code == 64
    (project.root / "pgtenant.toml").write_text("[project]\ncatalogue = 1\n")
    assert project.run(*how, "--allow-empty").code == 64
