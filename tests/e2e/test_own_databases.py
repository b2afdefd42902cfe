"""`postgres`, `template1` and the maintenance database, which `initdb` leaves open to everyone."""

from __future__ import annotations

import pytest

from support.instance import Instance
from support.oracle import assert_allowed, assert_refused, database_powers
from support.project import Project

ENTRIES = {"orders": {"database_name": "orders", "username": "orders_user"}}
OWN = ("platform", "postgres", "template1")


@pytest.fixture
def as_made(project: Project, instance: Instance) -> Project:
    """A server with PostgreSQL's defaults, and an application on it."""
    project.write(ENTRIES)
    project.converge()
    for dbname in OWN:
        instance.su(f"GRANT CONNECT, TEMPORARY ON DATABASE {dbname} TO PUBLIC")
    return project


@pytest.mark.every_major
def test_closed_where_the_admin_owns_it_and_explained_elsewhere(
    as_made: Project, instance: Instance
) -> None:
    planned = as_made.plan("--detailed-exitcode")
    assert planned.code == 2
    assert [(c["database"], c["role"], c["entry"]) for c in planned.json["changes"]] == [
        ("platform", "public", "")
    ]
    assert "the instance itself" in as_made.run("plan", "-e", "dev").out
    result = as_made.converge()
    closed = [r for r in result.json["records"] if r["database"] == "platform"]
    assert [(r["action"], r["status"]) for r in closed] == [("configure_database", "success")]
    assert_refused(as_made, "orders_user", "platform")
    assert database_powers(instance, instance.admin.user, "platform") >= {"CONNECT", "TEMPORARY"}
    after = as_made.plan("--detailed-exitcode")
    assert (after.code, after.json["changes"]) == (0, [])
    notes = [d for d in after.json["drift"] if d["kind"] == "open_database"]
    assert [d["database"] for d in notes] == ["postgres", "template1"]
    assert_allowed(as_made, "orders_user", "postgres")
    for note in notes:
        assert "only rdsadmin can close it" in note["message"]
        instance.su(note["statement"])
    assert_refused(as_made, "orders_user", "postgres")
    assert not [d for d in as_made.plan().json["drift"] if d["kind"] == "open_database"]


def test_a_superuser_closes_all_of_them(as_made: Project, instance: Instance) -> None:
    server = instance.server
    as_made.write_secret("rds/master", server.superuser, server.superuser_password, "platform")
    as_made.converge()
    for dbname in OWN:
        assert_refused(as_made, "orders_user", dbname)
    assert as_made.plan("--detailed-exitcode").json["changes"] == []


def test_a_limited_run_leaves_them_alone(as_made: Project) -> None:
    assert as_made.plan("--only", "orders").json["changes"] == []
