from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def psql() -> None:
    """The real one, which not every machine has."""
    if shutil.which("psql") is None:
        pytest.skip("there is no psql on the PATH")
