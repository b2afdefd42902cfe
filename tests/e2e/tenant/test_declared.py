"""`apply --tenants`: what a `tenants_file` declares is made when all else is done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.tenant.conftest import ENTRY, READER, schemas
from pgtenant.audit.journal import journal_path
from support.project import Project, password_of

BOTH = ["tenant_acme_corp", "tenant_globex"]
SECOND: dict[str, Any] = {
    "database_name": "crm",
    "username": "crm_user",
    "tenancy": {"template": "tenants", "tenants_file": "tenants.txt"},
}


def made(project: Project) -> list[str]:
    """Return who was made a tenant for, in order."""
    rows = project.audit_rows()
    return [row["username"] for row in rows if row["action"] == "add_tenant"]


def test_an_entry_and_its_tenants_in_one_run(qualisys: Project) -> None:
    assert schemas(qualisys) == []
    done = qualisys.apply("--tenants")
    assert done.code == 0, done.output
    assert [row["action"] for row in done.json["records"]].count("add_tenant") == 2
    assert schemas(qualisys) == BOTH
    assert qualisys.plan("--detailed-exitcode").code == 0
    again = qualisys.run("apply", "-e", "dev", "--tenants")
    assert again.code == 0
    assert "2 tenants unchanged" in again.out
    assert "No changes" in again.out
    assert qualisys.run("audit", "verify", "-e", "dev").code == 0


def test_each_entry_has_a_run_of_its_own(qualisys: Project) -> None:
    qualisys.write({"qualisys": ENTRY, "reports": READER, "crm": SECOND})
    assert qualisys.apply("--tenants", "--run-id", "r1").code == 0
    assert made(qualisys) == ["crm_user", "crm_user", "app_user", "app_user"]
    journal = [json.loads(line) for line in journal_path(qualisys.audit).read_text().splitlines()]
    runs = [
        (one["run_id"], one["command"])
        for one in journal
        if one["kind"] == "run_started" and one["run_id"].startswith("r1")
    ]
    assert runs == [
        ("r1", "apply --tenants"),
        ("r1-crm", "tenant add"),
        ("r1-qualisys", "tenant add"),
    ]


def test_only_some_entries(qualisys: Project) -> None:
    qualisys.write({"qualisys": ENTRY, "reports": READER, "crm": SECOND})
    assert qualisys.apply("--tenants", "--only", "crm").code == 0
    assert made(qualisys) == ["crm_user", "crm_user"]
    assert schemas(qualisys) == []


@pytest.mark.parametrize(("flags", "others"), [((), []), (("--no-fail-fast",), ["app_user"] * 2)])
def test_a_template_that_fails_is_an_error_of_the_run(
    qualisys: Project, flags: tuple[str, ...], others: list[str]
) -> None:
    broken = qualisys.root / "schemas" / "broken"
    broken.mkdir()
    (broken / "1.sql").write_text("SELECT 1 / 0")
    entry = {**SECOND, "tenancy": {**SECOND["tenancy"], "template": "broken"}}
    qualisys.write({"crm": entry, "qualisys": ENTRY, "reports": READER})
    failed = qualisys.apply("--tenants", *flags)
    assert failed.code == 1
    assert "division by zero" in failed.json["error"]["message"]
    rows = [row for row in qualisys.audit_rows() if row["action"] == "add_tenant"]
    done = [row["username"] for row in rows if row["status"] == "success"]
    assert done == others
    assert [row["username"] for row in rows if row["status"] == "error"] == ["crm_user"]


def test_what_is_blocked_or_out_of_service_has_none(qualisys: Project) -> None:
    qualisys.instance.su("COMMENT ON ROLE app_user IS NULL")
    assert qualisys.apply("--tenants").code == 4
    assert schemas(qualisys) == []
    qualisys.write({"qualisys": ENTRY, "reports": READER})
    assert qualisys.run("adopt", "-e", "dev", "qualisys").code == 0
    assert qualisys.run("retire", "-e", "dev", "qualisys", "--stage", "disable").code == 0
    assert qualisys.apply("--tenants").code == 0
    assert made(qualisys) == []


def test_a_retired_one_is_left_out_and_named(qualisys: Project) -> None:
    assert qualisys.apply("--tenants").code == 0
    retired = qualisys.run("tenant", "retire", "-e", "dev", "qualisys", "globex")
    assert retired.code == 0, retired.output
    done = qualisys.run("apply", "-e", "dev", "--tenants")
    assert done.code == 0
    assert "globex: declared, and retired, so not made anew" in " ".join(done.out.split())
    assert "tenant_globex" not in schemas(qualisys)


@pytest.mark.parametrize("flag", [["--dry-run"], ["PLAN"]])
def test_what_shows_no_tenants_makes_none(qualisys: Project, flag: list[str]) -> None:
    if flag == ["PLAN"]:
        flag = [str(qualisys.root / "plan.json")]
        assert qualisys.plan("--out", *flag).code == 0
    refused = qualisys.apply("--tenants", *flag)
    assert refused.code == 64
    assert "--tenants makes what no dry run or saved plan shows" in refused.err
    assert schemas(qualisys) == []


def test_several_environments(qualisys: Project) -> None:
    done = qualisys.run("apply", "--tenants", "--all")
    assert done.code == 0, done.output
    assert "2 tenants made" in done.out
    assert schemas(qualisys) == BOTH


@pytest.mark.parametrize("mode", ["runtime_role", "role_per_tenant"])
def test_in_either_mode(qualisys: Project, mode: str) -> None:
    entry = {**SECOND, "tenancy": {**SECOND["tenancy"], mode: True}}
    if mode == "runtime_role":
        password = password_of("crm_user_runtime")
        qualisys.write_secret("crm_runtime/postgres", "crm_user_runtime", password, "crm")
    qualisys.write({"crm": entry, "qualisys": ENTRY, "reports": READER})
    assert qualisys.apply("--tenants", "--only", "crm").code == 0
    assert made(qualisys) == ["crm_user", "crm_user"]
    assert qualisys.run("tenant", "retire", "-e", "dev", "crm", "globex").code == 0
    assert qualisys.apply("--tenants", "--only", "crm").code == 0
    assert made(qualisys) == ["crm_user", "crm_user"]
