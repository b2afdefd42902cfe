"""How the neighbours of a new piece are laid out, so that it looks like one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from pgtenant.catalog.edit.tree import Member, Node, indent_of, newline_of, next_line, opens_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgtenant.catalog.edit.dialect import Dialect

_UNIT: Final = "  "
_BLANK: Final = re.compile(r"\n[ \t]*\r?\n")
_SPACE: Final = re.compile(r"[ \t]*")
_FIRST_INDENT: Final = re.compile(r"^(\t| {1,8})(?=[^\s#])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Style:
    """How the members of one mapping are written.

    Attributes:
        indent: of their lines.
        unit: one level of indentation.
        newline: the end of a line.
        before: between a key and its sign.
        sign: between a key and its value; HCL allows `:` too.
        after: between the sign and the value.
        aligned: the signs of lines below each other stand below each other.
        width: how wide a key has to be for that; 0 when it is not known or not so.
        quoted: keys are in quotes.
        blank: an empty line stands between members.
        lines: a mapping among them is spread over lines.
        inner: how the members of such a mapping are written; None when nothing shows it.
    """

    indent: str
    unit: str
    newline: str
    before: str
    sign: str
    after: str
    aligned: bool
    width: int
    quoted: bool
    blank: bool
    lines: bool
    inner: Style | None


def style_of(
    text: str, node: Node, dialect: Dialect, model: Member | None, *, around: str | None = None
) -> Style:
    """Tell how the members of a mapping are written.

    Args:
        text: the whole text.
        node: the mapping.
        dialect: its language.
        model: the member to look like; None for a mapping without one.
        around: the indentation outside of the mapping, if the mapping itself does not show it.
    """
    members = node.members or ()
    if around is None and node.bracketed:
        around = indent_of(text, node.start)
    own = [one for one in members if opens_line(text, one.start)]
    unit = _unit(text)
    indent = indent_of(text, (model if model in own else own[-1]).start) if own else ""
    if around is not None and len(indent) > len(around) and indent.startswith(around):
        unit = indent[len(around) :]
    indent = indent if own else (around or "") + unit
    aligned = dialect.aligns and _aligned(own or members)
    before, after = _gaps(text, model, dialect)
    return Style(
        indent=indent,
        unit=unit,
        newline=newline_of(text),
        before=before,
        sign=dialect.sign if model is None else text[model.sign],
        after=after,
        aligned=aligned,
        width=_width(text, own) if aligned else 0,
        quoted=model is not None and text[model.start] == '"',
        blank=_blank(text, own),
        lines=_spread(text, dialect, model),
        inner=_inner(text, dialect, model),
    )


def bare(text: str, indent: str, dialect: Dialect) -> Style:
    """Return how members are written that have nothing to look like.

    Args:
        text: the whole text.
        indent: of their lines.
        dialect: the language.
    """
    before, after = _gaps(text, None, dialect)
    return Style(
        indent=indent,
        unit=_unit(text),
        newline=newline_of(text),
        before=before,
        sign=dialect.sign,
        after=after,
        aligned=dialect.aligns,
        width=0,
        quoted=False,
        blank=False,
        lines=True,
        inner=None,
    )


def below(style: Style, dialect: Dialect) -> Style:
    """Return the style of the members of a mapping that is a new member itself."""
    inner = style.inner or replace(style, blank=False, aligned=dialect.aligns)
    return replace(inner, indent=style.indent + inner.unit, width=0)


def _spread(text: str, dialect: Dialect, model: Member | None) -> bool:
    if model is not None and model.value.members:
        return "\n" in text[model.value_start : model.end]
    return dialect.aligns or (model is not None and opens_line(text, model.start))


def _inner(text: str, dialect: Dialect, model: Member | None) -> Style | None:
    if model is None or not model.value.members:
        return None
    around = indent_of(text, model.start)
    return style_of(text, model.value, dialect, model.value.members[0], around=around)


def _unit(text: str) -> str:
    found = _FIRST_INDENT.search(text)
    return found[1] if found else _UNIT


def _gaps(text: str, model: Member | None, dialect: Dialect) -> tuple[str, str]:
    """Return what stands before and after a sign; a gap that only aligns counts as one space."""
    if model is None:
        return (" " if dialect.aligns else ""), " "
    before = text[model.key_end : model.sign]
    after = text[model.sign + 1 : model.value_start]
    yaml = not dialect.aligns and dialect.comment
    return (
        before[:1] if _SPACE.fullmatch(before) else " ",
        (after[:1] if _SPACE.fullmatch(after) else "") or (" " if yaml else ""),
    )


def _aligned(members: Sequence[Member]) -> bool:
    """Tell whether signs are aligned; where nothing shows it, they are."""
    gaps = [one.sign - one.key_end for one in members]
    if any(gap > 1 for gap in gaps):
        return True
    return len({one.key_end - one.start for one in members}) < 2


def _width(text: str, members: Sequence[Member]) -> int:
    """Return the width of keys whose signs stand below each other; 0 when they do not."""
    ends = {one.sign - one.start for one in members if _one_line(text, one)}
    if len(ends) != 1:
        return 0
    return ends.pop() - min(1, *(one.sign - one.key_end for one in members))


def _one_line(text: str, member: Member) -> bool:
    return "\n" not in text[member.start : member.end]


def _blank(text: str, members: Sequence[Member]) -> bool:
    """Tell whether most members have an empty line before them."""
    gaps = [text[a.end : b.start] for a, b in pairwise(members)]
    apart = sum(_BLANK.search("\n" + gap[next_line(gap, 0) :]) is not None for gap in gaps)
    return 2 * apart > len(gaps)
