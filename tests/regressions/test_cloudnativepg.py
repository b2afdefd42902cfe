"""CloudNativePG: managed roles and databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from support.instance import Instance
from support.oracle import assert_allowed, assert_refused, nobody_connects, versions
from support.orders import BILLING, ORDERS, READER
from support.project import Project, password_of
from support.siege import can_log_in, watching

STORED = "SELECT rolpassword FROM pg_authid WHERE rolname = 'orders_user'"


def test_a_missing_secret_removes_the_password(project: Project, instance: Instance) -> None:
    """While a role's secret was missing for a moment, the operator set the role's password to NULL
    (https://github.com/cloudnative-pg/cloudnative-pg/issues/9677)."""
    project.write(ORDERS | BILLING)
    project.converge()
    stored = instance.su(STORED)
    project.secret_path("orders/postgres").unlink()
    instance.su("ALTER ROLE billing_user NOCREATEDB")
    before = versions(instance, ["orders"])
    missing = project.apply()
    assert missing.code == 1
    assert "goldenpath/dev/orders/postgres" in missing.json["error"]["message"]
    assert versions(instance, ["orders"]) == before
    assert instance.su(STORED) == stored
    assert can_log_in(instance, "orders_user", "orders")


def test_a_failing_statement_logs_the_password(project: Project, instance: Instance) -> None:
    """When creating or altering a role failed, PostgreSQL's log quoted the statement, password
    included (https://github.com/cloudnative-pg/cloudnative-pg/issues/9799,
    https://github.com/zitadel/zitadel/issues/12178)."""
    project.write(ORDERS)
    project.converge()
    rotated = "fake-sentinel-rotated"
    project.write_secret("orders/postgres", "orders_user", rotated, "orders")
    project.environ = {"PGTENANT_SERVER_LOCK_TIMEOUT": "200ms"}
    mark = instance.log_mark()
    with psycopg.connect(instance.superuser_conninfo()) as other:
        other.execute("LOCK TABLE pg_authid IN SHARE MODE")
        assert project.apply().code == 1
    log = instance.log_since(mark)
    assert "lock timeout" in log
    assert "PASSWORD 'SCRAM-SHA-256$" in log
    for password in (rotated, password_of("orders_user")):
        assert password not in log
    project.environ = {}
    project.converge()
    instance.connect("orders_user", rotated, "orders").close()


def test_a_limit_that_is_taken_out_loops_for_ever(project: Project, instance: Instance) -> None:
    """A connection limit that was unset again was never removed from the role, and the operator
    tried without end (https://github.com/cloudnative-pg/cloudnative-pg/issues/3831)."""
    limit = "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'orders_user'"
    for fields, expected in (({"connection_limit": 3}, 3), ({}, -1)):
        project.write({"orders": ORDERS["orders"] | fields})
        project.converge()
        assert instance.su(limit) == [(expected,)]
        assert project.plan("--detailed-exitcode").code == 0


def test_every_role_may_connect_to_a_new_database(project: Project, instance: Instance) -> None:
    """PUBLIC keeps CONNECT and TEMPORARY on new databases, so any application may enter any other's
    (https://github.com/cloudnative-pg/cloudnative-pg/issues/10831)."""
    project.write(BILLING)
    project.converge()
    open_ = (
        "SELECT datname::text FROM pg_database WHERE datallowconn AND datname = 'orders'"
        " AND has_database_privilege('public', oid, 'CONNECT, TEMPORARY')"
    )
    project.write(BILLING | ORDERS)
    with watching(instance, open_) as seen:
        project.converge()
    assert seen == set()
    assert_refused(project, "billing_user", "orders")
    assert_refused(project, "orders_user", "billing")


def test_an_md5_hash_stays(project: Project, instance: Instance) -> None:
    """After the server's change to SCRAM, roles kept their md5 hashes, because only a new password
    made the operator set one (https://github.com/cloudnative-pg/cloudnative-pg/issues/11392)."""
    project.write(ORDERS)
    project.converge()
    with psycopg.connect(instance.superuser_conninfo(), autocommit=True) as superuser:
        superuser.execute("SET password_encryption = 'md5'")
        alter = sql.SQL("ALTER ROLE orders_user PASSWORD {}")
        superuser.execute(alter.format(sql.Literal(password_of("orders_user"))))
    assert str(instance.su(STORED)[0][0]).startswith("md5")
    project.converge()
    assert str(instance.su(STORED)[0][0]).startswith("SCRAM-SHA-256$")
    assert can_log_in(instance, "orders_user", "orders")


@pytest.mark.parametrize("twice", ["database", "role"])
def test_two_owners_of_one_thing(project: Project, twice: str) -> None:
    """Two resources named the same database or the same role: deleting the one that lost dropped
    what belonged to the other, and passwords changed to and fro
    (https://github.com/cloudnative-pg/cloudnative-pg/issues/10866,
    https://github.com/cloudnative-pg/cloudnative-pg/issues/6762,
    https://github.com/zalando/postgres-operator/issues/1855)."""
    field = "database_name" if twice == "database" else "username"
    project.write(ORDERS | {"billing": BILLING["billing"] | {field: ORDERS["orders"][field]}})
    with nobody_connects(project):
        refused = project.apply()
    assert refused.code == 64
    assert "orders" in refused.err
    assert "billing" in refused.err


@pytest.mark.parametrize(
    ("username", "password", "says"),
    [
        ("bonanza", "fake-password", "'username' is not 'orders_user'"),
        ("orders_user\n", "fake-password", "'username' ends in a line break"),
        ("orders_user", "fake-password\n", "'password' ends in a line break"),
    ],
)
def test_the_secret_is_another_roles(
    project: Project, instance: Instance, username: str, password: str, says: str
) -> None:
    """A secret with another user name, or with a name or password that `echo` had ended in a
    newline, showed as failing logins only
    (https://github.com/cloudnative-pg/cloudnative-pg/issues/268,
    https://github.com/cloudnative-pg/cloudnative-pg/issues/5060)."""
    project.write(ORDERS)
    project.write_secret("orders/postgres", username, password, "orders")
    before = versions(instance, [])
    refused = project.apply()
    assert refused.code == 1
    assert says in refused.json["error"]["message"]
    assert versions(instance, []) == before


def test_one_failing_role_holds_up_the_others(project: Project) -> None:
    """The first role that could not be reconciled ended the loop for all others
    (https://github.com/cloudnative-pg/cloudnative-pg/pull/10053)."""
    (project.root / "schemas").mkdir()
    (project.root / "schemas" / "broken.sql").write_text("SELECT 1/0;")
    project.settings = {"server": {"connections": 2}}
    broken = BILLING["billing"] | {"initial_schema": "broken.sql"}
    project.write({"a-broken": broken} | ORDERS | READER)
    result = project.apply("--no-fail-fast")
    assert result.code == 1
    assert_allowed(project, "orders_user", "orders", "CREATE TABLE t ()")
    assert_allowed(project, "orders_reader", "orders", "SELECT FROM t")


def test_a_missing_standby_blocks_for_ever(
    private_instance: Callable[..., Instance], tmp_path: Path
) -> None:
    """The operator's own COMMIT of a role waited without end for a synchronous replica that was not
    there, and held up everything else (https://github.com/cloudnative-pg/cloudnative-pg/issues/3142,
    https://github.com/bitnami/charts/issues/1414)."""
    instance = private_instance(settings={"synchronous_standby_names": "nobody"})
    project = Project(root=tmp_path, instance=instance)
    project.settings = {"server": {"statement_timeout": "2s"}}
    project.write(ORDERS)
    stopped = project.apply()
    assert stopped.code == 1
    assert "no synchronous standby has confirmed it" in stopped.json["error"]["message"]
    assert instance.su("SELECT 1 FROM pg_roles WHERE rolname = 'orders_user'") == [(1,)]
    assert [row["status"] for row in project.audit_rows()][:2] == ["warning", "error"]
    instance.su("ALTER SYSTEM SET synchronous_standby_names = ''")
    instance.su("SELECT pg_reload_conf()")
    project.converge()
    assert can_log_in(instance, "orders_user", "orders")
