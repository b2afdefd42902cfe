"""The site of the documentation: strict, on the disk, its diagrams drawn and nothing fetched."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tools.site.conf import navigation

from .conftest import Browser

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".cache" / "docs" / "bin" / "python"
DRAWN = "pre.mermaid > svg"
_LONGEST = 60
"""Seconds for all diagrams of a page."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not PYTHON.exists():
        pytest.skip("the tools of docs are not installed; `make docs` does it")
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [str(PYTHON), "-m", "tools.site.build", str(out)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"tests{os.pathsep}."},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return out


def test_every_page_is_there(site: Path) -> None:
    pages = ("index", *(page for listed in navigation.values() for page in listed))
    assert [page for page in pages if not (site / f"{page}.html").is_file()] == []


def test_a_link_out_of_the_docs_leads_there_from_the_disk(site: Path) -> None:
    text = (site / "index.html").read_text("utf-8")
    readme = os.path.relpath(ROOT / "README.md", site)
    assert f'href="{readme}"' in text


@pytest.mark.parametrize(
    "page", ["explanation/pictures", "explanation/ownership", "how-to/federation"]
)
def test_diagrams_are_drawn_and_nothing_is_fetched(site: Path, browser: Browser, page: str) -> None:
    if not (site / "_static" / "mermaid.min.js").is_file():
        pytest.skip("without npm the diagrams stay text")
    wanted = (ROOT / "docs" / f"{page}.md").read_text("utf-8").count("```mermaid")
    browser.requests()  # what pages of other tests have asked for and said
    browser.complaints()
    browser.open(site / f"{page}.html")
    deadline = time.monotonic() + _LONGEST
    while _drawn(browser) < wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _drawn(browser) == wanted
    assert "Syntax error" not in browser.driver.page_source
    assert [url for url in browser.requests() if not url.startswith(("file:", "data:"))] == []
    assert browser.complaints() == []


def _drawn(browser: Browser) -> int:
    found = browser.run(f"return document.querySelectorAll('{DRAWN}').length")
    assert isinstance(found, int)
    return found
