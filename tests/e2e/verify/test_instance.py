"""The instance itself: undeclared databases, squatters, old sessions, unknown powers."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import Any

import psycopg
import pytest
from psycopg import sql

from support.instance import Instance
from support.project import Project

from .shops import ENTRIES, assert_isolated, attempts, verify


def _findings(project: Project, *arguments: str) -> dict[str, list[dict[str, Any]]]:
    result = project.run("verify", "instance", "-e", project.env, "--format", "json", *arguments)
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in result.json["findings"]:
        found.setdefault(finding["kind"], []).append(finding)
    bad = any(f["severity"] == "failure" for f in result.json["findings"])
    assert result.code == int(bad), result.output
    return found


def test_databases_that_nobody_declared(shops: Project) -> None:
    with shops.tenant("orders_user", "orders") as owner:
        owner.execute("CREATE DATABASE orders_plugin")
    (found,) = _findings(shops)["undeclared_database"]
    assert (found["severity"], found["database"]) == ("failure", "orders_plugin")
    assert verify(shops).code == 1
    shops.converge()
    (found,) = _findings(shops)["undeclared_database"]
    assert (found["severity"], found["role"]) == ("note", "orders_user")
    assert_isolated(shops)


def test_a_database_that_squats_on_a_name(shops: Project) -> None:
    with shops.tenant("orders_user", "orders") as owner:
        owner.execute("CREATE DATABASE crm")
    shops.write(ENTRIES | {"crm": {"database_name": "crm", "username": "crm_user"}})
    blocked = shops.apply()
    assert blocked.code == 4
    (why,) = [r["message"] for r in blocked.json["records"] if r["status"] == "blocked"]
    assert "belongs to orders_user, the role of the entry orders, which made it itself" in why
    (found,) = _findings(shops)["squatted_database"]
    assert (found["database"], found["role"]) == ("crm", "orders_user")
    assert found["statement"] == 'ALTER DATABASE "crm" RENAME TO "crm_of_orders_user"'


def test_powers_and_memberships_that_nobody_knows(shops: Project, instance: Instance) -> None:
    instance.su("CREATE ROLE dba SUPERUSER LOGIN")
    instance.su("CREATE ROLE backup BYPASSRLS REPLICATION")
    instance.su("CREATE ROLE helpdesk LOGIN")
    instance.su("GRANT orders_user TO helpdesk")
    found = _findings(shops)
    assert {(f["role"], f["severity"]) for f in found["power"]} == {
        ("dba", "warning"),
        ("backup", "warning"),
    }
    (member,) = found["membership"]
    assert (member["role"], member["severity"]) == ("helpdesk", "failure")
    assert member["statement"].startswith('REVOKE "orders_user" FROM "helpdesk"')


def test_acls_close_to_the_limit(shops: Project, instance: Instance) -> None:
    instance.su(
        "DO $$ BEGIN FOR i IN 1..1400 LOOP"
        " EXECUTE format('CREATE ROLE %I', 'guest_' || md5(i::text)); END LOOP; END $$"
    )
    roles = "(SELECT string_agg(quote_ident(rolname), ', ') FROM pg_roles WHERE rolname ~ '^guest')"
    for statement in ("GRANT CONNECT ON DATABASE orders TO", "GRANT SELECT ON app.items TO"):
        instance.su(
            f"DO $$ BEGIN EXECUTE '{statement} ' || {roles}; END $$",
            dbname="orders",
        )
    (found,) = _findings(shops)["large_acl"]
    assert found["database"] == "orders"
    assert found["severity"] == "warning"
    inside = [f for f in verify(shops).json["findings"] if f["kind"] == "large_acl"]
    assert any("app.items" in f["message"] for f in inside)


@pytest.mark.every_major
def test_sessions_that_are_older_than_a_revoke(shops: Project, instance: Instance) -> None:
    instance.su("GRANT CONNECT ON DATABASE orders TO billing_user")
    with (
        shops.tenant("billing_user", "orders") as old,
        shops.tenant("billing_user", "billing") as fine,
    ):
        instance.su("REVOKE CONNECT ON DATABASE orders FROM billing_user")
        (found,) = _findings(shops)["stale_session"]
        assert (found["role"], found["database"]) == ("billing_user", "orders")
        assert found["pid"] == old.info.backend_pid
        asked = shops.run("verify", "instance", "-e", "dev", "--terminate")
        assert asked.code == 64
        assert "--yes" in asked.err
        old.execute("SELECT 1")
        ended = shops.run("verify", "instance", "-e", "dev", "--terminate", "--yes")
        assert ended.code == 0, ended.output
        with pytest.raises(psycopg.OperationalError):
            old.execute("SELECT 1")
        fine.execute("SELECT 1")
    (row,) = [r for r in shops.audit_rows() if r["action"] == "end_session"]
    assert (row["database"], row["username"], row["status"]) == (
        "orders",
        "billing_user",
        "success",
    )
    memberships = instance.su(
        "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member"
        " WHERE r.rolname = 'platform_admin'"
        " AND coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)"
    )
    assert memberships == [(0,)]
    assert shops.run("audit", "verify", "-e", "dev").code == 0


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_on_a_terminal_it_asks(shops: Project, instance: Instance, answer: str, code: int) -> None:
    instance.su("GRANT CONNECT ON DATABASE orders TO billing_user")
    with shops.tenant("billing_user", "orders") as old:
        instance.su("REVOKE CONNECT ON DATABASE orders FROM billing_user")
        terminal, stdin = pty.openpty()
        os.write(terminal, f"{answer}\n".encode())
        done = subprocess.run(
            shops.command("verify", "instance", "-e", "dev", "--terminate"),
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=os.environ | shops.variables(),
        )
        os.close(terminal)
        os.close(stdin)
        assert done.returncode == code, done.stderr
        assert f"session {old.info.backend_pid} of billing_user in orders" in done.stderr
        assert "End 1 session?" in done.stderr
        if answer == "n":
            assert "No session was ended." in done.stderr
            old.execute("SELECT 1")


def test_ending_sessions_needs_an_approval(shops: Project) -> None:
    shops.env = "prod"
    shops.write(ENTRIES)
    result = shops.run("verify", "instance", "-e", "prod", "--terminate", "--yes")
    assert result.code == 3


@pytest.mark.every_major
def test_the_admin_s_own_standing_membership_is_a_warning(
    shops: Project, instance: Instance
) -> None:
    options = " WITH INHERIT TRUE, SET TRUE" if instance.major >= 16 else ""
    instance.su(sql.SQL("GRANT orders_user TO platform_admin" + options))
    (member,) = _findings(shops)["membership"]
    assert (member["role"], member["severity"]) == ("platform_admin", "warning")
    result = verify(shops)
    assert attempts(result, "failed", "not_proven") == []


def test_a_session_that_is_not_ours_to_end(shops: Project, instance: Instance) -> None:
    instance.su("CREATE ROLE human LOGIN PASSWORD 'fake-human'")
    instance.su("GRANT CONNECT ON DATABASE orders TO human")
    with instance.connect("human", "fake-human", "orders") as session:
        instance.su("REVOKE CONNECT ON DATABASE orders FROM human")
        refused = shops.run("verify", "instance", "-e", "dev", "--terminate", "--yes")
        assert refused.code == 1
        assert "not ours to borrow" in refused.err
        assert f"SELECT pg_terminate_backend({session.info.backend_pid})" in refused.err
        session.execute("SELECT 1")
        instance.su("GRANT pg_signal_backend TO platform_admin")
        ended = shops.run("verify", "instance", "-e", "dev", "--terminate", "--yes")
        assert ended.code == 0, ended.output
    assert [r["status"] for r in shops.audit_rows() if r["action"] == "end_session"] == [
        "error",
        "success",
    ]


@pytest.mark.every_major
@pytest.mark.major(max=15)
def test_a_membership_whose_grantor_was_dropped(shops: Project, instance: Instance) -> None:
    """From 16 on such a grantor can't be dropped."""
    instance.su("CREATE ROLE dba SUPERUSER LOGIN PASSWORD 'fake-dba'")
    instance.su("CREATE ROLE helpdesk")
    with instance.connect("dba", "fake-dba", "postgres") as dba:
        dba.execute("GRANT orders_user TO helpdesk")
        dba.execute("GRANT helpdesk TO billing_user")
    instance.su("DROP ROLE dba")
    everything = _findings(shops)
    dropped, (member,) = everything["dropped_grantor"], everything["membership"]
    assert {(f["role"], f["severity"]) for f in dropped} == {
        ("helpdesk", "warning"),
        ("billing_user", "warning"),
    }
    assert (member["role"], member["severity"]) == ("helpdesk", "failure")
    (hole,) = [h for h in verify(shops).json["holes"] if h["who"] == "billing_user"]
    assert (hole["kind"], hole["path"]) == ("membership", "granted by a role that was dropped")
    for finding in dropped:
        instance.su(sql.SQL(finding["statement"]))
    assert "dropped_grantor" not in _findings(shops)
