"""What somebody has to look at: blocked entries, findings, planned changes, drift, strangers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pgtenant.access.holes import Closer, Hole
from pgtenant.planning.changes import Risk
from pgtenant.report.describe import describe, mark_of
from pgtenant.report.drift import TITLES, by_kind, note
from pgtenant.report.html.attempts import Together, together
from pgtenant.report.html.databases import Tile
from pgtenant.report.html.markup import Child, Html, el, name
from pgtenant.report.html.model import Report
from pgtenant.report.html.parts import badge, nothing, section, statement, table
from pgtenant.report.text import grouped
from pgtenant.report.words import count, entry_title
from pgtenant.verify.hygiene import Finding

MOST: Final = 500
"""Items of one kind that are shown; how many there are is always said."""

_TONES: Final = {
    "failed": ("failure", "bad"),
    "failure": ("failure", "bad"),
    "not_proven": ("not proven", "unknown"),
    "warning": ("warning", "warn"),
    "note": ("note", "quiet"),
}
_ORDER: Final = list(_TONES)
_FEW: Final = 20
"""Planned changes that are shown at once; more are folded up by entry."""
_SUPERUSER: Final = "a superuser"


def blocked(report: Report) -> Html:
    """Return the blocked entries, each with what would clear its way."""
    items = [
        _item(
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
        _item(badge("bad secret", "unknown"), name(entry), el("p", message))
        for entry, message in report.bad_secrets
    ]
    lead = "Nothing of these entries is changed until what stands in their way is gone."
    return _list("blocked", "Blocked entries", items, "No entry is blocked.", lead)


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that attempts, catalogs or the instance itself show.

    Attributes:
        rank: how much it hurts; 0 most.
        origin: where it shows.
    """

    rank: int
    origin: str
    item: Html

    @property
    def failed(self) -> bool:
        """Whether it breaks the promise of isolation."""
        return self.rank <= _ORDER.index("failure")

    @property
    def matters(self) -> bool:
        """Whether it is more than a note."""
        return self.rank < _ORDER.index("note")


def noted(report: Report) -> tuple[Noted, ...]:
    """Return everything that was found, failures first, each cause once."""
    found = [
        Noted(_ORDER.index(one.verdict), "attempt", _attempt(one))
        for one in (together(report.record) if report.record else ())
    ]
    found += [
        Noted(_ORDER.index(str(hole.severity)), "catalogs", _hole(hole)) for hole in report.holes
    ]
    found += [
        Noted(_ORDER.index(str(finding.severity)), "instance", _finding(finding))
        for finding in report.findings
    ]
    return tuple(sorted(found, key=lambda one: (one.rank, one.origin)))


def findings(found: Sequence[Noted]) -> Html:
    """Return the list of what was found."""
    lead = "Access that the catalog does not promise, who has it, and the statement that closes it."
    items = [one.item for one in found]
    return _list("findings", "Findings", items, "Nothing was found.", lead)


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
    return _list("changes", "Planned changes", items, empty, lead, number=len(plan.changes))


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
                el("ul", items, _more(len(notes)), class_="items"),
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


def _attempt(one: Together) -> Html:
    word, tone = _TONES[one.verdict]
    path = f", through {one.path}" if one.path else ""
    said = el("p", one.said, class_="said") if one.said else None
    body = el("p", one.what, path)
    return _item(
        badge(word, tone), one.who, body, said, statement(one.statement, one.executor), "tried"
    )


def _hole(hole: Hole) -> Html:
    word, tone = _TONES[str(hole.severity)]
    where = ("in ", name(hole.database), ": ") if hole.database else ()
    path = f", through {hole.path}" if hole.path else ""
    body = el("p", where, hole.what, path)
    provider = hole.closable_by is Closer.PROVIDER and hole.executor != _SUPERUSER
    executor = f"{hole.executor} ({_SUPERUSER})" if provider else hole.executor
    cure = statement(hole.statement, executor)
    return _item(badge(word, tone), name(_public(hole.who)), body, None, cure, "in the catalogs")


def _finding(finding: Finding) -> Html:
    word, tone = _TONES[str(finding.severity)]
    cure = statement(finding.cure.statement, finding.cure.executor) if finding.cure else None
    about = finding.database or finding.role or "the instance"
    return _item(badge(word, tone), name(about), el("p", finding.message), None, cure, "instance")


def _public(role: str) -> str:
    return "PUBLIC" if role == "public" else role


def _item(state: Html, title: Child, *body: Child) -> Html:
    *parts, origin = body if body and isinstance(body[-1], str) else (*body, "")
    return el(
        "li",
        el(
            "div",
            state,
            " ",
            el("strong", title),
            el("span", origin, class_="origin") if origin else None,
            class_="line",
        ),
        parts,
        class_="item",
    )


def _list(
    identity: str,
    title: str,
    items: Sequence[Html],
    empty: str,
    lead: str,
    *,
    number: int | None = None,
) -> Html:
    total = len(items) if number is None else number
    heading = f"{title} ({total:,})" if total else title
    if not items:
        return section(identity, heading, nothing(empty))
    whole = el("ul", items[:MOST], _more(len(items)), class_="items")
    return section(identity, heading, whole, lead=lead)


def _more(number: int) -> Html | None:
    return el("li", f"and {number - MOST:,} more") if number > MOST else None


def _risk(risk: Risk) -> str:
    return "risk strong" if risk in {Risk.REVOKE, Risk.DESTROY} else "risk"
