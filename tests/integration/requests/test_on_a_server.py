"""`pgtenant request add --check-server`: a request is held against the instance as it is."""

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
