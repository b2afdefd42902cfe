"""Puts a member into a mapping in braces: HCL, JSON, and YAML that is written like JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgtenant.catalog.edit.dialect import HCL, JSON, YAML
from pgtenant.catalog.edit.render import in_braces, member
from pgtenant.catalog.edit.style import Style, bare, style_of
from pgtenant.catalog.edit.tree import (
    Member,
    New,
    Node,
    Splice,
    indent_of,
    line_start,
    opens_line,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgtenant.catalog.edit.dialect import Dialect


def insert(text: str, node: Node, new: New, dialect: Dialect) -> Sequence[Splice]:
    """Return the pieces that add a member.

    Args:
        text: the whole text.
        node: the mapping.
        new: the member.
        dialect: the language.
    """
    members = node.members or ()
    after = new.after
    if not members:
        return _into_empty(text, node, new, dialect)
    model = after or members[0]
    style = style_of(text, node, dialect, model)
    written = member(new.key, new.value, style, dialect, block=False)
    if after is None:
        return _first(text, node, written, style, dialect)
    comma = dialect.comma.match(text, after.end)
    rest = dialect.rest.match(text, comma.end() if comma else after.end)
    last = after is members[-1]
    if rest is None or (dialect.commas and not comma and not last):
        return [_inline(written, after, comma.end() if comma else None, style)]
    closing = "," if comma else ""
    pieces = []
    if not comma and (dialect.commas or _with_commas(text, members, dialect)):
        pieces.append(Splice(after.end, after.end, ","))
    blank = style.newline if style.blank else ""
    line = f"{blank}{style.indent}{written}{closing}{style.newline}"
    return [*pieces, Splice(rest.end(), rest.end(), line)]


def fill(text: str, holder: Member, new: New) -> Sequence[Splice]:
    """Return the pieces that make a YAML member's null a mapping, inside of another in braces."""
    style = bare(text, "", YAML)
    return [instead(holder, in_braces({new.key: new.value}, style, YAML))]


def instead(holder: Member, written: str) -> Splice:
    """Return the piece that puts a value in the place of a YAML member's null."""
    colon = holder.sign + 1
    return Splice(colon, max(holder.end, colon), f" {written}")


def _with_commas(text: str, members: Sequence[Member], dialect: Dialect) -> bool:
    """Tell whether members have commas between them, all but the last."""
    others = members[:-1]
    return bool(others) and all(dialect.comma.match(text, one.end) for one in others)


def _inline(written: str, after: Member, comma: int | None, style: Style) -> Splice:
    space = " " if style.after else ""
    if comma is None:
        return Splice(after.end, after.end, f",{space}{written}")
    return Splice(comma, comma, f"{space}{written},")


def _first(text: str, node: Node, written: str, style: Style, dialect: Dialect) -> Sequence[Splice]:
    members = node.members or ()
    first = members[0]
    own_line = opens_line(text, first.start) and line_start(text, first.start) > node.start
    commas = dialect.commas or _with_commas(text, members, dialect)
    if not own_line:
        space = " " if style.after else ""
        return [Splice(first.start, first.start, f"{written},{space}")]
    position = _with_comments(text, first.start, node.start, dialect)
    blank = style.newline if style.blank else ""
    comma = "," if commas else ""
    return [Splice(position, position, f"{style.indent}{written}{comma}{style.newline}{blank}")]


def _with_comments(text: str, position: int, floor: int, dialect: Dialect) -> int:
    """Return where the lines start that a member and the comments right above it take."""
    start = line_start(text, position)
    while start > 0:
        above = line_start(text, start - 1)
        line = text[above:start].strip()
        if line.endswith("*/") and dialect.aligns:
            above = line_start(text, text.rindex("/*", 0, start))
        elif not (dialect.comment and line.startswith(dialect.comment)):
            break
        if above <= floor:
            break
        start = above
    return start


def _into_empty(text: str, node: Node, new: New, dialect: Dialect) -> Sequence[Splice]:
    closing = node.end - 1
    inside = text[node.start + 1 : closing]
    around = indent_of(text, node.start)
    lines = dialect is HCL or (dialect is JSON and "\n" in text.strip())
    style = bare(text, around, dialect)
    style = replace(style, indent=around + style.unit, lines=lines)
    written = member(new.key, new.value, style, dialect, block=False)
    if not lines:
        return [Splice(closing, closing, written)]
    line = f"{style.indent}{written}{style.newline}"
    if "\n" in inside and opens_line(text, closing):
        start = line_start(text, closing)
        return [Splice(start, start, line)]
    if style.indent.startswith(inside):
        # What stands in the braces becomes indentation, so that nothing is taken away.
        opening = Splice(node.start + 1, node.start + 1, style.newline)
        return [opening, Splice(closing, closing, f"{line[len(inside) :]}{around}")]
    return [Splice(closing, closing, f"{style.newline}{line}{around}")]
