"""An instance as one self-contained page, for people.

No request leaves it, nothing is executed but its own script, and every value in it is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from pgtenant.report.html import attention
from pgtenant.report.html.databases import Belongs, tiles
from pgtenant.report.html.markup import Html, el
from pgtenant.report.html.model import About, Report, Trail
from pgtenant.report.html.noted import findings, noted
from pgtenant.report.html.overview import chart, head, overview, readable, verdict
from pgtenant.report.html.past import audit, verification
from pgtenant.report.html.people import access

__all__ = ["About", "Report", "Trail", "page", "verdict_words"]

_SECTIONS = (
    ("map", "Databases"),
    ("blocked", "Blocked"),
    ("findings", "Findings"),
    ("changes", "Changes"),
    ("drift", "Drift"),
    ("undeclared", "Undeclared"),
    ("access", "Access"),
    ("verification", "Verification"),
    ("audit", "Audit"),
)


def page(report: Report) -> str:
    """Return the page; the same report always gives the same."""
    style, script = _resource("page.css"), _resource("page.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}';"
        " base-uri 'none'; form-action 'none'"
    )
    found, shown = tiles(report), noted(report)
    made = [tile for tile in found if tile.belongs is Belongs.UNDECLARED]
    title = f"{report.environment}: {verdict(report, shown)[0]}"
    body = el(
        "body",
        el("a", "Skip to the findings", href="#findings", class_="skip"),
        _bar(),
        el(
            "main",
            head(report),
            overview(report, found, shown),
            chart(found),
            attention.blocked(report),
            findings(shown),
            attention.changes(report),
            attention.drift(report),
            attention.undeclared(made),
            access(report),
            verification(report),
            audit(report),
        ),
        el(
            "footer",
            f"Made by pgtenant {report.about.version} on {readable(report.about.generated)}."
            " It is true of that moment only, and holds no secret.",
            el("br"),
            f"The catalog's entries have the SHA-256 {report.about.catalog}.",
        ),
        el("script", Html(script)),
    )
    top = el(
        "head",
        el("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", title),
        el("style", Html(style)),
    )
    return f"<!doctype html>\n{el('html', top, body, lang='en').text}\n"


def verdict_words(report: Report) -> str:
    """Return what the page says about the whole instance."""
    return verdict(report, noted(report))[0]


def _bar() -> Html:
    links = [el("a", title, href=f"#{identity}") for identity, title in _SECTIONS]
    search = el(
        "div",
        el("label", "Find", for_="find"),
        el("input", id="find", type="search", autocomplete="off", aria_describedby="find-hint"),
        el("span", "press / to search", class_="hint", id="find-hint", role="status"),
        class_="find",
        hidden=True,
    )
    return el(
        "div",
        el("nav", links, aria_label="Sections"),
        el("div", search, role="search"),
        class_="top",
    )


def _resource(name: str) -> str:
    return (files(__name__) / name).read_text("utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
