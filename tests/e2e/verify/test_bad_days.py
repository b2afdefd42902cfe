"""What proves nothing is said to prove nothing, and never looks green."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.instance import Instance
from support.project import Project, password_of

from .shops import ENTRIES, assert_isolated, attempts, verify


def _unproven(project: Project, role: str) -> set[str]:
    """Insist on a run without failures, all of whose doubts are about one role; their reasons."""
    result = verify(project)
    assert result.code == 1
    assert result.json["verdict"] == "failed"
    assert attempts(result, "failed") == []
    doubts = attempts(result, "not_proven")
    assert {a["role"] for a in doubts} == {role}
    text = project.run("verify", "-e", "dev")
    assert text.code == 1
    assert "Not proven" in text.out
    assert "Verdict: not proven" in text.out
    return {a["said"] for a in doubts}


def test_a_wrong_password(shops: Project, instance: Instance) -> None:
    instance.su("ALTER ROLE billing_user PASSWORD 'changed-by-hand'")
    reasons = _unproven(shops, "billing_user")
    assert reasons == {"the server does not take the password of its secret"}
    doubts = attempts(verify(shops), "not_proven")
    assert {a["database"] for a in doubts if a["kind"] == "connect"} == {
        "billing",
        "orders",
        "platform",
        "postgres",
        "template1",
    }
    assert len([a for a in doubts if a["kind"] == "become"]) > 10


def test_a_secret_that_is_gone(shops: Project) -> None:
    shops.secret_path("billing/postgres").unlink()
    (reason,) = _unproven(shops, "billing_user")
    assert "its secret could not be used" in reason
    assert "billing/postgres" in reason


def test_a_database_that_is_full(shops: Project, instance: Instance) -> None:
    instance.su("ALTER DATABASE billing CONNECTION LIMIT 0")
    (reason,) = _unproven(shops, "billing_user")
    assert "no connection slot is free" in reason


def test_a_role_at_its_limit(shops: Project, instance: Instance) -> None:
    instance.su("ALTER ROLE billing_user CONNECTION LIMIT 1")
    assert_isolated(shops)  # one session at a time is enough
    with shops.tenant("billing_user", "billing"):
        (reason,) = _unproven(shops, "billing_user")
    assert "no connection slot is free" in reason


def test_a_database_that_accepts_no_connections(shops: Project, instance: Instance) -> None:
    instance.su("ALTER DATABASE billing ALLOW_CONNECTIONS false")
    result = verify(shops)
    assert result.code == 1
    assert [a for a in attempts(result, "failed") if a["kind"] == "connect"] == []
    doubts = attempts(result, "not_proven")
    assert {a["role"] for a in doubts if a["database"] == "billing" and a["kind"] == "connect"} == {
        "billing_user",
        "orders_editor",
        "orders_reader",
        "orders_user",
    }
    assert {a["said"] for a in doubts} == {
        "the database accepts no connections (ALLOW_CONNECTIONS false)"
    }


def test_a_role_that_logs_in_through_iam(project: Project) -> None:
    project.write(ENTRIES | {"billing": ENTRIES["billing"] | {"auth": "iam"}})
    project.instance.su("GRANT rds_iam TO platform_admin WITH ADMIN OPTION")
    server = project.instance.server
    project.write_secret("rds/master", server.superuser, server.superuser_password, "platform")
    project.converge()
    doubts = attempts(verify(project), "not_proven")
    assert {a["role"] for a in doubts} == {"billing_user"}
    assert "IAM" in doubts[0]["said"]
    assert "rds_iam" not in {a["target"] for a in doubts}


def _through_iam(project: Project) -> None:
    project.write(ENTRIES | {"billing": ENTRIES["billing"] | {"auth": "iam"}})
    server = project.instance.server
    project.write_secret("rds/master", server.superuser, server.superuser_password, "platform")
    project.converge()


@pytest.mark.slow
def test_an_iam_token_is_no_password_elsewhere(aws_project: Project) -> None:
    _through_iam(aws_project)
    doubts = attempts(verify(aws_project), "not_proven")
    assert {a["role"] for a in doubts} == {"billing_user"}
    assert all("takes no IAM token for it" in a["said"] for a in doubts)


@pytest.mark.slow
def test_where_the_server_takes_the_token_all_is_tried(
    private_instance: Callable[..., Instance], aws_project: Project
) -> None:
    aws_project.instance = private_instance(
        hba=["hostssl all billing_user all trust", "host all all all scram-sha-256"]
    )
    _through_iam(aws_project)
    result = verify(aws_project)
    assert attempts(result, "failed", "not_proven") == []
    tried = [a for a in result.json["attempts"] if a["role"] == "billing_user"]
    assert {"connect", "become", "create_table"} <= {a["kind"] for a in tried}
    assert {f["kind"] for f in result.json["findings"] if f["severity"] == "failure"} == {
        "no_password"  # RDS asks for the token, and this server for nothing
    }


def test_a_role_or_a_database_that_is_missing(shops: Project, instance: Instance) -> None:
    shops.write(ENTRIES | {"crm": {"database_name": "crm", "username": "crm_user"}})
    instance.su("DROP DATABASE billing")
    result = verify(shops)
    assert result.code == 1
    failed = {(a["role"], a["said"]) for a in attempts(result, "failed")}
    assert failed == {
        ("crm_user", "the role is not there: `pgtenant apply` makes it"),
        ("billing_user", "the database is not there: `pgtenant apply` makes it"),
    }


def test_a_refusal_by_pg_hba_counts_only_when_the_password_is_proven(
    private_instance: Callable[..., Instance], project: Project
) -> None:
    instance = private_instance(
        hba=["hostssl platform billing_user all reject", "host all all all scram-sha-256"]
    )
    project.instance = instance
    project.write(ENTRIES)
    project.converge()
    result = verify(project)
    (seen,) = [
        a
        for a in result.json["attempts"]
        if (a["kind"], a["role"], a["database"]) == ("connect", "billing_user", "platform")
    ]
    assert (seen["verdict"], seen["sqlstate"]) == ("passed", "28000")
    instance.su(f"ALTER ROLE billing_user PASSWORD '{'x' * 20}'")
    (seen,) = [
        a
        for a in attempts(verify(project), "not_proven")
        if (a["kind"], a["database"]) == ("connect", "platform")
    ]
    assert seen["role"] == "billing_user"


@pytest.mark.every_major
def test_postgresql_s_defaults_fail_and_pass_after_apply(
    project: Project, instance: Instance
) -> None:
    """The script of the documents: a role and a database each, and nothing revoked."""
    project.write(ENTRIES | {})
    for user in ("orders_user", "orders_editor", "orders_reader", "billing_user"):
        quoted = password_of(user).replace("'", "''")
        with instance.connect(*_admin(instance)) as admin:
            admin.execute(f"CREATE ROLE {user} LOGIN CREATEDB PASSWORD '{quoted}'")
    for dbname, user in (("orders", "orders_user"), ("billing", "billing_user")):
        instance.su(f"CREATE DATABASE {dbname} OWNER {user}")
    before = verify(project)
    assert before.code == 1
    let_in = {(a["role"], a["database"]) for a in attempts(before, "failed")}
    assert ("billing_user", "orders") in let_in
    assert ("orders_user", "billing") in let_in
    adopted = project.run("adopt", "-e", "dev", "--all")
    assert adopted.code == 0, adopted.output
    project.converge()
    assert_isolated(project)


def _admin(instance: Instance) -> tuple[str, str, str]:
    return instance.admin.user, instance.admin.password, instance.admin.dbname
