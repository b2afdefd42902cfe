from __future__ import annotations

import pytest

from e2e.rotate.shop import write_shop
from support.project import Project


@pytest.fixture(params=["files", pytest.param("aws", marks=pytest.mark.slow)])
def shop(request: pytest.FixtureRequest, project: Project) -> Project:
    """A shop that stands, with its secrets in files or in Secrets Manager."""
    if request.param == "aws":
        project.moto = request.getfixturevalue("moto_server")
    write_shop(project)
    project.converge()
    return project


@pytest.fixture
def files(project: Project) -> Project:
    """A shop that stands, with its secrets in files."""
    write_shop(project)
    project.converge()
    return project
