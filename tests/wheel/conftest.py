"""The wheel and the sdist of this tree, and a Python that has the wheel and nothing of the tree."""

from __future__ import annotations

import pytest

from support.wheel import ROOT, Built, Clean, build, install


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The wheel and the sdist."""
    wheel, sdist = build(ROOT, tmp_path_factory.mktemp("dist"))
    return Built(wheel, sdist)


@pytest.fixture(scope="session")
def clean(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Clean:
    """Where the wheel is installed."""
    return install(built, tmp_path_factory.mktemp("clean") / "venv")
