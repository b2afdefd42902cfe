"""Three environments in one repository, each with a server of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.instance import Instance
from support.project import Project, Result

if TYPE_CHECKING:
    from conftest import PrivateInstance

APPROVED = {"ALLOW_DB_PROVISION": "true", "PGTENANT_APPROVED_BY": "somebody"}


def entries(name: str) -> dict[str, dict[str, Any]]:
    return {name: {"database_name": name, "username": f"{name}_user"}}


@dataclass(frozen=True, slots=True)
class Fleet:
    """The environments: `dev` first, then `staging`, then `prod`."""

    dev: Project
    staging: Project
    prod: Project

    @property
    def all(self) -> tuple[Project, ...]:
        return self.dev, self.staging, self.prod

    def run(self, *arguments: str, approved: bool = True) -> Result:
        """Run the command line; JSON is held against its schema."""
        self.dev.environ = dict(APPROVED) if approved else {}
        return self.dev.run(*arguments)

    def json(self, *arguments: str, code: int = 0, approved: bool = True) -> dict[str, Any]:
        """Return what a command prints as JSON, after it has ended with a code."""
        result = self.run(*arguments, "--format", "json", approved=approved)
        assert result.code == code, result.output
        document: dict[str, Any] = result.json
        return document


def states(document: dict[str, Any]) -> dict[str, str]:
    return {one["environment"]: one["state"] for one in document["environments"]}


def has(instance: Instance, database: str) -> bool:
    return bool(instance.su("SELECT 1 FROM pg_database WHERE datname = %s", (database,)))


@pytest.fixture
def fleet(instance: Instance, private_instance: PrivateInstance, tmp_path: Path) -> Fleet:
    """A repository whose three environments have one entry each, of their own name."""
    servers = (instance, private_instance(), private_instance())
    settings: dict[str, dict[str, Any]] = {
        "environments.staging": {"wave": 2},
        "environments.prod": {"wave": 3},
    }
    projects = [
        Project(root=tmp_path, instance=server, env=env, settings=settings)
        for server, env in zip(servers, ("dev", "staging", "prod"), strict=True)
    ]
    for project in projects:
        project.write(entries(f"app_{project.env}"))
    return Fleet(*projects)
