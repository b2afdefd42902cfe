"""Adds items to a sequence of a YAML file, and takes some away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from pgtenant.catalog.edit import blocks, brackets
from pgtenant.catalog.edit.dialect import YAML
from pgtenant.catalog.edit.put import item_of, locate, put
from pgtenant.catalog.edit.render import in_braces, item
from pgtenant.catalog.edit.style import bare
from pgtenant.catalog.edit.tree import (
    EditError,
    Member,
    Node,
    Splice,
    has_comment,
    line_number,
    line_start,
    next_line,
    spliced,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pgtenant.catalog.edit.style import Style
    from pgtenant.catalog.edit.tree import Plain


Items: TypeAlias = "Sequence[Mapping[str, Plain]] | Sequence[str]"
"""What is added; all of one kind."""


def add_items(text: str, path: Sequence[str | int], items: Items) -> str:
    """Add mappings or texts at the end of a sequence; every other byte stays.

    Args:
        text: YAML that the readers of `catalog` accept; may be empty.
        path: the keys on the way to the sequence, and for the items of others their numbers; keys
            that are missing are made.
        items: what to add, one at least.

    Raises:
        EditError: what stands on the way can't hold them, or can't be edited in place.
    """
    node, holder, braces = locate(text, YAML), None, False
    for key in path:
        if isinstance(key, int):
            node = item_of(text, node, key)
            braces = braces or node.bracketed
            continue
        found = node.member(key) if node is not None else None
        if node is None or found is None:
            return put(text, YAML, path, items).text
        braces = braces or node.bracketed
        holder, node = found, found.value
    assert node is not None  # noqa: S101 - the path has a key
    assert holder is not None  # noqa: S101 - likewise
    if node.items is None and not node.empty:
        raise EditError("must be a sequence", line_number(text, node.start))
    if node.items and not node.bracketed:
        return spliced(text, _in_block(text, node, items))
    if node.items or braces or has_comment(text, node):
        return spliced(text, _in_brackets(text, holder, items))
    return spliced(text, _in_place_of_nothing(text, holder, items))


def without_items(text: str, path: Sequence[str | int], numbers: Collection[int]) -> str:
    """Take items away from a sequence; every other byte stays, comments between them too.

    Args:
        text: YAML that the readers of `catalog` accept.
        path: the way to the sequence, as of `add_items`; all of it is there.
        numbers: of the items, counted from 0.

    Raises:
        EditError: no such sequence is there, or it can't be edited in place.
    """
    node, holder = locate(text, YAML), None
    for key in path:
        if isinstance(key, int):
            node = item_of(text, node, key)
            continue
        holder = node.member(key) if node is not None else None
        node = holder.value if holder is not None else None
    if node is None or holder is None or node.items is None:
        raise EditError("must be a sequence", line_number(text, node.start) if node else 0)
    if len(numbers) == len(node.items):
        ended = "\n" if text[node.end - 1 : node.end] == "\n" else ""
        start = node.start if node.bracketed else holder.sign + 1
        nothing = "[]" if node.bracketed else f" []{ended}"
        return spliced(text, [Splice(start, node.end, nothing)])
    if node.bracketed:
        kept = min(set(range(len(node.items))) - set(numbers))
        return spliced(text, [_out_of_brackets(node.items, one, kept) for one in numbers])
    return spliced(text, [_out_of_block(text, node.items[number]) for number in numbers])


def _out_of_block(text: str, item: Node) -> Splice:
    start = line_start(text, item.start)
    if text[start : item.start].strip() != "-":
        raise EditError("must start on a line of its own", line_number(text, item.start))
    ended = text[item.end - 1 : item.end] == "\n"  # as a block scalar is
    return Splice(start, item.end if ended else next_line(text, item.end), "")


def _out_of_brackets(items: Sequence[Node], number: int, kept: int) -> Splice:
    """Take an item away, with the comma before it or, ahead of the first that stays, behind it."""
    if number < kept:
        return Splice(items[number].start, items[number + 1].start, "")
    return Splice(items[number - 1].end, items[number].end, "")


def _in_block(text: str, node: Node, items: Items) -> Sequence[Splice]:
    nodes = node.items or ()
    gap = text[node.start + 1 : nodes[0].start]
    gap = gap if gap and not gap.strip(" ") else " "
    style = bare(text, " " * (node.start - line_start(text, node.start)), YAML)
    end = _with_comments(text, nodes[-1].end, style.indent)
    return blocks.below(text, end, _lines(items, style, gap), style.newline)


def _with_comments(text: str, end: int, indent: str) -> int:
    """Return where the lines end of an item and of the comments right below that are its own."""
    place = end if text[end - 1] == "\n" else next_line(text, end)
    own = re.compile(f"(?:{indent} +#[^\n]*\n)*").match(text, place)
    return own.end() if own else place


def _in_place_of_nothing(text: str, holder: Member, items: Items) -> Sequence[Splice]:
    style = blocks.inside(text, holder, YAML)
    return blocks.instead(text, holder, _lines(items, style, " "), style)


def _lines(items: Items, style: Style, gap: str) -> str:
    return style.newline.join(f"{style.indent}{item(one, style, gap, YAML)}" for one in items)


def _in_brackets(text: str, holder: Member, items: Items) -> Sequence[Splice]:
    node, style = holder.value, bare(text, "", YAML)
    written = ", ".join(in_braces(one, style, YAML) for one in items)
    if node.empty:
        return [brackets.instead(holder, f"[{written}]")]
    if not node.items:
        return [Splice(node.end - 1, node.end - 1, written)]
    last = node.items[-1].end
    comma = YAML.comma.match(text, last)
    if comma:
        return [Splice(comma.end(), comma.end(), f" {written},")]
    return [Splice(last, last, f", {written}")]
