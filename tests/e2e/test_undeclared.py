"""What the catalog does not speak of: applications' own databases, retired entries, strangers."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import pytest

from support.faults.guillotine import Guillotine, Killed
from support.instance import Instance
from support.oracle import assert_allowed, assert_refused, versions
from support.project import Project

BACKSTAGE = {"database_name": "backstage", "username": "backstage_user"}
ENTRIES = {
    "backstage": BACKSTAGE,
    "billing": {"database_name": "billing", "username": "billing_user"},
}

CLOSED = "SELECT datname FROM pg_database WHERE NOT datallowconn AND NOT datistemplate"


def _drift(project: Project, kind: str) -> list[dict[str, Any]]:
    return [item for item in project.plan().json["drift"] if item["kind"] == kind]


@pytest.mark.every_major
def test_databases_that_applications_made_are_closed(project: Project) -> None:
    project.write(ENTRIES)
    project.converge()
    with project.tenant("backstage_user", "backstage") as app:
        app.execute("CREATE DATABASE backstage_plugin_app")
    assert_allowed(project, "billing_user", "backstage_plugin_app")  # PostgreSQL's default
    assert project.plan("--detailed-exitcode").code == 2
    result = project.converge()
    closed = [r for r in result.json["records"] if r["action"] == "close_database"]
    assert [(r["database"], r["username"], r["status"]) for r in closed] == [
        ("backstage_plugin_app", "backstage_user", "success")
    ]
    assert_refused(project, "billing_user", "backstage_plugin_app")
    assert_allowed(project, "backstage_user", "backstage_plugin_app", "CREATE TABLE t ()")
    assert project.plan("--detailed-exitcode").code == 0
    assert [i["database"] for i in _drift(project, "undeclared_database")] == [
        "backstage_plugin_app"
    ]


def test_closing_them_can_be_switched_off(project: Project) -> None:
    project.settings = {"server": {"close_app_databases": False}}
    project.write(ENTRIES)
    project.converge()
    with project.tenant("backstage_user", "backstage") as app:
        app.execute("CREATE DATABASE backstage_plugin_app")
    assert project.plan("--detailed-exitcode").code == 0
    project.converge()
    assert_allowed(project, "billing_user", "backstage_plugin_app")
    assert [i["database"] for i in _drift(project, "undeclared_database")] == [
        "backstage_plugin_app"
    ]


def test_what_leaves_the_catalog_stays_on_the_server(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    project.converge()
    before = versions(instance, ["billing"])
    project.write({"backstage": BACKSTAGE})
    assert project.plan("--detailed-exitcode").code == 0
    project.converge()
    project.converge("--authoritative")
    assert versions(instance, ["billing"]) == before
    (note,) = _drift(project, "retired")
    assert (note["entry"], note["role"]) == ("billing", "billing_user")
    assert "retired?" in note["message"]
    assert_allowed(project, "billing_user", "billing", "CREATE TABLE t ()")


@pytest.mark.parametrize("then", ["removed", "renamed"])
def test_a_half_made_database_that_nobody_will_finish_is_reported(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    project.write({"backstage": BACKSTAGE})
    project.converge()
    project.write(ENTRIES)
    guillotine = Guillotine(monkeypatch)
    for number in range(1, 20):
        guillotine.before(number)
        with contextlib.suppress(Killed, BaseExceptionGroup):
            project.apply()
        if instance.su(CLOSED):
            break
    guillotine.before(0)
    assert instance.su(CLOSED) == [("billing",)]
    elsewhere = ENTRIES["billing"] | {"database_name": "elsewhere"}
    project.write({"backstage": BACKSTAGE} | ({"billing": elsewhere} if then == "renamed" else {}))
    for _ in range(2):
        project.converge("--authoritative")
        assert project.plan("--detailed-exitcode").code == 0
        (note,) = _drift(project, "undeclared_database")
        assert note["database"] == "billing"
        assert note["statement"] == 'DROP DATABASE "billing"'
    assert not _drift(project, "missing_database")
    with instance.connect(*dataclasses.astuple(instance.admin)) as admin:
        admin.execute(note["statement"])
    assert not _drift(project, "undeclared_database")
    assert project.plan("--detailed-exitcode").code == 0


def test_other_environments_are_only_reported(project: Project, instance: Instance) -> None:
    project.write({"backstage": BACKSTAGE})
    project.converge()
    before = versions(instance, ["backstage"])
    project.env = "test"
    project.environ = {"ALLOW_DB_PROVISION": "true"}
    project.write({"billing": ENTRIES["billing"]})
    project.converge()
    (note,) = _drift(project, "other_environment")
    assert note["role"] == "backstage_user"
    assert project.plan("--detailed-exitcode").code == 0
    after = versions(instance, ["backstage"])
    assert all(rows <= after[table] for table, rows in before.items())


def test_settings_of_owners_change_no_exit_code(project: Project) -> None:
    project.write(ENTRIES)
    project.converge()
    with project.tenant("backstage_user", "backstage") as app:
        app.execute("ALTER DATABASE backstage SET work_mem = '5MB'")
        app.execute("ALTER ROLE backstage_user SET work_mem = '6MB'")
    assert project.plan("--detailed-exitcode").code == 0
    assert len(_drift(project, "setting")) == 2
