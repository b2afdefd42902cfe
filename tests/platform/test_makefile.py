"""The platform repository's Makefile, with pgtenant itself and a note of what else is called."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from support.laid_out import LaidOut
from support.project import Result

MY_APP = {"my_app": {"database_name": "my_app", "username": "my_app_user"}}
NOTED = ("terraform", "aws", "argocd", "pgtenant")

# Notes how it was called; pgtenant is then called as well.
NOTE = """\
#!{python}
import json, os, sys
with open({calls!r}, "a") as file:
    file.write(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]]) + "\\n")
if sys.argv[0].endswith("pgtenant"):
    os.execv({python!r}, [{python!r}, "-m", "pgtenant", *sys.argv[1:]])
sys.exit(int(os.environ.get("FAIL_" + os.path.basename(sys.argv[0]), "0")))
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory for PATH, of programs that note how they were called."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in NOTED:
        program = directory / name
        program.write_text(NOTE.format(python=sys.executable, calls=str(tmp_path / "calls")))
        program.chmod(0o755)
    return directory


def make(laid_out: LaidOut, programs: Path, *arguments: str, **extra: str) -> Result:
    path = f"{programs}:{laid_out.environ({})['PATH']}"
    return laid_out.run("make", *arguments, **({"PATH": path} | extra))


def calls(programs: Path) -> list[list[str]]:
    file = programs.parent / "calls"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_the_documents_own_commands(laid_out: LaidOut, programs: Path) -> None:
    laid_out.write(MY_APP)
    assert make(laid_out, programs, "rds-apply", "ENV=dev").code == 0
    assert calls(programs) == [["terraform", "-chdir=envs/dev-rds", "apply"]]
    dry = make(laid_out, programs, "rds-provision-dry-run", "ENV=dev")
    assert dry.code == 0, dry.output
    assert not laid_out.instance.su("SELECT FROM pg_roles WHERE rolname = 'my_app_user'")
    done = make(laid_out, programs, "rds-provision", "ENV=dev")
    assert done.code == 0, done.output
    with laid_out.tenant("my_app_user", "my_app"):
        pass
    verified = make(laid_out, programs, "rds-verify", "ENV=dev")
    assert verified.code == 0, verified.output


@pytest.mark.parametrize("env", ["test", "staging", "prod"])
def test_the_gate_of_the_documents(env: str, laid_out: LaidOut, programs: Path) -> None:
    laid_out.write(MY_APP, env=env)
    for target in ("rds-provision", "rds-provision-auto"):
        refused = make(laid_out, programs, target, f"ENV={env}")
        assert refused.code == 2
        assert "Error 3" in refused.err
        assert not laid_out.instance.su("SELECT FROM pg_roles WHERE rolname = 'my_app_user'")
    approved = make(laid_out, programs, "rds-provision", f"ENV={env}", ALLOW_DB_PROVISION="true")
    assert approved.code == 0, approved.output


def test_auto_is_dry_run_gate_apply_and_verify(laid_out: LaidOut, programs: Path) -> None:
    laid_out.write(MY_APP, env="prod")
    done = make(laid_out, programs, "rds-provision-auto", "ENV=prod", ALLOW_DB_PROVISION="true")
    assert done.code == 0, done.output
    rows = laid_out.audit_rows("prod")
    runs = list(dict.fromkeys(row["run_id"] for row in rows))
    assert len(runs) == 2
    first = {row["status"] for row in rows if row["run_id"] == runs[0]}
    assert "dry_run" in first
    assert "success" not in first
    assert calls(programs) == [["pgtenant", "verify", "-e", "prod"]]


def test_deploy_goes_from_the_instance_to_the_applications(
    laid_out: LaidOut, programs: Path
) -> None:
    laid_out.write(MY_APP)
    done = make(laid_out, programs, "deploy", "ENV=dev", "-j4", CI="true")
    assert done.code == 0, done.output
    assert calls(programs) == [
        ["terraform", "-chdir=envs/dev-rds", "apply", "-input=false", "-auto-approve"],
        [
            *("aws", "rds", "wait", "db-instance-available", "--region", "eu-west-2"),
            *("--db-instance-identifier", "goldenpath-platform-db-dev"),
        ],
        ["pgtenant", "verify", "-e", "dev"],
        ["argocd", "app", "sync", "--selector", "environment=dev"],
    ]
    with laid_out.tenant("my_app_user", "my_app"):
        pass


def test_deploy_stops_where_something_fails(laid_out: LaidOut, programs: Path) -> None:
    laid_out.write(MY_APP)
    assert make(laid_out, programs, "deploy", "ENV=dev", FAIL_aws="255").code == 2
    assert [call[0] for call in calls(programs)] == ["terraform", "aws"]
    assert not laid_out.instance.su("SELECT FROM pg_roles WHERE rolname = 'my_app_user'")


def test_terraform_and_the_status(laid_out: LaidOut, programs: Path) -> None:
    laid_out.write(MY_APP)
    for target in ("rds-init", "rds-plan"):
        assert make(laid_out, programs, target, "ENV=staging").code == 0
    assert calls(programs) == [
        ["terraform", "-chdir=envs/staging-rds", "init"],
        ["terraform", "-chdir=envs/staging-rds", "plan"],
    ]
    assert make(laid_out, programs, "rds-provision", "ENV=dev").code == 0
    shown = make(laid_out, programs, "rds-status", "ENV=dev")
    assert shown.code == 0, shown.output
    told = [call[:3] for call in calls(programs)[2:]]
    assert told == [
        ["aws", "rds", "describe-db-instances"],
        ["pgtenant", "audit", "runs"],
        ["pgtenant", "plan", "-e"],
    ]


@pytest.mark.parametrize("env", ["", "nope", "x y", "../dev", "dev;id", "'"])
def test_an_environment_has_to_be_named(env: str, laid_out: LaidOut, programs: Path) -> None:
    refused = make(laid_out, programs, "rds-apply", f"ENV={env}")
    assert refused.code == 2
    assert "Error 64" in refused.err
    assert "dev prod staging test" in refused.err
    assert calls(programs) == []


def test_help_lists_every_documented_target(laid_out: LaidOut, programs: Path) -> None:
    shown = make(laid_out, programs).out
    for target in (
        *("rds-init", "rds-plan", "rds-apply", "rds-status", "rds-provision", "rds-verify"),
        *("rds-provision-dry-run", "rds-provision-auto", "deploy"),
    ):
        assert any(line.split()[0] == target for line in shown.splitlines()), target
