"""`scripts/rds_provision.py`: the documents' own command lines, on a real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.laid_out import LaidOut

MY_APP = {"my_app": {"database_name": "my_app", "username": "my_app_user"}}
ANALYTICS = {
    "analytics": {"database_name": "analytics", "username": "analytics_user"},
    "analytics_readonly": {
        "database_name": "analytics",
        "username": "analytics_reader",
        "access_level": "reader",
    },
}
SCRIPT = ("python3", "scripts/rds_provision.py")


def test_a_database_is_provisioned_and_then_nothing_changes(laid_out: LaidOut) -> None:
    laid_out.write(MY_APP)
    dry = laid_out.run(*SCRIPT, "--env", "dev", "--dry-run")
    assert dry.code == 0, dry.output
    assert not laid_out.instance.su("SELECT FROM pg_roles WHERE rolname = 'my_app_user'")

    done = laid_out.run(*SCRIPT, "--env", "dev")
    assert done.code == 0, done.output
    with laid_out.tenant("my_app_user", "my_app") as app:
        app.execute("CREATE TABLE orders ()")
    rows = [row for row in laid_out.audit_rows() if row["status"] != "dry_run"]
    assert {row["build_id"] for row in rows} == {"manual"}
    assert {"create_role", "create_database"} <= {row["action"] for row in rows}

    assert laid_out.run(*SCRIPT, "--env", "dev").code == 0
    second = laid_out.audit_rows()[-1]["run_id"]
    statuses = {row["status"] for row in laid_out.audit_rows() if row["run_id"] == second}
    assert statuses == {"no_change"}


def test_every_documented_flag(laid_out: LaidOut) -> None:
    laid_out.write(MY_APP)
    catalog = laid_out.root / "envs" / "dev-rds" / "terraform.tfvars"
    shutil.move(catalog, laid_out.root / "elsewhere.tfvars")
    admin = laid_out.instance.admin
    laid_out.moto.put_secret(
        "dba/delegated",
        {
            "username": admin.user,
            "password": admin.password,
            "host": laid_out.instance.host,
            "port": laid_out.instance.port,
            "dbname": admin.dbname,
        },
    )
    flags = (
        *("--env", "dev", "--tfvars", "elsewhere.tfvars", "--master-secret", "dba/delegated"),
        *("--build-id", "1234", "--run-id", "5678", "--region", "eu-west-2"),
        *("--audit-output", "out/audit.csv", "--no-fail-fast", "--skip-preflight"),
    )
    refused = laid_out.run(*SCRIPT, *flags, "--require-approval")
    assert refused.code == 3, refused.output
    dry = laid_out.run(*SCRIPT, *flags, "--require-approval", "--dry-run")
    assert dry.code == 0, dry.output
    done = laid_out.run(*SCRIPT, *flags, "--require-approval", ALLOW_DB_PROVISION="true")
    assert done.code == 0, done.output
    text = (laid_out.root / "out" / "audit.csv").read_text()
    assert ",dev,1234,5678,my_app,my_app_user,create_role,success," in text
    assert not laid_out._project("dev").audit.exists()


def test_the_region_decides_where_secrets_are_looked_for(laid_out: LaidOut) -> None:
    laid_out.write(MY_APP)
    elsewhere = laid_out.run(*SCRIPT, "--env", "dev", "--region", "us-east-1")
    assert elsewhere.code == 1
    assert "us-east-1" in elsewhere.output


def test_fail_fast_is_the_default(laid_out: LaidOut) -> None:
    laid_out.write(MY_APP | ANALYTICS)
    with laid_out.moto.secrets() as client:
        client.delete_secret(
            SecretId="goldenpath/dev/analytics/postgres", ForceDeleteWithoutRecovery=True
        )
    stopped = laid_out.run(*SCRIPT, "--env", "dev")
    assert stopped.code == 1
    assert "analytics" in stopped.output
    assert not laid_out.instance.su("SELECT FROM pg_roles WHERE rolname = 'my_app_user'")
    went_on = laid_out.run(*SCRIPT, "--env", "dev", "--no-fail-fast")
    assert went_on.code == 1
    with laid_out.tenant("my_app_user", "my_app"):
        pass


def test_production_needs_an_approval(laid_out: LaidOut) -> None:
    laid_out.write(MY_APP, env="prod")
    refused = laid_out.run(*SCRIPT, "--env", "prod")
    assert refused.code == 3, refused.output
    assert "ALLOW_DB_PROVISION=true" in refused.err
    assert laid_out.run(*SCRIPT, "--env", "prod", "--dry-run").code == 0
    assert laid_out.run(*SCRIPT, "--env", "prod", ALLOW_DB_PROVISION="true").code == 0
    assert {row["environment"] for row in laid_out.audit_rows("prod")} == {"prod"}


@pytest.mark.parametrize(
    "arguments",
    [(), ("--env",), ("--env", "dev", "--dry"), ("--env", "dev", "extra"), ("--env", "x y")],
    ids=["no environment", "no value", "abbreviated", "unknown", "no name"],
)
def test_wrong_usage(arguments: tuple[str, ...], laid_out: LaidOut) -> None:
    done = laid_out.run(*SCRIPT, *arguments)
    assert done.code == 64, done.output
    assert "Traceback" not in done.output


def test_it_says_what_is_missing_where_there_is_no_pgtenant(laid_out: LaidOut) -> None:
    program = sys._base_executable  # type: ignore[attr-defined]  # not the one with pgtenant in it
    done = laid_out.run(program, "-I", *SCRIPT[1:], "--env", "dev", PATH="/usr/bin:/bin")
    assert done.code == 64
    assert "pgtenant[aws]" in done.err


def test_it_can_be_run_from_anywhere(laid_out: LaidOut, tmp_path: Path) -> None:
    laid_out.write(MY_APP)
    done = subprocess.run(
        [str(laid_out.root / SCRIPT[1]), "--env", "dev", "--dry-run"],
        cwd=tmp_path,
        env=laid_out.environ({}),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert os.listdir(laid_out.root / "governance") == ["dev"]  # noqa: PTH208 - names


def test_the_scripts_are_typed(repository: Path) -> None:
    scripts = sorted(path.name for path in (repository / "scripts").glob("*.py"))
    assert len(scripts) == 6
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", *scripts],
        cwd=repository / "scripts",
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
