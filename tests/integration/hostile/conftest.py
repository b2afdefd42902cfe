"""A project on a real server, for tests that attack it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.instance import Instance
from support.project import Project

_CI = ("ALLOW_DB_PROVISION", "BUILD_ID", "BUILD_NUMBER", "GITHUB_RUN_ID", "CI_PIPELINE_ID")


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs the tests, pgtenant does not see it."""
    for name in [*_CI, *(name for name in os.environ if name.startswith("PGTENANT_"))]:
        if not name.startswith("PGTENANT_TEST_"):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(instance: Instance, tmp_path: Path) -> Project:
    """A project whose secrets are files and whose server is the test's instance."""
    return Project(root=tmp_path, instance=instance)
