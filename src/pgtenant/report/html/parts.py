"""Pieces that the sections of the page share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from pgtenant.report.html.databases import State
from pgtenant.report.html.markup import Child, Html, el

TONES: Final = {
    State.BLOCKED: "bad",
    State.OPEN: "bad",
    State.UNPROVEN: "unknown",
    State.UNDECLARED: "warn",
    State.CHANGES: "change",
    State.DRIFT: "warn",
    State.WARNING: "warn",
    State.DECLARED: "good",
    State.UNMANAGED: "quiet",
    State.INSTANCE: "quiet",
}

MOST: Final = 500
"""Items of one kind that are shown; how many there are is always said."""

_SIGNS: Final = {"bad": "✕", "unknown": "?", "warn": "!", "change": "△", "good": "✓", "quiet": "·"}


def badge(word: str, tone: str) -> Html:
    """Return a state: a word and a sign, so that no colour has to be told from another."""
    return el(
        "span", el("span", _SIGNS[tone], aria_hidden="true"), " ", word, class_=f"badge {tone}"
    )


def section(identity: str, title: str, *children: Child, lead: Child = None) -> Html:
    """Return a section with its heading."""
    return el(
        "section",
        el("h2", title, id=f"{identity}-title"),
        el("p", lead, class_="lead") if lead else None,
        children,
        id=identity,
        aria_labelledby=f"{identity}-title",
    )


def item(state: Html, title: Child, *body: Child, origin: str = "") -> Html:
    """Return one item of a list: its state, what it is about, and by what it shows."""
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
        body,
        class_="item",
    )


def listing(
    identity: str,
    title: str,
    items: Sequence[Html],
    empty: str,
    lead: str,
    *,
    number: int | None = None,
) -> Html:
    """Return a section that is a list.

    Args:
        identity: the section's.
        title: its heading.
        items: `item`s, of which the first 500 are shown.
        empty: what to say when there are none.
        lead: what they are.
        number: how many are counted in the heading, when not the items.
    """
    total = len(items) if number is None else number
    heading = f"{title} ({total:,})" if total else title
    if not items:
        return section(identity, heading, nothing(empty))
    whole = el("ul", items[:MOST], more(len(items)), class_="items")
    return section(identity, heading, whole, lead=lead)


def more(number: int) -> Html | None:
    """Return how many items of a list are not shown, if any."""
    return el("li", f"and {number - MOST:,} more") if number > MOST else None


def statement(sql: str, executor: str) -> Html | None:
    """Return a statement with who has to run it, as far as that is known."""
    if not sql:
        return None
    lines = sql.rstrip().rstrip(";").splitlines()
    code = el("code", [(line, Html("\n")) for line in lines[:-1]], lines[-1], ";")
    lead: Child = ("To be run by ", el("b", executor)) if executor else "What would mend it"
    who = el("span", lead, class_="who")
    return el("div", who, el("pre", code, tabindex=0, aria_label="Statement"), class_="cure")


def table(caption: str, columns: Sequence[tuple[str, str]], rows: Iterable[Html]) -> Html:
    """Return a table that can be sorted where a column says how.

    Args:
        caption: what it is, for those who can't see where it stands.
        columns: the headings, each with its class; `sort` makes it sortable.
        rows: complete `tr` elements.
    """
    heads = [
        el(
            "th",
            title,
            scope="col",
            class_=classes or None,
            data_sort="sort" in classes.split(),
            data_title=title,
        )
        for title, classes in columns
    ]
    whole = el(
        "table",
        el("caption", caption, class_="unseen"),
        el("thead", el("tr", heads)),
        el("tbody", rows),
    )
    return el("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)


def nothing(text: str) -> Html:
    """Return what stands where there is nothing to show."""
    return el("p", text, class_="nothing")
