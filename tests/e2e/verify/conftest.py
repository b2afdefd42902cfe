"""A project whose two tenants are provisioned."""

from __future__ import annotations

import pytest

from support.project import Project

from .shops import provisioned


@pytest.fixture
def shops(project: Project) -> Project:
    provisioned(project)
    return project
