"""What keeps a run, or an entry of it, from touching anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.instance import Instance
from support.oracle import assert_allowed, assert_refused, changing, sent, versions
from support.project import Project, make_marked

ENTRIES = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "orders_ro": {
        "database_name": "orders",
        "username": "orders_reader",
        "access_level": "reader",
    },
    "billing": {"database_name": "billing", "username": "billing_user"},
}


def _statuses(result: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for record in result.json["records"]:
        found.setdefault(record["username"], set()).add(record["status"])
    return found


@pytest.mark.parametrize("value", [None, "false", "TRUE"])
def test_without_approval_nothing_is_touched(
    project: Project, instance: Instance, value: str | None
) -> None:
    project.env = "prod"
    project.write(ENTRIES)
    project.environ = {} if value is None else {"ALLOW_DB_PROVISION": value}
    mark = instance.log_mark()
    refused = project.apply()
    assert refused.code == 3
    assert refused.json["records"] == []
    assert refused.json["error"]["message"]
    assert "ALLOW_DB_PROVISION" in refused.err
    assert sent(instance.log_since(mark)) == []
    assert not project.audit.exists()


def test_approval_only_gates_what_changes(project: Project, instance: Instance) -> None:
    project.env = "prod"
    project.write(ENTRIES)
    before = versions(instance, [])
    mark = instance.log_mark()
    assert project.plan().code == 0
    assert project.plan("--detailed-exitcode").code == 2
    assert project.apply("--dry-run").code == 0
    assert versions(instance, []) == before
    assert changing(instance.log_since(mark)) == []
    project.environ = {"ALLOW_DB_PROVISION": "true", "PGTENANT_APPROVED_BY": "an approver"}
    events = [json.loads(line) for line in project.converge().err.splitlines()]
    assert [e["approved_by"] for e in events if e["event"] == "approved"] == ["an approver"]
    project.environ = {}
    assert project.apply().code == 3  # also when there would be nothing to do


def test_only_an_approval_is_logged_as_one(project: Project) -> None:
    project.write(ENTRIES)
    assert "approved" not in project.apply("--dry-run").err
    assert '"approved"' not in project.converge().err  # dev, and nobody is named
    project.environ = {"PGTENANT_APPROVED_BY": "an approver"}
    assert '"approved"' in project.converge().err
    project.secret_path("rds/master").unlink()
    assert '"approved"' not in project.apply().err  # nothing to be approved came of it


def test_settings_decide_where_approval_is_needed(project: Project) -> None:
    project.settings = {"environments.dev": {"approval": True}}
    project.write(ENTRIES)
    assert project.apply().code == 3
    project.settings = {"environments.dev": {"approval": False}}
    project.write(ENTRIES)
    assert project.apply("--dry-run").code == 0


def test_blocked_entries_leave_the_others_alone(project: Project, instance: Instance) -> None:
    entries = {
        "foreign": {"database_name": "foreign_db", "username": "foreign_user"},
        "foreign_ro": {
            "database_name": "foreign_db",
            "username": "foreign_reader",
            "access_level": "reader",
        },
        "unmarked": {"database_name": "unmarked_db", "username": "unmarked_user"},
        "super": {"database_name": "super_db", "username": "super_user"},
        "replication": {"database_name": "replication_db", "username": "replication_user"},
        "bypass": {"database_name": "bypass_db", "username": "bypass_user"},
        "other_env": {"database_name": "other_env_db", "username": "other_env_user"},
        "squatted": {"database_name": "squatted", "username": "squatted_user"},
    } | ENTRIES
    instance.su("CREATE ROLE someone")
    instance.su("CREATE DATABASE foreign_db OWNER someone")
    instance.su("CREATE ROLE unmarked_user LOGIN")
    make_marked(instance, "super_user", "super", power="SUPERUSER")
    make_marked(instance, "replication_user", "replication", power="REPLICATION")
    make_marked(instance, "bypass_user", "bypass", power="BYPASSRLS")
    make_marked(instance, "other_env_user", "other_env", environment="staging")
    project.write({key: entries[key] for key in ENTRIES})
    project.converge()
    with project.tenant("billing_user", "billing") as tenant:
        tenant.execute("CREATE DATABASE squatted")
    project.write(entries | {"new": {"database_name": "new_db", "username": "new_user"}})

    blocked = set(entries) - set(ENTRIES)
    shown = project.plan()
    assert shown.code == 0
    assert {item["entry"] for item in shown.json["blocked"]} == blocked
    assert all(item["reason"] for item in shown.json["blocked"])
    assert project.plan("--detailed-exitcode").code == 2  # there are changes as well

    untouched = _frozen(instance)
    applied = project.apply()
    assert applied.code == 4
    assert _frozen(instance) == untouched
    statuses = _statuses(applied)
    for key in blocked:
        assert statuses[entries[key]["username"]] == {"blocked"}
    assert statuses["new_user"] == {"success"}
    assert statuses["orders_reader"] == {"no_change"}
    assert_allowed(project, "new_user", "new_db", "CREATE TABLE t ()")
    rows = {row["username"] for row in project.audit_rows() if row["status"] == "blocked"}
    assert rows == {entries[key]["username"] for key in blocked}
    assert project.plan("--detailed-exitcode").code == 4
    assert project.plan().code == 0


def _frozen(instance: Instance) -> list[tuple[Any, ...]]:
    """Return what belongs to the blocked entries, with the transaction that wrote it."""
    return instance.su(
        "SELECT rolname, xmin::text FROM pg_authid WHERE rolname ~"
        " '^(foreign|unmarked|super|replication|bypass|other_env|squatted)_'"
        " UNION ALL SELECT datname, xmin::text || coalesce(datacl::text, 'null') FROM pg_database"
        " WHERE datname = 'foreign_db' ORDER BY 1"
    )


def test_a_null_acl_is_open_to_public(project: Project, instance: Instance) -> None:
    """PostgreSQL shows an ACL that was never touched as NULL, and it means: everyone."""
    project.write(ENTRIES)
    project.converge("--only", "orders", "--only", "orders_ro")
    make_marked(instance, "billing_user", "billing", power="CREATEDB")
    if instance.major >= 16:
        instance.su("GRANT billing_user TO platform_admin WITH ADMIN TRUE, SET FALSE")
    instance.su("CREATE DATABASE billing OWNER billing_user")
    assert instance.su("SELECT datacl FROM pg_database WHERE datname = 'billing'") == [(None,)]
    with project.tenant("orders_user", "billing"):
        pass  # everyone gets in
    plan = project.plan().json
    revokes = [c for c in plan["changes"] if c["kind"] == "revoke_database"]
    assert [(c["database"], c["role"]) for c in revokes] == [("billing", "public")]
    project.converge()
    assert_refused(project, "orders_user", "billing")
    assert_allowed(project, "billing_user", "billing", "CREATE TABLE t ()")
    assert project.plan("--detailed-exitcode").code == 0


@pytest.mark.every_major
@pytest.mark.major(min=16)
def test_admin_option_is_not_taken_for_set(project: Project, instance: Instance) -> None:
    """On 16+ whoever makes a role has ADMIN on it, and can still not SET ROLE to it."""
    project.write(ENTRIES)
    mark = instance.log_mark()
    project.converge()
    log = instance.log_since(mark)
    lent = [s for s in sent(log) if s.startswith('GRANT "orders_user" TO')]
    given_back = [s for s in sent(log) if s.startswith('REVOKE "orders_user" FROM')]
    assert lent
    assert len(lent) == len(given_back)
    # The automatic membership, and nothing else, is left: ADMIN, but neither INHERIT nor SET.
    assert instance.su(
        "SELECT DISTINCT admin_option, inherit_option, set_option FROM pg_auth_members"
        " WHERE member = 'platform_admin'::regrole"
    ) == [(True, False, False)]
