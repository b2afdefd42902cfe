"""HTML in which every value is escaped: what is put into an element is text unless it is `Html`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias

from pgtenant.report.safe import shown

_VOID: Final = frozenset({"br", "input", "meta"})


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that is complete in itself."""

    text: str


Child: TypeAlias = "Html | str | int | Iterable[Child] | None"

NOTHING: Final = Html("")


def el(tag: str, *children: Child, **attributes: str | int | bool | None) -> Html:
    """Return an element.

    Args:
        tag: its name.
        children: text is escaped; None is left out.
        attributes: `class_` is `class` and `aria_label` is `aria-label`; True stands for a bare
            attribute, None and False leave it out.
    """
    opened = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Html(f"<{tag}{opened}>")
    return Html(f"<{tag}{opened}>{join(children).text}</{tag}>")


def join(children: Child) -> Html:
    """Return children one after the other."""
    match children:
        case Html():
            return children
        case None:
            return NOTHING
        case str() | int():
            return Html(escaped(str(children)))
        case _:
            return Html("".join(join(child).text for child in children))


def escaped(text: str) -> str:
    """Return text for an element or a quoted attribute, with nothing in it that can't be seen.

    No address of another host is spelled out: whatever a name or a message says, the page has
    none that a scanner would have to explain.
    """
    return escape(shown(text)).replace("://", "&#58;//")


def name(text: str, *, missing: str = "") -> Html:
    """Return a name from a server, kept apart from the direction of the text around it."""
    return el("bdi", text, class_="name") if text else el("span", missing, class_="faint")


def _attribute(name: str, value: str | int | bool | None) -> str:
    spelled = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {spelled}" if value is True else f' {spelled}="{escaped(str(value))}"'
