"""A project on a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.instance import Instance
from support.project import Project


@pytest.fixture
def project(instance: Instance, tmp_path: Path) -> Project:
    """A project whose secrets are files and whose server is the test's instance."""
    return Project(root=tmp_path, instance=instance)
