"""Makes pages of plain Markdown fit for a site: navigation, links out of docs/, diagrams."""

from __future__ import annotations

import html
import os
import re
from pathlib import Path
from typing import Any, Final

from docutils import nodes

_LINK: Final = re.compile(r"(?<=\]\()(?P<path>(?:\.\./)+[^)#\s]+)")
# The ids of two diagrams would be the same where they are drawn within a millisecond.
_START: Final = (
    "mermaid.initialize({startOnLoad: true, theme: 'neutral', securityLevel: 'strict',"
    " deterministicIds: true})"
)

LIBRARY: Final = "mermaid.min.js"
"""What draws the diagrams, where the build has it; without it their text stands there."""


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_config_value("navigation", {}, "env")
    app.connect("source-read", _add_navigation)
    app.connect("source-read", _mark_links)
    app.connect("doctree-read", _set_diagrams)
    app.connect("html-page-context", _add_library)
    return {"parallel_read_safe": True}


def _add_navigation(app: Any, docname: str, source: list[str]) -> None:
    """Append to the first page the tables of contents that Sphinx makes the navigation of."""
    if docname != "index":
        return
    for caption, pages in app.config.navigation.items():
        listed = "\n".join(pages)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"


def _mark_links(app: Any, docname: str, source: list[str]) -> None:
    """Let links to files of the repository that are no pages lead there from the built page."""
    page = Path(app.srcdir, docname).parent
    built = Path(app.outdir, docname).parent

    def lead(link: re.Match[str]) -> str:
        target = (page / link["path"]).resolve()
        if target.is_relative_to(app.srcdir):
            return link["path"]
        if not target.exists():
            raise FileNotFoundError(f"{docname}.md links to {link['path']}, which is not there")
        return f"repo:{os.path.relpath(target, built)}"

    source[0] = _LINK.sub(lead, source[0])


def _set_diagrams(app: Any, doctree: nodes.document) -> None:
    for block in list(doctree.findall(nodes.literal_block)):
        if block.get("language") == "mermaid":
            app.env.metadata[app.env.docname]["diagrams"] = True
            text = html.escape(block.astext())
            block.replace_self(nodes.raw("", f'<pre class="mermaid">{text}</pre>\n', format="html"))


def _add_library(app: Any, pagename: str, *_: object) -> None:
    has = app.env.metadata.get(pagename, {}).get("diagrams")
    if has and any(Path(path, LIBRARY).is_file() for path in app.config.html_static_path):
        app.add_js_file(LIBRARY)
        app.add_js_file(None, body=_START)
