"""What somebody has to look at: blocked entries, planned changes, drift, strangers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from pgtenant.planning.changes import Risk
from pgtenant.report.describe import describe, mark_of
from pgtenant.report.drift import TITLES, by_kind, note
from pgtenant.report.html.databases import Tile
from pgtenant.report.html.markup import Child, Html, el, name
from pgtenant.report.html.model import Report
from pgtenant.report.html.parts import (
    MOST,
    badge,
    item,
    listing,
    more,
    nothing,
    section,
    statement,
    table,
)
from pgtenant.report.text import grouped
from pgtenant.report.words import count, entry_title

_FEW: Final = 20
"""Planned changes that are shown at once; more are folded up by entry."""


def blocked(report: Report) -> Html:
    """Return the blocked entries, each with what would clear its way."""
    items = [
        item(
            badge("blocked", "bad"),
            name(entry),
            [
                el("div", el("p", one.reason), statement(one.statement, one.executor))
                for one in reasons
            ],
        )
        for entry, reasons in groupby(report.plan.blocked, key=lambda one: one.entry)
    ]
    items += [
        item(badge("bad secret", "unknown"), name(entry), el("p", message))
        for entry, message in report.bad_secrets
    ]
    lead = "Nothing of these entries is changed until what stands in their way is gone."
    return listing("blocked", "Blocked entries", items, "No entry is blocked.", lead)


def changes(report: Report) -> Html:
    """Return what `apply` would do, entry by entry."""
    plan = report.plan
    items = [
        el(
            "li",
            el(
                "details",
                el(
                    "summary",
                    el("b", name(entry_title(entry))),
                    " ",
                    el("span", count(len(of), "change")),
                ),
                el(
                    "ul",
                    [
                        el(
                            "li",
                            el("span", str(mark_of(change)), class_="mark"),
                            " ",
                            el("span", describe(change)),
                            " ",
                            el("span", str(change.risk), class_=_risk(change.risk)),
                        )
                        for change in of[:MOST]
                    ],
                    class_="changes",
                ),
                open=len(plan.changes) <= _FEW,
            ),
            class_="item",
        )
        for entry, of in grouped(plan)
    ]
    lead = "What the next apply would change; nothing of it was done to make this page."
    empty = "Nothing: what is declared is there."
    return listing("changes", "Planned changes", items, empty, lead, number=len(plan.changes))


def drift(report: Report) -> Html:
    """Return what is there and is not as the catalog has it, by kind."""
    blocks: list[Html] = []
    for kind, notes in by_kind(report.plan.drift).items():
        items = [
            el("li", el("p", note(one)), statement(one.statement, ""), class_="item")
            for one in notes[:MOST]
        ]
        blocks.append(
            el(
                "div",
                el("h3", TITLES[kind].replace("`", ""), el("span", f" {len(notes):,}")),
                el("ul", items, more(len(notes)), class_="items"),
                class_="group",
            )
        )
    lead = "Shown, and not changed by apply unless it says so."
    return section("drift", "Drift", blocks or nothing("There is none."), lead=lead)


def undeclared(tiles: Sequence[Tile]) -> Html:
    """Return the databases that applications made themselves."""
    rows = [
        el(
            "tr",
            el("th", name(tile.name), scope="row"),
            el("td", name(tile.owner)),
            el(
                "td",
                badge(f"open: {', '.join(tile.public)}", "bad")
                if tile.public
                else badge("closed to PUBLIC", "good"),
            ),
            class_="item",
        )
        for tile in tiles
    ]
    body: Child = nothing("Every database of a managed role is declared.")
    if rows:
        columns = (("Database", "sort"), ("Made by", "sort"), ("For everyone", "sort"))
        body = table("Undeclared databases", columns, rows)
    lead = (
        "Made by applications with CREATEDB. PostgreSQL opens them to everyone; apply closes them."
    )
    return section("undeclared", "Undeclared databases", body, lead=lead)


def _risk(risk: Risk) -> str:
    return "risk strong" if risk in {Risk.REVOKE, Risk.DESTROY} else "risk"
