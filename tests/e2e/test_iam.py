"""`auth = "iam"` on a real server: in rds_iam, without a password, there and back."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from support.instance import Instance
from support.oracle import changing
from support.project import Project, password_of

ORDERS = {"orders": {"database_name": "orders", "username": "orders_user"}}
READER: dict[str, Any] = {
    "database_name": "orders",
    "username": "orders_reader",
    "access_level": "reader",
}
STATE = """
SELECT rolpassword IS NOT NULL, pg_has_role(oid, 'rds_iam', 'MEMBER')
  FROM pg_authid WHERE rolname = 'orders_reader'
"""


def entries(auth: str) -> dict[str, dict[str, Any]]:
    return ORDERS | {"orders-ro": READER | {"auth": auth}}


def declare(project: Project, auth: str) -> None:
    """Write the catalog, for a superuser from 16 on: another admin would be taken along."""
    project.write(entries(auth))
    server = project.instance.server
    if project.instance.major >= 16:
        project.write_secret("rds/master", server.superuser, server.superuser_password, "platform")


def without_password(project: Project) -> None:
    path = project.secret_path("orders-ro/postgres")
    secret = json.loads(path.read_text())
    del secret["password"]
    path.write_text(json.dumps(secret))


@pytest.mark.every_major
def test_there_and_back(project: Project, instance: Instance) -> None:
    declare(project, "iam")
    without_password(project)
    project.converge()
    assert instance.su(STATE) == [(False, True)]
    assert project.plan("--detailed-exitcode").code == 0

    declare(project, "password")
    assert project.plan().code == 1  # the secret lacks it now
    project.write_secret(
        "orders-ro/postgres", "orders_reader", password_of("orders_reader"), "orders"
    )
    project.converge()
    assert instance.su(STATE) == [(True, False)]
    project.tenant("orders_reader", "orders").close()
    assert project.plan("--detailed-exitcode").code == 0

    declare(project, "iam")
    mark = instance.log_mark()
    project.converge()
    assert instance.su(STATE) == [(False, True)]
    assert project.plan("--detailed-exitcode").code == 0
    project.converge()
    nulls = [s for s in changing(instance.log_since(mark)) if "PASSWORD NULL" in s]
    assert len(nulls) == 1  # once, with the switch


@pytest.mark.every_major
def test_what_the_master_granted_is_taken_for_done(project: Project, instance: Instance) -> None:
    project.write(entries("password"))
    project.converge()
    instance.su("GRANT rds_iam TO orders_reader")
    project.write(entries("iam"))
    project.converge()
    assert project.plan("--detailed-exitcode").code == 0


def test_a_server_that_is_not_rds(project: Project, instance: Instance) -> None:
    instance.su("ALTER ROLE rds_iam RENAME TO other_iam")
    project.write(entries("iam"))
    blocked = project.apply()
    assert blocked.code == 4
    assert "this server lacks" in project.audit.read_text()
    project.tenant("orders_user", "orders").close()  # the others go on


def test_a_word_that_is_none(project: Project) -> None:
    project.write(entries("ldap"))
    refused = project.plan()
    assert refused.code == 64
    assert "password, iam" in refused.err


def test_a_password_login_is_gone(project: Project, instance: Instance) -> None:
    declare(project, "password")
    project.converge()
    declare(project, "iam")
    project.converge()
    with pytest.raises(psycopg.OperationalError):
        project.tenant("orders_reader", "orders")
    assert instance.su(STATE) == [(False, True)]


@pytest.mark.major(min=16)
def test_an_admin_that_may_not_grant_it_is_told_before_the_first_change(
    project: Project, instance: Instance
) -> None:
    """An admin that is in rds_iam and logs in all the same may go on, if it can."""
    project.write(entries("iam"))
    instance.su("CREATE ROLE token_users ROLE platform_admin IN ROLE rds_iam")
    refused = project.apply()
    assert refused.code == 1
    assert "can't put roles into rds_iam" in refused.json["error"]["message"]
    assert instance.su("SELECT 1 FROM pg_roles WHERE rolname LIKE 'orders%'") == []
    statement = refused.json["error"]["hint"].splitlines()[1].split(";  --")[0]
    instance.su(statement.strip())
    project.converge()
    assert instance.su(STATE) == [(False, True)]
    assert project.plan("--detailed-exitcode").code == 0
    project.write(entries("password"))
    project.converge()
    assert instance.su(STATE) == [(True, False)]
