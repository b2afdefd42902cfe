"""What goes wrong names its code on stderr and in JSON, and `explain` knows more about it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from pgtenant.cli import main
from pgtenant.codes import Code
from support.instance import Instance
from support.project import Project, Result

ORDERS = {"orders": {"database_name": "orders", "username": "orders_user"}}


def explain(capsys: pytest.CaptureFixture[str], *arguments: str) -> Result:
    """Run `explain`, which has no project."""
    code = main(["explain", *arguments])
    return Result(code, *capsys.readouterr())


def led_to(result: Result) -> Code:
    """Return the code of the last line, which leads to the page that has it."""
    found = re.fullmatch(r"help: pgtenant explain (\S+) \((\S+)\)", result.err.splitlines()[-1])
    assert found is not None, result.err
    code = Code(found[1])
    assert found[2] == code.page
    return code


def failures(project: Project) -> Iterator[tuple[Code, Result]]:
    yield Code.ARGUMENTS, project.run("plan", "-e", "dev", "--no-such-option")
    yield Code.UNREADABLE_CATALOG, project.plan()
    project.write({"orders": {"database_name": "orders", "user": "x"}}, secrets=False)
    yield Code.CATALOG, project.plan()
    project.write(ORDERS)
    yield Code.UNKNOWN_ENTRY, project.plan("--only", "order")
    project.secret_path("orders/postgres").unlink()
    yield Code.SECRET_MISSING, project.plan()
    project.write(ORDERS)
    project.write_secret("rds/master", "nobody_here", "wrong", project.instance.admin.dbname)
    yield Code.WRONG_PASSWORD, project.plan()
    project.write(ORDERS)
    project.settings["server"] = {"sslrootcert": "no-such-file.pem"}
    project.write_settings()
    yield Code.CA_BUNDLE, project.plan()


def test_each_failure_leads_to_its_page(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    for code, result in failures(project):
        assert led_to(result) is code, result.err
        explained = explain(capsys, code)
        assert explained.code == 0
        assert explained.out.startswith(f"{code}: ")
        assert "\nCure: " in explained.out


def test_json_has_the_code(project: Project, instance: Instance) -> None:
    project.write(ORDERS)
    project.write_secret("rds/master", instance.admin.user, "wrong", instance.admin.dbname)
    refused = project.apply()
    assert refused.json["error"]["code"] == Code.WRONG_PASSWORD
    assert led_to(refused) is Code.WRONG_PASSWORD


def test_a_missing_approval_leads_to_its_page(project: Project) -> None:
    project.env = "prod"
    project.write(ORDERS)
    refused = project.apply()
    assert (refused.code, refused.json["error"]["code"]) == (3, Code.APPROVAL)


def test_what_blocks_has_a_code(project: Project, instance: Instance) -> None:
    project.write(ORDERS)
    instance.su("CREATE ROLE orders_user LOGIN")
    assert [one["code"] for one in project.plan().json["blocked"]] == [Code.UNMANAGED_ROLE]
    assert f"({Code.UNMANAGED_ROLE})" in " ".join(project.run("plan", "-e", "dev").out.split())
    applied = project.apply()
    assert applied.code == 4
    [row] = [row for row in project.audit_rows() if row["status"] == "blocked"]
    assert f"({Code.UNMANAGED_ROLE})" in row["message"]


def test_a_proof_that_failed_leads_to_its_page(project: Project, instance: Instance) -> None:
    project.write(ORDERS)
    project.converge()
    assert "help: " not in project.run("verify", "-e", "dev").err
    instance.su("GRANT CONNECT ON DATABASE orders TO PUBLIC")
    instance.su("CREATE ROLE stranger LOGIN")
    failed = project.run("verify", "-e", "dev")
    assert (failed.code, led_to(failed)) == (1, Code.NOT_ISOLATED)


@pytest.mark.parametrize("given", ["PGT-0501", "pgt-0501", "501", "0501"])
def test_a_code_can_be_written_in_short(capsys: pytest.CaptureFixture[str], given: str) -> None:
    assert explain(capsys, given).out.startswith("PGT-0501: ")


def test_explain_lists_every_code(capsys: pytest.CaptureFixture[str]) -> None:
    listed = explain(capsys).out
    assert re.findall(r"^  (PGT-\d{4})  ", listed, re.MULTILINE) == sorted(Code)
    assert max(map(len, listed.splitlines())) <= 80
    unknown = explain(capsys, "PGT-9999")
    assert (unknown.code, led_to(unknown)) == (64, Code.ARGUMENTS)
