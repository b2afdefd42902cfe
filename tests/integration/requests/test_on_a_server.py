"""Requests beside an instance: held against it by `--check-server`, followed by its audit."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.instance import Instance
from support.project import Project

FIELDS = {
    "--owner": "app-team",
    "--requester": "daniel-deans",
    "--domain": "application",
    "--risk": "medium",
}


@pytest.fixture
def project(instance: Instance, tmp_path: Path) -> Project:
    made = Project(tmp_path, instance)
    made.write({"shop": {"database_name": "shop", "username": "shop_user"}})
    return made


def add(project: Project, database: str, user: str, *more: str) -> tuple[int, str]:
    given = [word for pair in FIELDS.items() for word in pair]
    named = ["--database-name", database, "--username", user, "--check-server", *more]
    result = project.run("request", "add", "-e", "dev", *given, *named)
    return result.code, result.err


def test_what_is_there_already_is_refused(project: Project, instance: Instance) -> None:
    instance.su("CREATE ROLE by_hand")
    instance.su("CREATE DATABASE taken")
    for database, user, said in (
        ("fresh", "by_hand", "username: the instance has a role of that name"),
        ("taken", "fresh_user", "database_name: the instance has a database of that name, which"),
        ("fresh", instance.admin.user, "username: is reserved"),
    ):
        code, error = add(project, database, user)
        assert code == 64, error
        assert said in error
    code, error = add(project, "fresh", "fresh_user", "--extension", "no_such_thing")
    assert code == 64
    assert "the instance does not offer no_such_thing" in error


def test_what_fits_is_added_and_applied(project: Project) -> None:
    code, error = add(project, "fresh", "fresh_user", "--extension", "citext")
    assert code == 0, error
    project.write_secret("fresh/postgres", "fresh_user", "not-a-secret-1", "fresh")
    assert project.run("apply", "-e", "dev").code == 0
    status = project.run("request", "status", "-e", "dev", "--from-audit")
    assert "fresh in dev was pending, is now active" in status.out
    # What pgtenant made for the entry is no stranger to it.
    assert add(project, "fresh", "fresh_user", "--extension", "citext")[0] == 0


def test_the_status_follows_a_retirement(project: Project) -> None:
    """To the end, and then a new entry of that name starts anew."""
    project.settings["retire"] = {"days": 0}
    project.write({})
    assert add(project, "fresh", "fresh_user")[0] == 0
    project.write_secret("fresh/postgres", "fresh_user", "not-a-secret-1", "fresh")
    catalog = project.catalog.read_text()

    def after(*command: str, least: str = "provisioning") -> str:
        done = project.run(*command)
        assert done.code == 0, done.output
        said = project.run("request", "status", "-e", "dev", "--from-audit", "--at-least", least)
        assert said.code == 0, said.output
        return said.out.strip()

    apply, retire = ("apply", "-e", "dev"), ("retire", "-e", "dev", "fresh", "--stage")
    assert after(*apply) == "fresh in dev was pending, is now active"
    assert "now" not in after(*retire, "disable", "--dry-run")
    assert after(*retire, "disable") == "fresh in dev was active, is now decommissioning"
    assert "now" not in after(*apply)
    assert after(*retire, "disable", "--undo") == "fresh in dev was decommissioning, is now active"
    assert after(*retire, "disable") == "fresh in dev was active, is now decommissioning"
    project.write_catalog("application_databases = {}\n")
    drop = (*retire, "drop", "--no-backup", "--confirm", "fresh")
    assert after(*drop) == "fresh in dev was decommissioning, is now decommissioned"

    assert add(project, "fresh", "fresh_user")[0] == 0
    assert project.catalog.read_text() == catalog
    listed = ("request", "list", "-e", "dev")
    assert after(*listed, least="approved") == "fresh in dev was pending, is now approved"
    assert after(*apply) == "fresh in dev was approved, is now active"
