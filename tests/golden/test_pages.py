"""Pages that speak of the code are true to it: the map, the lists of pages, the links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.site import conf

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
OTHERS = sorted(ROOT.glob("*.md"))
_LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^(```.*?^```|(?: {4}|\t).*?)$", re.MULTILINE | re.DOTALL)
_NO_FOLDERS = {"__pycache__", "templates"}


def test_the_map_has_every_folder() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## The map")[2]
    listed = re.findall(r"^\| `([^`]+)` \| ", text, re.MULTILINE)
    assert len(listed) == len(set(listed)), "a folder is there twice"
    assert set(listed) == set(_folders())


def _folders() -> Iterator[str]:
    for path in ROOT.iterdir():
        tops = path.is_dir() and not path.name.startswith(".")
        if tops and path.name not in {"src", "tests", "build", "dist"}:
            yield path.name
    package = ROOT / "src" / "pgtenant"
    for path in [package, *package.rglob("*")]:
        relative = path.relative_to(ROOT)
        if path.is_dir() and not _NO_FOLDERS & {*relative.parts}:
            yield str(relative)
    for path in (ROOT / "tests").iterdir():
        if path.is_dir() and path.name not in _NO_FOLDERS:
            yield f"tests/{path.name}"


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        path, _, anchor = target.partition("#")
        if ":" in path:
            continue
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {target}"
        if anchor and file.suffix == ".md":
            assert anchor in _anchors(file), f"{page.name} links to {target}"


def _anchors(file: Path) -> set[str]:
    """Return a page's anchors as GitHub makes them of its headings."""
    headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def test_the_first_page_leads_to_every_other() -> None:
    text = (DOCS / "index.md").read_text("utf-8")
    linked = {(DOCS / target).resolve() for target in _LINK.findall(text)}
    assert {*PAGES} - linked == {DOCS / "index.md"}


def test_the_navigation_has_every_page() -> None:
    listed = [page for pages in conf.navigation.values() for page in pages]
    pages = {str(page.relative_to(DOCS).with_suffix("")) for page in PAGES}
    assert sorted(listed) == sorted(pages - {"index"})
