"""Exit codes, and JSON on stdout that is complete at every one from 0 to 4."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from pgtenant.report.schema import schema
from support.instance import Instance
from support.oracle import changing, nobody_connects
from support.project import Project, Result

ENTRIES = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "billing": {"database_name": "billing", "username": "billing_user"},
}


def _assert_failed(result: Result, *, says: str, plan: bool) -> Any:
    assert result.code == 1, result.output
    assert says in result.err
    assert "Traceback" not in result.output
    document = result.json  # one whole object
    jsonschema.Draft202012Validator(schema("plan" if plan else "apply")).validate(document)
    assert plan or document["errors"][0] == document["error"]
    members = {"environment", "changes", "blocked", "drift", "summary"}
    assert members <= document.keys() or not plan
    assert {"run_id", "environment", "records", "summary"} <= document.keys() or plan
    assert document["error"]["message"]
    return document


def _both(project: Project) -> list[tuple[Result, bool]]:
    return [(project.plan(), True), (project.apply(), False)]


def test_no_server(project: Project) -> None:
    project.write(ENTRIES)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        _admin_secret(project, port=reserved.getsockname()[1])
        for result, plan in _both(project):
            _assert_failed(result, says="the server is up", plan=plan)


def test_wrong_admin_password(project: Project) -> None:
    project.write(ENTRIES)
    _admin_secret(project, password="not-the-password")
    for result, plan in _both(project):
        _assert_failed(result, says="the stored password is not the role's", plan=plan)
        assert "not-the-password" not in result.output


def test_unknown_maintenance_database(project: Project) -> None:
    project.settings = {"server": {"maintenance_database": "nowhere"}}
    project.write(ENTRIES)
    for result, plan in _both(project):
        _assert_failed(result, says="nowhere", plan=plan)


def test_missing_admin_secret(project: Project) -> None:
    project.write(ENTRIES)
    project.secret_path("rds/master").unlink()
    for result, plan in _both(project):
        _assert_failed(result, says="goldenpath/dev/rds/master", plan=plan)


def test_lock_held(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    with instance.connect(*_admin(instance)) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", [_lock_key()])
        result = project.apply("--lock-timeout", "300ms")
    document = _assert_failed(result, says="another run holds the instance", plan=False)
    assert {(r["action"], r["status"]) for r in document["records"]} == {("run", "error")}


@pytest.mark.parametrize("attribute", ["CREATEDB", "CREATEROLE"])
def test_authority_missing(project: Project, instance: Instance, attribute: str) -> None:
    project.write(ENTRIES)
    instance.su(f"ALTER ROLE platform_admin NO{attribute}")
    try:
        mark = instance.log_mark()
        result = project.apply()
        _assert_failed(result, says=f'ALTER ROLE "platform_admin" {attribute}', plan=False)
        assert changing(instance.log_since(mark)) == []
        assert project.plan().code == 0
    finally:
        instance.su(f"ALTER ROLE platform_admin {attribute}")


def test_authority_over_a_role_missing(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    project.converge()
    instance.su("REVOKE orders_user FROM platform_admin")
    instance.su("ALTER ROLE orders_user CONNECTION LIMIT 3")
    mark = instance.log_mark()
    result = project.apply()
    statement = 'GRANT "orders_user" TO "platform_admin" WITH ADMIN'
    _assert_failed(result, says=statement, plan=False)
    assert [s for s in changing(instance.log_since(mark)) if "ALTER ROLE" in s] == []


def test_plan_exit_codes(project: Project) -> None:
    project.write(ENTRIES)
    assert project.plan().code == 0
    assert project.plan("--detailed-exitcode").code == 2
    project.converge()
    assert project.plan("--detailed-exitcode").code == 0


BAD_CATALOGS: dict[str, str] = {
    "no such name": "aws_region = 1\n",
    "broken": 'application_databases = { a = { database_name = "x',
    "empty file": "",
    "unknown field": 'application_databases = { a = { database_name = "abc", username = "abc_user",'
    ' acess_level = "owner" } }',
    "hostile name": "application_databases = { a = { database_name ="
    ' "x\\"; drop role y; --", username = "abc_user" } }',
    "trailing newline": 'application_databases = { a = { database_name = "abc\\n",'
    ' username = "abc_user" } }',
    "64 bytes": f'application_databases = {{ a = {{ database_name = "{"d" * 64}",'
    ' username = "abc_user" } }',
    "reader without an owner": 'application_databases = { a = { database_name = "abc",'
    ' username = "abc_user", access_level = "reader" } }',
    "two owners": 'application_databases = { a = { database_name = "abc", username = "abc_user" }\n'
    ' b = { database_name = "abc", username = "bcd_user" } }',
    "reserved": 'application_databases = { a = { database_name = "rdsadmin",'
    ' username = "pg_monitor" } }',
    "long": "application_databases = { a = { database_name ="
    f' "{"x" * 100_000}", username = "abc_user" }} }}',
    "deep": "application_databases = " + "{ a = " * 3000 + "1" + " }" * 3000,
}


@pytest.mark.parametrize("kind", BAD_CATALOGS)
def test_bad_catalog(project: Project, kind: str) -> None:
    project.write(ENTRIES)
    project.write_catalog(BAD_CATALOGS[kind])
    with nobody_connects(project):
        for run in (project.plan, project.apply):
            result = run()
            _assert_usage(result)
            assert "terraform.tfvars" in result.err
    assert not project.audit.exists()


def _assert_usage(result: Result) -> None:
    assert result.code == 64, result.output
    assert result.out == ""
    assert 0 < len(result.err) < 3000
    assert "Traceback" not in result.err


def test_the_admins_own_name_is_a_catalog_error(aws_project: Project) -> None:
    """Found before any application secret is read: there is none, and that is not the error."""
    project = aws_project
    project.write(
        {"self": {"database_name": "orders", "username": "platform_admin"}}, secrets=False
    )
    with nobody_connects(project):
        for run in (project.plan, project.apply):
            result = run()
            _assert_usage(result)
            assert "platform_admin" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "-e", "dev", "--only", "unknown"],
        ["apply", "-e", "dev", "--only", "orders", "--only", "unknown"],
        ["plan", "-e", "../etc"],
        ["plan", "-e", "dev", "--format", "xml"],
        ["plan", "-e", "dev", "--no-such-flag"],
        ["apply", "-e", "dev", "--lock-timeout", "soon"],
        ["apply", "/dev/null"],
        ["no-such-command"],
    ],
    ids=" ".join,
)
def test_usage_errors(project: Project, arguments: list[str]) -> None:
    project.write(ENTRIES)
    with nobody_connects(project):
        _assert_usage(project.run(*arguments))


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_of_several_environments_one_is_named(project: Project, command: str) -> None:
    project.write(ENTRIES)
    staging = project.root / "envs" / "staging-rds" / project.catalog.name
    staging.parent.mkdir()
    staging.write_bytes(project.catalog.read_bytes())
    with nobody_connects(project):
        result = project.run(command)
        _assert_usage(result)
    assert "dev, staging" in result.err


@pytest.mark.parametrize(
    "text",
    [
        "[server]\nconnections = 1\n",
        "[server]\nsslmod = 'require'\n",
        "[server]\nstatement_timeout = 5\n",
        "[secrets]\napp = 'no-entry-in-it'\n",
        "this is not TOML",
    ],
)
def test_bad_settings(project: Project, text: str) -> None:
    project.write(ENTRIES)
    (project.root / "pgtenant.toml").write_text(text)
    with nobody_connects(project):
        result = project.plan()
    _assert_usage(result)
    assert "pgtenant.toml" in result.err


def _set_bad_audit(project: Project) -> None:
    project.audit.mkdir(parents=True)


def _set_bad_secret(project: Project) -> None:
    project.secret_path("orders/postgres").write_text("not json")


@pytest.mark.parametrize("break_it", [_set_bad_audit, _set_bad_secret])
def test_nothing_is_touched_before_all_is_checked(
    project: Project, instance: Instance, break_it: Callable[[Project], None]
) -> None:
    project.write(ENTRIES)
    break_it(project)
    mark = instance.log_mark()
    result = project.apply()
    assert result.code == 1
    assert result.json["records"] == []
    assert changing(instance.log_since(mark)) == []


def _admin_secret(project: Project, **other: Any) -> None:
    admin = project.instance.admin
    fields = {"user": admin.user, "password": admin.password, "dbname": admin.dbname}
    project.write_secret("rds/master", **(fields | other))


def _admin(instance: Instance) -> tuple[str, str, str]:
    admin = instance.admin
    return admin.user, admin.password, admin.dbname


def _lock_key() -> int:
    return int.from_bytes(b"pgtenant", "big", signed=True)
