"""Texts to trees of places, one function for each language.

The texts are those that the readers of `catalog` have accepted.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import yaml

from pgtenant.catalog.edit.tree import Member, Node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node as Syntax
    from yaml.events import Event

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
# What stands between the place of a block with an anchor or a tag, and the block.
_PROPERTIES: Final = re.compile(r"(?:[&!]\S*|#[^\n]*|\s+)*")
_JSON_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


def locate_hcl(text: str) -> Node:
    """Locate the variables of a `.tfvars` file, and what is in those that are objects."""
    from pgtenant.catalog.hcl import kept_syntax

    return _Hcl(text).root(kept_syntax(text))


class _Hcl:
    """Turns tree-sitter's nodes into ours; it counts bytes, we count characters."""

    def __init__(self, text: str) -> None:
        self._ascii = text.isascii()
        self._source = text.encode()
        self._length = len(text)
        # The last place that was asked for: they come in order, or nearly so.
        self._byte = self._char = 0

    def root(self, root: Syntax) -> Node:
        body = next((child for child in root.children if child.type == "body"), None)
        attributes = [one for one in body.children if one.type == "attribute"] if body else []
        return Node(0, self._length, tuple(self._member(one) for one in attributes))

    def _at(self, offset: int) -> int:
        if self._ascii:
            return offset
        if offset < self._byte:
            self._byte = self._char = 0
        self._char += len(self._source[self._byte : offset].decode())
        self._byte = offset
        return self._char

    def _member(self, node: Syntax) -> Member:
        from pgtenant.catalog.hcl import plain_member, unwrapped

        if found := plain_member(self._source, node):
            start, key_end, at, first, last = (
                self._at(p) for p in (*found.span(1), found.start(2), *found.span(3))
            )
            key = found[1].decode()
            return Member(key, start, key_end, at, first, last, Node(first, last))
        name, sign, value = (child for child in node.children if child.type != "comment")
        start, key_end, at = (
            self._at(p) for p in (name.start_byte, name.end_byte, sign.start_byte)
        )
        value_start = self._at(value.start_byte)
        written = (name.text or b"").decode()
        return Member(
            key=_unquoted(written),
            start=start,
            key_end=key_end,
            sign=at,
            value_start=value_start,
            value=self._value(unwrapped(value)),
            end=self._at(value.end_byte),
        )

    def _value(self, node: Syntax) -> Node:
        start = self._at(node.start_byte)
        members = None
        if node.type == "object":
            members = tuple(
                self._member(child) for child in node.children if child.type == "object_elem"
            )
        return Node(start, self._at(node.end_byte), members, bracketed=members is not None)


def _unquoted(written: str) -> str:
    from pgtenant.catalog.hcl_values import BadEscapeError, unescape

    try:
        return unescape(written[1:-1]) if written.startswith('"') else written
    except BadEscapeError:
        return written


def locate_json(text: str) -> Node:
    """Locate the values of a JSON file."""
    tokens = _JSON_TOKEN.finditer(text)
    return _json_value(next(tokens), tokens)


def _json_value(token: re.Match[str], tokens: Iterator[re.Match[str]]) -> Node:
    match token[0]:
        case "{":
            members: list[Member] = []
            while (key := next(tokens))[0] != "}":
                if key[0] == ",":
                    continue
                sign = next(tokens)
                value = _json_value(next(tokens), tokens)
                members.append(
                    Member(
                        key=json.loads(key[0], strict=False),
                        start=key.start(),
                        key_end=key.end(),
                        sign=sign.start(),
                        value_start=value.start,
                        end=value.end,
                        value=value,
                    )
                )
            return Node(token.start(), key.end(), tuple(members), bracketed=True)
        case "[":
            while (item := next(tokens))[0] != "]":
                if item[0] != ",":
                    _json_value(item, tokens)
            return Node(token.start(), item.end())
        case _:
            return Node(token.start(), token.end())


def locate_yaml(text: str) -> Node | None:
    """Locate the values of a YAML file; None when it has no document."""
    loader = yaml.CSafeLoader(text)
    try:
        events = iter(loader.get_event, None)
        next(events)
        if isinstance(next(events), yaml.StreamEndEvent):
            return None
        return _yaml_value(text, next(events), events)
    finally:
        loader.dispose()


def _yaml_value(text: str, event: Event, events: Iterator[Event]) -> Node:
    start, end = _span(event)
    if text[start : start + 1] in {"&", "!"} and isinstance(event, yaml.CollectionStartEvent):
        start = _after_properties(text, start)
    if isinstance(event, yaml.MappingStartEvent):
        members: list[Member] = []
        while not isinstance(key := next(events), yaml.MappingEndEvent):
            located = _yaml_value(text, key, events)
            value = _yaml_value(text, next(events), events)
            name = key.value if isinstance(key, yaml.ScalarEvent) else "?"
            sign = text.find(":", located.end)
            members.append(
                Member(name, start=located.start, key_end=located.end, sign=sign,
                       value_start=value.start, end=value.end, value=value)
            )  # fmt: skip
        if event.flow_style:
            return Node(start, _span(key)[1], tuple(members), bracketed=True)
        # libyaml ends a block where the next thing starts.
        return Node(start, members[-1].end if members else end, tuple(members))
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Node] = []
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            items.append(_yaml_value(text, item, events))
        if event.flow_style:
            return Node(start, _span(item)[1], items=tuple(items), bracketed=True)
        return Node(start, items[-1].end if items else end, items=tuple(items))
    null = isinstance(event, yaml.ScalarEvent) and event.implicit[0] and event.value in _NULLS
    return Node(start, end, empty=null)


def _after_properties(text: str, start: int) -> int:
    found = _PROPERTIES.match(text, start)
    return found.end() if found else start


def _span(event: Event) -> tuple[int, int]:
    # Only events that somebody made up have no marks.
    return (
        event.start_mark.index if event.start_mark else 0,
        event.end_mark.index if event.end_mark else 0,
    )
