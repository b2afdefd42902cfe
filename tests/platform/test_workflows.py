"""The workflows under act, on real PostgreSQLs; in Terraform's place is a program that takes notes.

`test_merge_to_ready.py` has the real one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import github_api
from support.instance import Instance
from support.moto import Moto
from support.project import Project, password_of, render_catalog
from support.workflows import GitHub

ROLE = "arn:aws:iam::123456789012:role/rds-apply"
INVENTORY = {
    "inventory": {"database_name": "inventory", "username": "inventory_user"},
}


class Place:
    """A platform repository on GitHub, and the instances of its environments."""

    def __init__(self, github: GitHub, aws: Moto, start: Callable[[], Instance]) -> None:
        self.github = github
        self.aws = aws
        self.start = start
        self.projects: dict[str, Project] = {}

    def make(self, *environments: str) -> None:
        """Start an instance for each of these environments."""
        for env in environments:
            project = Project(self.github.root, self.start(), env=env, moto=self.aws)
            self.projects[env] = project
            admin = project.instance.admin
            project.write_secret("rds/master", admin.user, admin.password, admin.dbname)
            shutil.copy(project.instance.ca_file, self.github.root / "certs/rds-global-bundle.pem")

    def declare(self, env: str, entries: dict[str, dict[str, str]]) -> None:
        """Write a catalog, and the secrets that Terraform would make of it."""
        project = self.projects[env]
        project.write_catalog(render_catalog(entries))
        for key, entry in entries.items():
            user = entry["username"]
            project.write_secret(f"{key}/postgres", user, password_of(user), entry["database_name"])

    def terraform_calls(self) -> list[str]:
        path = self.github.home / "terraform-calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def place(
    repository: Path,
    tmp_path: Path,
    aws: Moto,
    private_instance: Callable[[], Instance],
) -> Iterator[Place]:
    """Nothing declared yet, and the first commit made."""
    root = tmp_path / "work"
    shutil.copytree(repository, root)
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "terraform"
    program.write_text('#!/bin/sh\necho "$ENVIRONMENT $*" >> "$TEST_TERRAFORM"\n')
    program.chmod(0o755)
    with github_api.serve() as api:
        github = GitHub(root, home, api)
        github.environ = aws.env | {"TEST_TERRAFORM": str(home / "terraform-calls")}
        github.variables = {"AWS_ROLE_ARN": ROLE, "AWS_REGION": "eu-west-2"}
        yield Place(github, aws, private_instance)
    aws.reset()


def test_two_environments_changed_in_one_merge_are_both_applied(place: Place) -> None:
    place.make("dev", "test")
    place.github.begin()
    before = place.github.git("rev-parse", "HEAD")
    place.declare("dev", INVENTORY)
    place.github.commit("dev first")
    place.declare("test", INVENTORY)
    place.github.commit("then test")
    place.github.api.review("test", "jane-doe")

    ran = place.github.push(before)

    assert ran.code == 0, ran.said
    for project in place.projects.values():
        with project.tenant("inventory_user", "inventory") as session:
            session.execute("CREATE TABLE stock (n int)")
    assert place.github.roles == [
        f"rds-dev-1001 {ROLE} eu-west-2",
        f"rds-test-1001 {ROLE} eu-west-2",
    ]
