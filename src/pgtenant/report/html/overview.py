"""The head of the page: whose instance, how it is doing, in one glance; and the map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pgtenant.access.holes import HoleKind
from pgtenant.report.html.databases import Belongs, State, Tile
from pgtenant.report.html.markup import Html, el, name
from pgtenant.report.html.model import Report
from pgtenant.report.html.noted import Noted
from pgtenant.report.html.parts import TONES, badge, nothing, section
from pgtenant.report.words import count

MOST_DAYS: Final = 7
"""How old a verification may be to prove anything."""


def head(report: Report) -> Html:
    """Return the page's title, with what was read and when."""
    about, model = report.about, report.listing.model
    commit = f"commit {about.commit[:12]}" if about.commit else "not in git"
    facts = [
        ("Server", f"{about.server}, PostgreSQL {model.major}.{model.version % 10000}"),
        ("Read", f"{readable(about.generated)}, as {model.admin}"),
        ("Catalog", f"{about.catalog_path}, {commit}"),
    ]
    return el(
        "header",
        el("p", "PostgreSQL instance", class_="kicker"),
        el("h1", name(report.environment)),
        el("dl", [el("div", el("dt", k), el("dd", v)) for k, v in facts], class_="facts"),
    )


def readable(moment: str) -> str:
    """Return `2026-01-16 10:30:00 UTC` for an ISO moment in UTC."""
    return moment.replace("T", " ").removesuffix("Z") + " UTC"


def verdict(report: Report, found: Sequence[Noted]) -> tuple[str, str, str]:
    """Return what it all comes to: words, their tone, and why."""
    failures = sum(one.failed for one in found)
    record = report.record
    if failures:
        return "Not isolated", "bad", f"{count(failures, 'failure')}; each is named below"
    if record is None:
        why = "the catalogs show no hole, and nobody has tried: verify logs in as every role"
        return "No hole found, not verified", "unknown", why
    if doubt := _doubt(report, record):
        return "Not proven", "unknown", doubt
    tried = f"{record['summary']['passed']:,} attempts passed"
    return "Isolated", "good", f"{tried}, and the catalogs show no hole"


def _doubt(report: Report, record: Mapping[str, Any]) -> str:
    """Return why a verification without failures proves nothing about this page, or nothing."""
    unread = sum(hole.kind is HoleKind.NOT_LOOKED_INTO for hole in report.holes)
    days = _days(record["started_utc"], report.about.generated)
    unproven = record["summary"]["not_proven"]
    doubts = (
        (unproven, f"{count(unproven, 'attempt')} proved nothing"),
        (unread, f"{count(unread, 'database')} could not be looked into"),
        (
            record["server"]["address"] != report.about.server,
            "the verification is of another server",
        ),
        (days > MOST_DAYS, f"the verification is {days:,} days old"),
        (
            record["catalog"] != report.about.catalog,
            "the catalog has changed since the verification",
        ),
        (record["verdict"] != "passed", "the verification did not pass"),
    )
    return next((words for doubtful, words in doubts if doubtful), "")


def _days(before: str, after: str) -> int:
    """Return the whole days between two ISO moments; many when one is none."""
    try:
        return (datetime.fromisoformat(after) - datetime.fromisoformat(before)).days
    except (ValueError, TypeError):
        return MOST_DAYS + 1


def overview(report: Report, tiles: Sequence[Tile], found: Sequence[Noted]) -> Html:
    """Return the verdict and the numbers, each a link to what it counts."""
    words, tone, why = verdict(report, found)
    plan = report.plan
    declared = [tile for tile in tiles if tile.belongs is Belongs.DECLARED]
    made = sum(tile.belongs is Belongs.UNDECLARED for tile in tiles)
    numbers = [
        (len(declared), "declared database", "", "#map", False),
        (len(report.desired.roles), "declared role", "", "#access", False),
        (len(plan.blocked_entries), "blocked entry", "blocked entries", "#blocked", True),
        (len(found), "finding", "", "#findings", any(one.matters for one in found)),
        (len(plan.changes), "planned change", "", "#changes", True),
        (len(plan.drift), "note of drift", "notes of drift", "#drift", True),
        (made, "undeclared database", "", "#undeclared", True),
    ]
    return el(
        "div",
        el(
            "div",
            el("p", badge(words, tone), class_="verdict"),
            el("p", why, class_="why"),
            class_=f"banner {tone}",
        ),
        el(
            "ul",
            [
                el(
                    "li",
                    el(
                        "a",
                        el("b", f"{number:,}"),
                        " ",
                        count(number, one, many).split(" ", 1)[1],
                        href=target,
                        class_="notable" if matters and number else None,
                    ),
                )
                for number, one, many, target, matters in numbers
            ],
            class_="numbers",
        ),
        class_="overview",
    )


def chart(tiles: Sequence[Tile]) -> Html:
    """Return the map: a tile for each database, grouped by whose it is."""
    present = Counter(tile.state for tile in tiles)
    states = [
        el("option", f"{state} ({present[state]})", value=str(state))
        for state in State
        if present[state]
    ]
    controls = el(
        "div",
        el("label", "State", for_="map-state"),
        el("select", el("option", "all", value=""), states, id="map-state"),
        el("span", class_="hint", id="map-hint"),
        class_="controls",
        hidden=True,
    )
    groups = [
        el(
            "div",
            el("h3", whose, el("span", f" {len(group):,}", class_="faint")),
            el("ul", [_tile(tile) for tile in group], class_="tiles", aria_label=str(whose)),
            class_="group",
        )
        for whose in Belongs
        if (group := [tile for tile in tiles if tile.belongs is whose])
    ]
    lead = "Every database of the instance. A tile leads to who may do what in it."
    return section("map", "Databases", controls, groups or nothing("There are none."), lead=lead)


def _tile(tile: Tile) -> Html:
    told = [f"{state}: {n}" for state, n in tile.counts.items() if n and state != tile.state]
    what = count(tile.roles, "role") if tile.roles else f"owner {tile.owner}"
    what += "" if tile.exists else ", not made yet"
    return el(
        "li",
        el(
            "a",
            el("span", name(tile.name), class_="title"),
            el("span", what, class_="sub"),
            badge(str(tile.state), TONES[tile.state]),
            href="#access",
            class_=f"tile {TONES[tile.state]}",
            data_database=tile.name,
            title=", ".join([tile.name, *told]),
        ),
        class_="item",
        data_state=str(tile.state),
    )
