"""The list of regressions in the docs is what the tests say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.regressions import page

TESTS = Path(__file__).parents[1] / "regressions"
PAGE = Path(__file__).parents[2] / "docs" / "regressions.md"


def test_page_is_current() -> None:
    expected = page(TESTS)
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        PAGE.write_text(expected, "utf-8")
    assert PAGE.read_text("utf-8") == expected, "run this test with PGTENANT_UPDATE_GOLDEN=1"


def test_every_regression_says_what_went_wrong(tmp_path: Path) -> None:
    silent = 'def test_x() -> None:\n    """One thing. And another."""\n'
    (tmp_path / "test_tool.py").write_text(silent)
    with pytest.raises(ValueError, match="test_x: say in one sentence"):
        page(tmp_path)
