"""Out of service, and back: real logins, and the catalogs as they were."""

from __future__ import annotations

import psycopg
import pytest

from e2e.retire.shop import OTHER, OWNER, ROLES, SHOP, admitted, opened, refused, retire
from support.instance import Instance
from support.oracle import versions
from support.project import Project
from support.siege import memberships

STATE = """
SELECT r.rolname, r.rolcanlogin::text, shobj_description(r.oid, 'pg_authid'), r.rolconnlimit::text
  FROM pg_roles r WHERE r.rolname LIKE 'shop%'
UNION ALL
SELECT d.datname, d.datallowconn::text, shobj_description(d.oid, 'pg_database'), d.datacl::text
  FROM pg_database d WHERE d.datname = 'shop'
 ORDER BY 1
"""


@pytest.mark.every_major
def test_disabled_and_taken_back(project: Project, instance: Instance) -> None:
    opened(project)
    before, held = instance.su(STATE), memberships(instance)
    session = project.tenant("shop_editor", "shop")

    done = retire(project, "disable")
    assert done.code == 0, done.output
    refused(project, "shop_user", "shop_editor", "shop_reader")
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):  # nobody at all, whatever they were granted
        instance.connect(instance.admin.user, instance.admin.password, "shop")
    assert memberships(instance) == held
    rows = [(r["username"], r["action"], r["status"]) for r in done.json["records"]]
    assert ("shop_editor", "end_session", "success") in rows
    assert ("shop_user", "configure_database", "success") in rows
    assert {user for user, action, _ in rows if action == "alter_role"} == {
        "shop_user",
        "shop_editor",
        "shop_reader",
    }

    again = retire(project, "disable")
    assert again.code == 0
    assert [r["status"] for r in again.json["records"]] == ["no_change"]

    back = retire(project, "disable", "--undo")
    assert back.code == 0, back.output
    assert instance.su(STATE) == before
    assert memberships(instance) == held
    admitted(project, "shop_user", "shop_editor", "shop_reader")
    assert project.plan("--detailed-exitcode").code == 0


def test_no_apply_brings_it_back(project: Project, instance: Instance) -> None:
    opened(project)
    assert retire(project, "disable").code == 0
    before = versions(instance, ["bank"])
    plan = project.plan("--detailed-exitcode")
    assert plan.code == 0, plan.output
    notes = {d["entry"]: d for d in plan.json["drift"] if d["kind"] == "disabled"}
    assert set(notes) == {"shop", "shop-rw", "shop-ro"}
    assert "pgtenant retire shop" in notes["shop-ro"]["message"]
    applied = project.apply("--authoritative")
    assert applied.code == 0, applied.output
    assert versions(instance, ["bank"]) == before
    told = {r["username"]: r["message"] for r in applied.json["records"]}
    assert "out of service" in told["shop_user"]
    refused(project, "shop_user", "shop_editor", "shop_reader")


def test_nobody_tries_to_log_in_as_it(project: Project) -> None:
    opened(project)
    passed = project.run("verify", "-e", "dev", "--format", "json")
    assert retire(project, "disable").code == 0
    proven = project.run("verify", "-e", "dev", "--format", "json")
    assert (proven.code, proven.json["verdict"]) == (passed.code, passed.json["verdict"])
    assert proven.json["roles"] == 1
    assert "shop" in proven.json["not_tried"]
    assert project.plan().json["summary"]["unchanged"] == 1


def test_other_entries_go_on(project: Project) -> None:
    opened(project)
    assert retire(project, "disable").code == 0
    project.write(SHOP | OTHER | {"cafe": {"database_name": "cafe", "username": "cafe_user"}})
    project.converge()
    project.tenant("cafe_user", "cafe").close()
    project.tenant("bank_user", "bank").close()


def test_a_reader_alone(project: Project) -> None:
    opened(project)
    assert retire(project, "disable", key="shop-ro").code == 0
    refused(project, "shop_reader")
    admitted(project, "shop_user", "shop_editor")
    # The owner goes, and comes back without the reader, who was out already.
    assert retire(project, "disable").code == 0
    assert retire(project, "disable", "--undo").code == 0
    refused(project, "shop_reader")
    admitted(project, "shop_user", "shop_editor")
    assert retire(project, "disable", "--undo", key="shop-ro").code == 0
    admitted(project, "shop_reader")


def test_what_was_closed_before_stays_closed(project: Project, instance: Instance) -> None:
    opened(project)
    instance.su("ALTER ROLE shop_reader NOLOGIN")
    before = instance.su(STATE)
    assert retire(project, "disable").code == 0
    assert retire(project, "disable", "--undo").code == 0
    assert instance.su(STATE) == before


def test_a_dry_run_changes_nothing(project: Project, instance: Instance) -> None:
    opened(project)
    with project.tenant("shop_user", "shop"):
        before = versions(instance, ["shop"])
        shown = retire(project, "disable", "--dry-run")
        assert shown.code == 0, shown.output
        assert versions(instance, ["shop"]) == before
    (transaction,) = shown.json["retirement"]["transactions"]
    assert 'ALTER DATABASE "shop" ALLOW_CONNECTIONS FALSE' in transaction["sql"]
    assert {r["status"] for r in shown.json["records"]} == {"dry_run"}
    assert "1 session" in shown.json["retirement"]["notes"][0]


def test_an_entry_that_left_the_catalog_first(project: Project) -> None:
    opened(project)
    project.write(OTHER)
    (note, *_) = [d for d in project.plan().json["drift"] if d["role"] == "shop_user"]
    assert note["kind"] == "retired"
    assert project.apply().code == 0
    admitted(project, "shop_user", "shop_editor", "shop_reader")
    assert retire(project, "disable").code == 0
    refused(project, "shop_user", "shop_editor", "shop_reader")
    notes = {(d["role"], d["kind"]) for d in project.plan().json["drift"] if not d["database"]}
    assert {(role, "disabled") for role in ROLES} <= notes


@pytest.mark.parametrize(
    ("key", "says", "code"),
    [("shpo", "neither the catalog", 64), ("stray", "not managed as the entry stray", 1)],
)
def test_what_is_not_ours(
    project: Project, instance: Instance, key: str, says: str, code: int
) -> None:
    project.write(OWNER | {"stray": {"database_name": "stray", "username": "stray_user"}})
    instance.su("CREATE ROLE stray_user LOGIN")
    instance.su("CREATE DATABASE stray OWNER stray_user")
    before = versions(instance, ["stray"])
    done = retire(project, "disable", key=key)
    assert done.code == code
    assert says in " ".join(done.output.split())
    assert versions(instance, ["stray"]) == before


def test_another_environment_needs_an_approval(project: Project) -> None:
    opened(project)
    project.env = "prod"
    project.write(SHOP)
    done = project.run("retire", "-e", "prod", "shop", "--stage", "disable")
    assert done.code == 3
    done = project.run("retire", "-e", "prod", "shop", "--stage", "disable", "--dry-run")
    assert done.code == 1
    assert "not managed as the entry shop of prod" in " ".join(done.err.split())
