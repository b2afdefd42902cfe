"""The wheel on every other Python that it says it is for, and that this machine has."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.instance import Instance
from support.project import Project
from support.wheel import Built, install
from tools.pythons import find, supported

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
ENTRIES = {"orders": {"database_name": "orders", "username": "orders_user"}}
# For applications, which have it.
IMPORTS = """\
import importlib, pkgutil, pgtenant
for one in pkgutil.walk_packages(pgtenant.__path__, "pgtenant."):
    if one.name not in {"pgtenant.tenancy.sqlalchemy"} and ".templates" not in one.name:
        importlib.import_module(one.name)
"""


def test_this_one_is_supported() -> None:
    assert HERE in supported()


@pytest.mark.parametrize("version", [one for one in supported() if one != HERE])
def test_it_runs_there(version: str, built: Built, instance: Instance, tmp_path: Path) -> None:
    python = find(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    clean = install(built, tmp_path / "venv", python=python)
    imported = clean.run("python", "-W", "error", "-c", IMPORTS, cwd=tmp_path)
    assert imported.code == 0, imported.output
    project = Project(tmp_path, instance)
    project.write(ENTRIES)
    for command in ("apply", "verify"):
        done = clean.run("pgtenant", command, "-e", "dev", cwd=tmp_path, PYTHONWARNINGS="error")
        assert done.code == 0, done.output
