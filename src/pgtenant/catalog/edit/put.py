"""Sets one value of a text, whatever of the way to it is there already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgtenant.catalog.edit import blocks, brackets
from pgtenant.catalog.edit.dialect import HCL, JSON, YAML, Dialect
from pgtenant.catalog.edit.locate import locate_hcl, locate_json, locate_yaml
from pgtenant.catalog.edit.render import member
from pgtenant.catalog.edit.style import bare, below
from pgtenant.catalog.edit.tree import (
    EditError,
    Member,
    New,
    Node,
    Plain,
    Splice,
    has_comment,
    line_number,
    spliced,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Put:
    """A text with a value set in it.

    Attributes:
        splices: what was put in, as places in the text before.
    """

    text: str
    splices: Sequence[Splice]

    @property
    def offset(self) -> int:
        """Where the last piece starts in the new text that is more than space and a comma."""
        shift, position = 0, 0
        for splice in self.splices:
            written = len(splice.text) - len(splice.text.lstrip())
            if splice.text.strip(" \t\r\n,"):
                position = splice.start + shift + written
            shift += len(splice.text) - (splice.end - splice.start)
        return position


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a new member goes.

    Attributes:
        node: the mapping.
        holder: the member whose value it is; None for the whole file.
        braces: whether a mapping around it is in braces.
    """

    node: Node
    holder: Member | None
    braces: bool


def put(
    text: str,
    dialect: Dialect,
    path: Sequence[str | int],
    value: Plain,
    *,
    place: Callable[[Node], Member | None] | None = None,
) -> Put:
    """Set a value; every byte that is not part of it stays.

    Args:
        text: HCL, JSON or YAML that the readers of `catalog` accept; may be empty.
        dialect: which of them.
        path: the keys on the way to the value, and for the items of sequences their numbers. Keys
            that are missing are made, items are not.
        value: what to set. A mapping can only be added, it replaces nothing.
        place: chooses the member that a new one follows, or None for the first; without it, a new
            one is the last.

    Raises:
        EditError: what stands on the way can't hold it, or can't be edited in place.
    """
    splices = _pieces(text, dialect, locate(text, dialect), path, value, place=place)
    return Put(spliced(text, splices), splices)


def put_apart(
    text: str, dialect: Dialect, values: Sequence[tuple[Sequence[str | int], Plain]]
) -> str:
    """Set values that stand apart, each in an item of a sequence of its own.

    The text is looked through once for all of them. Errors are those of `put`.
    """
    root = locate(text, dialect)
    pieces = [_pieces(text, dialect, root, path, value) for path, value in values]
    return spliced(text, [one for splices in pieces for one in splices])


def _pieces(
    text: str,
    dialect: Dialect,
    node: Node | None,
    path: Sequence[str | int],
    value: Plain,
    *,
    place: Callable[[Node], Member | None] | None = None,
) -> Sequence[Splice]:
    if node is None:
        return _whole(text, dialect, _new(path, value, None))
    holder, braces = None, False
    for depth, key in enumerate(path):
        if isinstance(key, int):
            holder, node = None, item_of(text, node, key)
            continue
        found = node.member(key)
        if found is None:
            after = place(node) if place and node.members else (node.members or (None,))[-1]
            way = _Way(node, holder, braces)
            return _insert(text, way, _new(path[depth:], value, after), dialect)
        braces = braces or node.bracketed
        holder, node = found, found.value
    if holder is None or node.members is not None or isinstance(value, Mapping):
        raise EditError("holds a mapping where a value is to be set", line_number(text, node.start))
    return [_replacement(text, holder, value, dialect)]


def locate(text: str, dialect: Dialect) -> Node | None:
    """Return where the values of a text stand; None when it has none.

    Raises:
        EditError: it is no mapping.
    """
    if not text.strip():
        return None
    if dialect is HCL:
        return locate_hcl(text)
    root = locate_json(text) if dialect is JSON else locate_yaml(text)
    if root is not None and root.members is None and not root.empty:
        raise EditError("must be a mapping", line_number(text, root.start))
    return None if root is None or root.members is None else root


def _whole(text: str, dialect: Dialect, new: New) -> Sequence[Splice]:
    """Write a text that has nothing, but perhaps comments."""
    if dialect is not JSON:
        return blocks.append(text, new, dialect)
    style = below(bare("", "", dialect), dialect)
    written = member(new.key, new.value, style, dialect, block=False)
    return [Splice(0, len(text), f"{{\n{style.indent}{written}\n}}\n")]


def item_of(text: str, node: Node | None, number: int) -> Node:
    """Return an item of a sequence of mappings.

    Raises:
        EditError: there is no such item.
    """
    if node is None:
        raise EditError("must be a sequence")
    if node.items is None or number >= len(node.items):
        raise EditError("must be a sequence", line_number(text, node.start))
    if not (item := node.items[number]).members:
        raise EditError("must be a mapping", line_number(text, item.start))
    return item


def _new(path: Sequence[str | int], value: Plain, after: Member | None) -> New:
    first, *further = map(str, path)
    for key in reversed(further):
        value = {key: value}
    return New(first, value, after)


def _insert(text: str, way: _Way, new: New, dialect: Dialect) -> Sequence[Splice]:
    node, holder = way.node, way.holder
    if holder is None and dialect is HCL:
        return blocks.append(text, new, dialect)
    if node.members is None and not node.empty:
        raise EditError("must be a mapping", line_number(text, node.start))
    if holder is not None and not node.members and dialect is YAML:
        if not way.braces and not has_comment(text, node):
            return blocks.fill(text, holder, new, dialect)
        if node.empty:
            return brackets.fill(text, holder, new)
    insert = brackets.insert if node.bracketed else blocks.insert
    return insert(text, node, new, dialect)


def _replacement(text: str, holder: Member, value: Plain, dialect: Dialect) -> Splice:
    start, end = holder.value_start, holder.end
    written = dialect.scalar(value, text[start : start + 1] == '"')
    if holder.value.empty:
        start = holder.sign + 1
        end = max(holder.end, start)
        written = f" {written}"
    elif text[end - 1 : end] == "\n":  # a block scalar or a heredoc has its line's end
        written += "\r\n" if text[end - 2 : end] == "\r\n" else "\n"
    return Splice(start, end, written)
