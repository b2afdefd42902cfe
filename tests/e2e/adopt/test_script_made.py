"""Roles and databases that an older script made: adopt them once, and nothing else changes."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import psycopg
import pytest
from psycopg import sql

from support.instance import Instance
from support.oracle import assert_allowed, assert_refused, changing, sent, versions
from support.project import Project, password_of
from support.siege import Rows, state

ENTRIES = {
    "shop": {"database_name": "shop", "username": "shop_user"},
    "wiki": {"database_name": "wiki", "username": "wiki_user"},
}


def script(instance: Instance, *pairs: tuple[str, str]) -> None:
    """Make roles and databases as a script with the admin's login would."""
    with instance.connect(*dataclasses.astuple(instance.admin)) as admin:
        for role, database in pairs:
            names = {"role": sql.Identifier(role), "database": sql.Identifier(database)}
            for statement in (
                "CREATE ROLE {role} LOGIN CREATEDB PASSWORD " + "{password}",
                "GRANT {role} TO CURRENT_USER",
                "CREATE DATABASE {database} OWNER {role}",
                "GRANT ALL PRIVILEGES ON DATABASE {database} TO {role}",
                "REVOKE {role} FROM CURRENT_USER",
            ):
                text = sql.SQL(statement).format(**names, password=sql.Literal(password_of(role)))
                admin.execute(text)


def without_comments(rows: Rows) -> Rows:
    return [row[:3] if row[0] in {"role", "database"} else row for row in rows]


def comments(instance: Instance) -> dict[str, Any]:
    rows = instance.su(
        "SELECT r.rolname, d.description FROM pg_roles r JOIN pg_shdescription d"
        " ON d.objoid = r.oid AND d.classoid = 'pg_authid'::regclass"
        " WHERE r.rolname ~ '_user$'"
    )
    return dict(rows)


@pytest.fixture
def made(project: Project, instance: Instance) -> Project:
    """A server as the script left it, and a catalog that declares what is on it."""
    script(instance, ("shop_user", "shop"), ("wiki_user", "wiki"))
    instance.su("CREATE ROLE alice LOGIN PASSWORD 'x'")
    project.write(ENTRIES)
    return project


@pytest.mark.every_major
def test_the_one_time_upgrade(made: Project, instance: Instance) -> None:
    project = made
    blocked = project.plan("--detailed-exitcode")
    assert blocked.code == 4
    assert blocked.json["changes"] == []
    assert {b["entry"] for b in blocked.json["blocked"]} == {"shop", "wiki"}
    assert all("pgtenant adopt -e dev --all" in b["reason"] for b in blocked.json["blocked"])

    before = versions(instance, ["shop", "wiki"])
    mark = instance.log_mark()
    dry = project.run("adopt", "-e", "dev", "--all", "--dry-run", "--format", "json")
    assert dry.code == 0, dry.output
    assert versions(instance, ["shop", "wiki"]) == before
    kinds = [c["kind"] for c in dry.json["adoption"]["changes"]]
    assert sorted(kinds) == ["mark_database", "mark_database", "mark_role", "mark_role"]
    after = {(c["kind"], c["role"]) for c in dry.json["after"]["changes"]}
    assert after == {("revoke_database", "public"), ("grant_database", "platform_admin")}
    assert "COMMENT ON DATABASE" not in instance.log_since(mark)
    assert project.plan("--detailed-exitcode").code == 4

    found = state(instance, "shop", "wiki")
    adopted = project.run("adopt", "-e", "dev", "--all")
    assert adopted.code == 0, adopted.output
    assert without_comments(state(instance, "shop", "wiki")) == without_comments(found)
    assert comments(instance) == {
        f"{key}_user": f'{{"managed_by":"pgtenant","environment":"dev","entry":"{key}"}}'
        for key in ("shop", "wiki")
    }
    with instance.connect("alice", "x", "shop"):
        pass  # still open: that is the next apply's to change

    applied = project.converge()
    assert {r["status"] for r in applied.json["records"]} == {"success"}
    assert project.plan("--detailed-exitcode").code == 0
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        instance.connect("alice", "x", "shop")
    assert_refused(project, "wiki_user", "shop")
    assert_allowed(project, "shop_user", "shop", "CREATE TABLE t ()")


def test_adopting_again_changes_nothing(made: Project, instance: Instance) -> None:
    made.run("adopt", "-e", "dev", "--all")
    mark = instance.log_mark()
    again = made.run("adopt", "-e", "dev", "--all", "--format", "json")
    assert again.code == 0
    assert {r["status"] for r in again.json["records"]} == {"no_change"}
    assert again.json["adoption"]["changes"] == []
    assert {e["state"] for e in again.json["entries"]} == {"managed"}
    assert changing(instance.log_since(mark)) == []


def test_one_key_leaves_the_others(made: Project, instance: Instance) -> None:
    assert made.run("adopt", "-e", "dev", "shop").code == 0
    assert set(comments(instance)) == {"shop_user"}
    plan = made.plan().json
    assert {b["entry"] for b in plan["blocked"]} == {"wiki"}


def test_a_human_comment_stays_and_the_audit_says_what_was_done(
    made: Project, instance: Instance
) -> None:
    instance.su("COMMENT ON ROLE shop_user IS 'ask the shop team'")
    assert made.run("adopt", "-e", "dev", "shop").code == 0
    human, marker = comments(instance)["shop_user"].split("\n")
    assert human == "ask the shop team"
    assert json.loads(marker)["entry"] == "shop"
    rows = [(r["username"], r["action"], r["status"]) for r in made.audit_rows()]
    assert rows == [
        ("shop_user", "alter_role", "success"),
        ("shop_user", "configure_database", "success"),
    ]
    assert made.run("audit", "verify", "-e", "dev").code == 0


def test_it_shows_who_uses_the_database(made: Project, instance: Instance) -> None:
    instance.su("CREATE ROLE bob LOGIN PASSWORD 'x'")
    instance.su("GRANT CONNECT ON DATABASE shop TO bob")
    with (
        instance.connect("alice", "x", "shop"),
        instance.connect("bob", "x", "shop"),
        made.tenant("shop_user", "shop"),
    ):
        shown = made.run("adopt", "-e", "dev", "shop", "--dry-run", "--format", "json").json
        text = made.run("adopt", "-e", "dev", "shop", "--dry-run").out
    (entry,) = shown["entries"]
    sessions = {(s["user"], s["through_public"]) for s in entry["database"]["sessions"]}
    assert {("alice", True), ("bob", False), ("shop_user", False)} <= sessions
    assert entry["database"]["public"] == ["CONNECT", "TEMPORARY"]
    assert entry["database"]["loses"] == ["alice", "wiki_user"]
    words = " ".join(text.split())
    assert "alice 1 (through PUBLIC)" in words
    assert "will lose it: alice, wiki_user" in words


def test_databases_that_the_application_made_are_in_it(made: Project, instance: Instance) -> None:
    with made.tenant("shop_user", "shop") as tenant:
        tenant.execute("CREATE DATABASE shop_plugin")
    with instance.connect("alice", "x", "shop_plugin"):
        dry = made.run("adopt", "-e", "dev", "shop", "--dry-run", "--format", "json").json
    (closes,) = dry["entries"][0]["closes"]
    assert closes["name"] == "shop_plugin"
    assert "alice" in closes["loses"]
    assert {"user": "alice", "count": 1, "through_public": True} in closes["sessions"]
    text = " ".join(made.run("adopt", "-e", "dev", "shop", "--dry-run").out.split())
    assert "shop_plugin: can connect only because everyone can, and will lose it: alice" in text


def test_a_wrong_password_shows(made: Project, instance: Instance) -> None:
    instance.su("ALTER ROLE shop_user PASSWORD 'another'")
    shown = made.run("adopt", "-e", "dev", "--all", "--dry-run", "--format", "json").json
    states = {e["entry"]: e["role"]["password"] for e in shown["entries"]}
    assert states == {"shop": "wrong", "wiki": "current"}
    after = [(c["kind"], c["entry"]) for c in shown["after"]["changes"]]
    assert ("update_password", "shop") in after
    assert ("update_password", "wiki") not in after


def test_it_needs_approval_outside_dev(made: Project, instance: Instance) -> None:
    made.env = "prod"
    made.write(ENTRIES)
    mark = instance.log_mark()
    assert made.run("adopt", "-e", "prod", "--all").code == 3
    assert sent(instance.log_since(mark)) == []
    assert made.run("adopt", "-e", "prod", "--all", "--dry-run").code == 0
    made.environ = {"ALLOW_DB_PROVISION": "true"}
    assert made.run("adopt", "-e", "prod", "--all").code == 0


@pytest.mark.parametrize("arguments", [(), ("shop", "--all"), ("nothing",)])
def test_usage(made: Project, arguments: tuple[str, ...]) -> None:
    assert made.run("adopt", "-e", "dev", *arguments).code == 64


def test_a_held_lock_stops_it(made: Project, instance: Instance) -> None:
    with instance.connect(*dataclasses.astuple(instance.admin)) as other:
        key = int.from_bytes(b"pgtenant", "big")
        other.execute("SELECT pg_advisory_lock(%s)", (key,))
        refused = made.run("adopt", "-e", "dev", "--all", "--lock-timeout", "0")
    assert refused.code == 1
    assert "pid" in refused.err
    assert comments(instance) == {}
