"""What an owner, an administrator or `pg_hba.conf` could hide from a verification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.instance import Instance
from support.project import Project

from .shops import ENTRIES, assert_isolated, attempts, provisioned, verify

pytestmark = pytest.mark.slow


def _holes(project: Project, code: int = 1) -> list[dict[str, Any]]:
    result = verify(project)
    assert result.code == code, result.output
    holes: list[dict[str, Any]] = result.json["holes"]
    return holes


def test_what_is_in_a_database_that_nobody_declared(shops: Project, instance: Instance) -> None:
    with shops.tenant("billing_user", "billing") as owner:
        owner.execute("CREATE DATABASE plugin")
        owner.execute("CREATE DATABASE plugin2")
    shops.converge()
    assert_isolated(shops)
    instance.su("DROP DATABASE plugin2")
    with shops.tenant("billing_user", "plugin") as owner:
        owner.execute("CREATE TABLE public.t (n int)")
        owner.execute("GRANT SELECT ON public.t TO orders_user")
    (hole,) = _holes(shops)
    assert (hole["kind"], hole["database"], hole["who"]) == ("grant", "plugin", "orders_user")
    instance.su("REVOKE ALL ON public.t FROM orders_user", dbname="plugin")
    shops.write({key: entry for key, entry in ENTRIES.items() if key != "billing"})
    result = verify(shops)  # nobody's login leads there any more
    assert (result.code, result.json["verdict"]) == (1, "failed")
    (unread,) = result.json["holes"]
    assert (unread["kind"], unread["severity"]) == ("not_looked_into", "warning")
    assert unread["statement"] == 'GRANT CONNECT ON DATABASE "plugin" TO "platform_admin"'
    assert "Verdict: not proven" in shops.run("verify", "-e", "dev").out
    instance.su("GRANT CONNECT ON DATABASE plugin TO platform_admin")
    assert_isolated(shops)


def test_an_owner_can_not_shut_the_analysis_out(shops: Project) -> None:
    with shops.tenant("orders_user", "orders") as owner:
        owner.execute("REVOKE CONNECT ON DATABASE orders FROM platform_admin")
        owner.execute("GRANT UPDATE (price) ON app.items TO orders_reader")
    assert [hole["kind"] for hole in _holes(shops)] == ["column_grant"]


@pytest.mark.parametrize("name", ["postgres", "platform", "template1"])
def test_a_tenant_that_owns_a_database_of_the_instance(
    shops: Project, instance: Instance, name: str
) -> None:
    instance.su(f"ALTER DATABASE {name} OWNER TO billing_user")
    instance.su(f"GRANT CONNECT ON DATABASE {name} TO platform_admin")
    found = [h for h in _holes(shops) if h["kind"] == "ownership"]
    assert [(h["database"], h["who"], h["severity"]) for h in found] == [
        (name, "billing_user", "failure")
    ]
    rightful = "platform_admin" if name == "platform" else "rdsadmin"
    assert f'OWNER TO "{rightful}"' in found[0]["statement"]


def test_a_rule_that_leaves_nothing_to_check(shops: Project, instance: Instance) -> None:
    with shops.tenant("orders_user", "orders") as owner:
        owner.execute("CREATE RULE n AS ON INSERT TO app.items DO INSTEAD NOTHING")
    assert_isolated(shops)
    instance.su("REVOKE INSERT ON app.items FROM orders_editor", dbname="orders")
    failed = attempts(verify(shops), "failed")
    assert [(a["kind"], a["role"]) for a in failed] == [("insert", "orders_editor")]


def test_a_default_that_makes_a_refusal_up(shops: Project) -> None:
    with shops.tenant("orders_user", "orders") as owner:
        for statement in (
            (
                "CREATE FUNCTION app.lie() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN"
                " RAISE 'permission denied' USING ERRCODE = '42501'; END $$"
            ),
            "CREATE TABLE app.bait (n int DEFAULT app.lie())",
            "GRANT INSERT ON app.bait TO orders_reader",
        ):
            owner.execute(statement)
    doubts = attempts(verify(shops), "not_proven")
    assert [(a["kind"], a["role"]) for a in doubts] == [("insert", "orders_reader")]
    assert "though the role holds the privilege" in doubts[0]["said"]


def test_a_login_that_needs_no_password(
    private_instance: Callable[..., Instance], project: Project
) -> None:
    project.instance = private_instance(
        hba=["hostssl all billing_user all trust", "host all all all scram-sha-256"]
    )
    provisioned(project)
    result = verify(project)
    assert result.code == 1
    found = [f for f in result.json["findings"] if f["severity"] == "failure"]
    assert {(f["kind"], f["role"]) for f in found} == {("no_password", "billing_user")}


def test_strangers_that_reach_tenants(shops: Project, instance: Instance) -> None:
    options = " WITH ADMIN TRUE, INHERIT FALSE, SET FALSE" if instance.major >= 16 else ""
    for statement in (
        "CREATE ROLE evil LOGIN CREATEROLE",
        f"GRANT orders_user TO evil{options}",
        "CREATE ROLE human LOGIN",
        "GRANT pg_read_all_data TO human",
        "GRANT billing_user TO pg_monitor",
        "GRANT CONNECT ON DATABASE billing TO pg_signal_backend",
    ):
        instance.su(statement)
    found = {(h["who"], h["severity"]) for h in _holes(shops)}
    assert found == {
        ("evil", "failure"),
        ("human", "warning"),
        ("pg_monitor", "failure"),
        ("pg_signal_backend", "warning"),
    }


def test_a_provider_s_database_that_pg_hba_closes(
    private_instance: Callable[..., Instance], project: Project
) -> None:
    project.instance = private_instance(
        hba=[
            "hostssl theirs rdsadmin all scram-sha-256",
            "hostssl theirs all all reject",
            "host all all all scram-sha-256",
        ]
    )
    provisioned(project)
    project.instance.su("CREATE DATABASE theirs")
    result = verify(project)
    assert attempts(result, "failed", "not_proven") == []
    assert result.code == 0


def test_a_table_with_the_name_that_a_verification_uses(shops: Project, instance: Instance) -> None:
    instance.su("CREATE TABLE app.pgtenant_verify (n int)", dbname="orders")
    instance.su("ALTER TABLE app.pgtenant_verify OWNER TO orders_user", dbname="orders")
    with shops.tenant("orders_user", "orders") as owner:
        owner.execute("GRANT SELECT ON app.pgtenant_verify TO orders_reader, orders_editor")
        owner.execute("GRANT INSERT, UPDATE, DELETE ON app.pgtenant_verify TO orders_editor")
    assert_isolated(shops)


def test_a_session_of_a_role_that_may_not_log_in(shops: Project, instance: Instance) -> None:
    with shops.tenant("billing_user", "billing"):
        instance.su("ALTER ROLE billing_user NOLOGIN")
        found = shops.run("verify", "instance", "-e", "dev", "--format", "json").json["findings"]
    assert "stale_session" in {f["kind"] for f in found}
