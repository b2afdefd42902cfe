"""Puts a member below others that need no braces: YAML blocks, and the variables of a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgtenant.catalog.edit.dialect import HCL
from pgtenant.catalog.edit.render import member
from pgtenant.catalog.edit.style import bare, style_of
from pgtenant.catalog.edit.tree import (
    EditError,
    Member,
    New,
    Node,
    Splice,
    indent_of,
    line_number,
    line_start,
    next_line,
    opens_item,
    opens_line,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgtenant.catalog.edit.dialect import Dialect
    from pgtenant.catalog.edit.style import Style


def insert(text: str, node: Node, new: New, dialect: Dialect) -> Sequence[Splice]:
    """Return the pieces that add a member to a YAML block.

    Args:
        text: the whole text.
        node: the block, with at least one member.
        new: the member.
        dialect: the language.

    Raises:
        EditError: its members do not stand on lines of their own.
    """
    members = node.members or ()
    model = new.after or members[0]
    style = style_of(text, node, dialect, model)
    if not opens_line(text, model.start):
        if new.after is None or not opens_item(text, model.start):
            raise EditError("must start on a line of its own", line_number(text, model.start))
        style = replace(style, indent=" " * (model.start - line_start(text, model.start)))
    written = f"{style.indent}{member(new.key, new.value, style, dialect, block=True)}"
    blank = style.newline if style.blank else ""
    if new.after is None:
        start = line_start(text, model.start)
        return [Splice(start, start, f"{written}{style.newline}{blank}")]
    return below(text, new.after.end, f"{blank}{written}", style.newline)


def fill(text: str, holder: Member, new: New, dialect: Dialect) -> Sequence[Splice]:
    """Return the pieces that make a YAML member's empty mapping, or nothing, a block of one.

    Args:
        text: the whole text.
        holder: the member with the empty value.
        new: what it is to have.
        dialect: the language.
    """
    style = inside(text, holder, dialect)
    written = f"{style.indent}{member(new.key, new.value, style, dialect, block=True)}"
    return instead(text, holder, written, style)


def inside(text: str, holder: Member, dialect: Dialect) -> Style:
    """Return how the lines are written that become the value of a member without one."""
    around = indent_of(text, holder.start)
    if opens_item(text, holder.start):
        around = " " * (holder.start - line_start(text, holder.start))
    style = bare(text, around, dialect)
    return replace(style, indent=style.indent + style.unit)


def instead(text: str, holder: Member, lines: str, style: Style) -> Sequence[Splice]:
    """Return the pieces that put lines in the place of a member's empty value."""
    colon = holder.sign + 1
    end = max(holder.end, colon)
    return [Splice(colon, end, ""), *below(text, end, lines, style.newline)]


def append(text: str, new: New, dialect: Dialect) -> Sequence[Splice]:
    """Return the pieces that add a variable at the end of a file, apart from what is above it."""
    style = bare(text, "", dialect)
    written = member(new.key, new.value, style, dialect, block=dialect is not HCL)
    blank = style.newline if text.strip() and dialect is HCL else ""
    return below(text, len(text), f"{blank}{written}", style.newline)


def below(text: str, position: int, line: str, newline: str) -> Sequence[Splice]:
    """Return the piece that puts lines behind the one of a position."""
    ended = position > 0 and text[position - 1] == "\n"  # as a block scalar is
    place = position if ended else next_line(text, position)
    missing = newline if place and text[place - 1] != "\n" else ""
    return [Splice(place, place, f"{missing}{line}{newline}")]
