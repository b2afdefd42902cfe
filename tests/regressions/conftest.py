"""A project on a real server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.instance import Instance
from support.project import Project


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs the tests, pgtenant does not see it."""
    for name in [*os.environ]:
        ours = name.startswith("PGTENANT_") and not name.startswith("PGTENANT_TEST_")
        if ours or name in {"ALLOW_DB_PROVISION", "GITHUB_RUN_ID", "CI_PIPELINE_ID", "BUILD_ID"}:
            monkeypatch.delenv(name)


@pytest.fixture
def project(instance: Instance, tmp_path: Path) -> Project:
    """A project whose secrets are files and whose server is the test's instance."""
    return Project(root=tmp_path, instance=instance)
