"""`pgtenant bootstrap`: from the master to a delegated admin, and back."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from support.instance import Instance
from support.oracle import assert_allowed, assert_refused, versions
from support.project import Project, Result

ORDERS = {"orders": {"database_name": "orders", "username": "orders_user"}}
EDITOR = {
    "orders-rw": {
        "database_name": "orders",
        "username": "orders_editor",
        "access_level": "editor",
    }
}
BILLING = {"billing": {"database_name": "billing", "username": "billing_user"}}
STOCK = {"stock": {"database_name": "stock", "username": "stock_user"}}
PROVISIONER = "goldenpath/{env}/rds/provisioner"
ATTRIBUTES = """
SELECT rolcanlogin, rolcreaterole, rolcreatedb, rolsuper, rolreplication, rolbypassrls, rolconnlimit
  FROM pg_roles WHERE rolname = 'pgtenant_admin'
"""


def bootstrap(project: Project, *arguments: str, code: int = 0) -> Result:
    result = project.run("bootstrap", "-e", project.env, "--format", "json", *arguments)
    assert result.code == code, result.output
    return result


def as_delegate(project: Project) -> None:
    project.settings["secrets"] = {"admin": PROVISIONER}
    project.write_settings()


def as_master(project: Project) -> None:
    del project.settings["secrets"]
    project.write_settings()


def stored(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.secret_path("rds/provisioner").read_text())
    return found


def kinds(result: Result) -> list[str]:
    return [step["kind"] for step in result.json["steps"]]


@pytest.mark.every_major
def test_from_the_master_to_a_delegate_and_back(project: Project, instance: Instance) -> None:
    project.write(ORDERS | EDITOR)
    project.converge()
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("CREATE TABLE t (n int)")

    done = bootstrap(project)
    assert done.json["left"] == []
    assert instance.su(ATTRIBUTES) == [(True, True, True, False, False, False, -1)]
    assert instance.su("SELECT has_database_privilege('public', 'platform', 'CONNECT')") == [
        (False,)
    ]
    as_delegate(project)
    assert project.plan("--detailed-exitcode").code == 0

    # It manages what the master made, and makes its own.
    entries = {**ORDERS, **EDITOR, **BILLING}
    entries["orders-rw"] = {**EDITOR["orders-rw"], "access_level": "reader"}
    project.write(entries)
    project.converge()
    with (
        project.tenant("orders_editor", "orders") as reader,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        reader.execute("INSERT INTO t VALUES (1)")
    assert_refused(project, "billing_user", "orders")
    assert project.plan("--detailed-exitcode").code == 0

    # And back: the master administers what the delegate made.
    undone = bootstrap(project, "--undo")
    assert instance.su(ATTRIBUTES) == [(False, True, True, False, False, False, -1)]
    expected = [] if instance.major < 16 else ["grant_admin"]
    assert kinds(undone) == [*expected, "alter_role"]
    assert project.plan().code == 1  # the delegate is shut out
    as_master(project)
    project.write(entries | {"billing-ro": {**EDITOR["orders-rw"], **_reader("billing")}} | STOCK)
    project.converge()
    assert_allowed(project, "stock_user", "stock", "CREATE TABLE t (n int)")
    assert project.plan("--detailed-exitcode").code == 0
    assert kinds(bootstrap(project, "--undo")) == []

    # Once more: the password is kept, and what the master made meanwhile is delegated.
    before = stored(project)
    bootstrap(project)
    assert stored(project) == before
    as_delegate(project)
    project.converge()
    assert project.plan("--detailed-exitcode").code == 0


def _reader(database: str) -> dict[str, str]:
    return {
        "database_name": database,
        "username": f"{database}_reader",
        "access_level": "reader",
    }


@pytest.mark.every_major
def test_a_second_bootstrap_changes_nothing(project: Project, instance: Instance) -> None:
    project.write(ORDERS)
    project.converge()
    bootstrap(project)
    catalogs, secret = versions(instance, ["orders", "platform"]), stored(project)
    again = bootstrap(project)
    assert again.json["changed"] is False
    assert again.json["steps"] == []
    assert stored(project) == secret
    assert versions(instance, ["orders", "platform"]) == catalogs
    row = project.audit_rows()[-1]
    assert (row["action"], row["status"], row["username"]) == (
        "check",
        "no_change",
        "pgtenant_admin",
    )


def test_no_membership_with_inherit_or_set(project: Project, instance: Instance) -> None:
    project.write(ORDERS)
    project.converge()
    bootstrap(project)
    as_delegate(project)
    project.write(ORDERS | BILLING)
    project.converge()
    bootstrap(project, "--undo")
    assert instance.su(
        "SELECT count(*) FILTER (WHERE inherit_option OR set_option), count(*) FILTER (WHERE"
        " admin_option) >= 5 FROM pg_auth_members WHERE member::regrole::text IN"
        " ('pgtenant_admin', 'platform_admin')"
    ) == [(0, True)]


@pytest.mark.major(min=16)
def test_the_master_cannot_grant_itself_what_the_delegate_made(
    project: Project, instance: Instance
) -> None:
    """Why `--undo` borrows the delegated admin at all."""
    project.write(ORDERS)
    bootstrap(project)
    as_delegate(project)
    project.converge()
    with (
        psycopg.connect(instance.admin_conninfo(), autocommit=True) as master,
        pytest.raises(psycopg.errors.InternalError_, match="no possible grantors"),
    ):
        master.execute("GRANT orders_user TO platform_admin WITH ADMIN TRUE")
