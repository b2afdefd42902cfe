"""docs/performance.md: the text stands there; the figures come from the result files."""

from __future__ import annotations

from pathlib import Path

from benchmarks.render import sections
from benchmarks.results import DIRECTORY, read

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- figures: made by `make bench` -->\n", "<!-- end of figures -->\n"


def update(page: Path = PAGE, directory: Path = DIRECTORY) -> None:
    """Put the figures of all result files into the page, in order of their names."""
    page.write_text(updated(page.read_text("utf-8"), directory), "utf-8")


def updated(text: str, directory: Path = DIRECTORY) -> str:
    """The page with the figures of these result files."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    reports = [read(path) for path in sorted(directory.glob("*.json"))]
    return f"{before}{BEGIN}\n" + "\n".join(map(sections, reports)) + f"\n{END}{after}"
