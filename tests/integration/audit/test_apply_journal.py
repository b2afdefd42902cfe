"""The journal of real runs: who, what, on which server, and never a secret."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from pgtenant.audit.journal import journal_path
from pgtenant.audit.verify import verify
from support.instance import Instance
from support.moto import Moto
from support.project import Project, password_of

ENTRIES = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "billing": {"database_name": "billing", "username": "billing_user"},
}


@pytest.fixture
def project(instance: Instance, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in os.environ:
        if name.startswith(("PGTENANT_", "GITHUB_", "GITLAB_", "CI_")) and "TEST" not in name:
            monkeypatch.delenv(name)
    project = Project(root=tmp_path, instance=instance)
    project.write(ENTRIES)
    return project


def records(project: Project) -> list[dict[str, Any]]:
    verdict = verify(journal_path(project.audit).read_bytes())
    assert verdict.misfit is None
    return [dict(link.members) for link in verdict.links]


def fits(project: Project) -> str:
    result = project.run("audit", "verify", "-e", "dev")
    assert result.code == 0, result.output
    return result.out


def test_a_run_says_who_what_and_where(project: Project) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        command = ["git", "-C", str(project.root), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "catalog")
    project.environ |= {"GITHUB_ACTOR": "octocat", "PGTENANT_APPROVED_BY": "the lead"}
    project.run("plan", "-e", "dev", "--out", str(project.root / "saved"))
    project.converge()
    first, *others, last = records(project)
    rows = [one for one in others if one["kind"] == "record"]
    saved = json.loads((project.root / "saved").read_text())
    assert first["kind"] == "run_started"
    assert first["git_commit"] == git("rev-parse", "HEAD")
    assert (first["actor"], first["approver"], first["command"]) == ("octocat", "the lead", "apply")
    assert first["catalog"] == saved["catalog"]
    assert first["server"] == f"{project.instance.host}:{project.instance.port}"
    assert first["server_version"] // 10000 == project.instance.major
    assert (last["kind"], last["exit_code"], last["csv_missing"]) == ("run_finished", 0, 0)
    assert {one["run_id"] for one in (first, *others, last)} == {first["run_id"]}
    assert {one["entry"] for one in rows} == {"orders", "billing"}
    statements = "\n".join(text for one in rows for text in one["sql"])
    planned = "".join(change["sql"] for change in saved["plan"]["changes"])
    assert sorted(statements.split("\n")) == sorted(planned.rstrip("\n").split("\n"))
    assert "no published head" in fits(project)


def test_runs_that_fail_or_change_nothing_are_journaled(project: Project) -> None:
    project.converge()
    project.converge()
    project.apply("--dry-run")
    project.instance.su("ALTER ROLE orders_user PASSWORD 'other'")
    project.instance.su("ALTER ROLE platform_admin NOCREATEROLE")
    try:
        failed = project.apply()
    finally:
        project.instance.su("ALTER ROLE platform_admin CREATEROLE")
    assert failed.code == 1
    found = records(project)
    ends = [one["exit_code"] for one in found if one["kind"] == "run_finished"]
    assert ends == [0, 0, 0, 1]
    commands = [one["command"] for one in found if one["kind"] == "run_started"]
    assert commands == ["apply", "apply", "apply --dry-run", "apply"]
    assert "has no end" not in fits(project)


def test_no_password_and_no_verifier_is_in_it(project: Project) -> None:
    project.converge()
    project.write_secret("orders/postgres", "orders_user", "other-'fake'-password", "orders")
    project.converge()
    text = journal_path(project.audit).read_text()
    secrets = [password_of("billing_user"), password_of("orders_user"), "other-'fake'-password"]
    for secret in (*secrets, project.instance.admin.password, "SCRAM-SHA-256"):
        assert secret not in text
        assert json.dumps(secret)[1:-1] not in text


@pytest.fixture
def trail(moto_server: Moto, monkeypatch: pytest.MonkeyPatch) -> Any:
    import boto3

    for name, value in moto_server.env.items():
        monkeypatch.setenv(name, value)
    client: Any = boto3.client("s3")
    client.create_bucket(
        Bucket="trail", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    yield client
    client.close()


def test_every_run_goes_to_s3(project: Project, trail: Any) -> None:
    project.settings["project"] = {"audit_s3": "s3://trail/rds"}
    project.write_settings()
    project.converge("--run-id", "one")
    body = trail.get_object(Bucket="trail", Key="rds/dev/one.jsonl")["Body"].read()
    assert body == journal_path(project.audit).read_bytes()
    again = project.apply("--run-id", "one")  # the second run of that name
    assert again.code == 1
    assert "exists already and holds something else" in again.err
    assert trail.get_object(Bucket="trail", Key="rds/dev/one.jsonl")["Body"].read() == body


def test_an_upload_that_fails_fails_the_run_and_says_how_to_repeat_it(
    project: Project, trail: Any
) -> None:
    project.settings["project"] = {"audit_s3": "s3://later"}
    project.write_settings()
    result = project.apply("--run-id", "one")
    assert result.code == 1
    assert f"the run's records are safe in {journal_path(project.audit)}" in result.err
    again = f"pgtenant audit upload {journal_path(project.audit)} --run-id one"
    assert again in " ".join(result.err.split())
    assert result.json["summary"]["success"] > 0
    assert "safe in" in result.json["error"]["message"]
    trail.create_bucket(
        Bucket="later", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    assert project.run(*again.split()[1:]).code == 0
    body = trail.get_object(Bucket="later", Key="dev/one.jsonl")["Body"].read()
    assert body == journal_path(project.audit).read_bytes()
    fits(project)


def test_a_run_that_is_killed_is_told_by_the_next_verify(project: Project) -> None:
    script = (
        "import os, signal\n"
        "from pgtenant.audit.csvfile import CsvAudit\n"
        "import pgtenant.cli as cli\n"
        "CsvAudit.append = lambda self, records: os.kill(os.getpid(), signal.SIGKILL)\n"
        "cli.main()\n"
    )
    command = project.command("apply", "-e", "dev")
    done = subprocess.run([command[0], "-c", script, *command[3:]], check=False, timeout=60)
    assert done.returncode == -9
    project.converge()
    out = fits(project)
    assert "has no end: it still works, or it was killed" in out
    assert "the CSV lacks the last 1 records of run local-" in out
