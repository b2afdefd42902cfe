"""HCL text to a value tree: tree-sitter parses, this module evaluates literals.

Only `application_databases` is evaluated: other variables may hold anything that is
valid HCL. tree-sitter takes line breaks for mere space, which Terraform does not, so
they are checked here.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from tree_sitter import Language, Parser

from pgtenant.catalog import hcl_diagnosis
from pgtenant.catalog.hcl_values import BadEscapeError, heredoc, unescape
from pgtenant.catalog.located import (
    MAX_DEPTH,
    TOO_DEEP,
    Invalid,
    Located,
    Object,
    Pair,
    SyntaxProblem,
    Value,
    number,
)
from pgtenant.catalog.shown import plain, quoted

if TYPE_CHECKING:
    from tree_sitter import Node

_WRAPPERS = frozenset({"expression", "literal_value", "collection_value", "template_expr"})
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# What nearly every member of an entry is; `re` is much quicker than a look at tree-sitter's nodes.
_PLAIN_MEMBER = re.compile(
    rb"""(?!(?:true|false|null)\b)([A-Za-z_][A-Za-z0-9_-]*)[ \t]*(=)[ \t]*("([^"\\$%\r\n]*)")"""
)
_STRAY = re.compile(r"[\x00\x0b\x0c]|\r(?!\n)")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}

_SAME_LINE = "must stand on one line with its `=` and the start of its value"
_SEPARATE = "must start on a line of its own, or after a comma"
_LATE_COMMA = "is followed by a comma on a later line; put the comma on the line of the value"


@cache
def _language() -> Language:
    import tree_sitter_hcl

    return Language(tree_sitter_hcl.language())


def read(text: str, wanted: str, root: Node | None = None) -> Located:
    """Read a `.tfvars` file.

    Args:
        text: the file, without byte order mark.
        wanted: the only variable whose value is evaluated; all others are None.
        root: its syntax tree, where that is known already.

    Returns:
        An `Object` of all variables.

    Raises:
        SyntaxProblem: it is not valid HCL.
    """
    return Located(Object(_variables(root or syntax(text), text.encode(), wanted)), 1)


@lru_cache(maxsize=1)
def kept_syntax(text: str) -> Node:
    """Return the same as `syntax`; the last one is kept, for the edit after a look."""
    return syntax(text)


def syntax(text: str) -> Node:
    """Return the syntax tree of a `.tfvars` file; its positions are those of the text in UTF-8.

    Args:
        text: the file, without byte order mark.

    Raises:
        SyntaxProblem: it is not valid HCL.
    """
    if stray := _STRAY.search(text):
        line = text.count("\n", 0, stray.start()) + 1
        raise SyntaxProblem(line, f"the control character {stray[0]!a} has no place in HCL")
    # A quote that is missing pairs up with the next one, lines below, and tree-sitter is content.
    if any((line.count('"') - line.count('\\"')) & 1 for line in text.split("\n")):
        hcl_diagnosis.scan(text)
    parser = Parser(_language())
    root = parser.parse(text.encode()).root_node
    if root.has_error:
        # This grammar does not know exponents; of the same length, positions stay true.
        plain_numbers = hcl_diagnosis.without_exponents(text)
        if plain_numbers != text:
            root = parser.parse(plain_numbers.encode()).root_node
        if root.has_error:
            raise hcl_diagnosis.explain(text, root)
    return root


def _variables(root: Node, source: bytes, wanted: str) -> tuple[Pair, ...]:
    reader = _Reader(source)
    pairs: list[Pair] = []
    body = next((child for child in root.children if child.type == "body"), None)
    previous: list[Node] = []
    for node in body.children if body else ():
        if node.type == "comment":
            previous.append(node)
            continue
        name_node = node.children[0]
        name = reader.text(name_node)
        line = name_node.start_point[0] + 1
        value: Value = None
        if node.type != "attribute":
            value = Invalid(
                f"is written as a block; write `{name} = ...`, a variable file has no blocks"
            )
        elif previous and not reader.broken(previous, node):
            value = Invalid("must start on a line of its own")
        elif not reader.on_one_line(parts := [c for c in node.children if c.type != "comment"]):
            value = Invalid(_SAME_LINE)
        elif name == wanted:
            value = reader.value(parts[2], 0)
        pairs.append(Pair(name, line, Located(value, line)))
        previous = [node]
    return tuple(pairs)


class _Reader:
    """Evaluates the literals of one file."""

    def __init__(self, source: bytes) -> None:
        self._source = source

    def text(self, node: Node) -> str:
        return self._source[node.start_byte : node.end_byte].decode()

    def on_one_line(self, parts: list[Node]) -> bool:
        """Whether the last part starts on the line where the first one ends."""
        return b"\n" not in self._source[parts[0].end_byte : parts[-1].start_byte]

    def broken(self, before: list[Node], node: Node) -> bool:
        """Whether a line break stands between an element, comments after it, and `node`.

        A break inside `/* */` is none; the one that ends `#` or `//` is.
        """
        position = before[0].end_byte
        for comment in before[1:]:
            start = comment.start_byte
            if not self._source.startswith(b"/*", start) or b"\n" in self._source[position:start]:
                return True
            position = comment.end_byte
        return b"\n" in self._source[position : node.start_byte]

    def value(self, node: Node, depth: int) -> Value:  # noqa: PLR0911 - one return per kind of literal
        if depth > MAX_DEPTH:
            return Invalid(TOO_DEEP)
        inner = unwrapped(node)
        match inner.type:
            case "string_lit":
                return self._string(inner)
            case "object":
                return Object(self._pairs(inner, depth + 1))
            case "tuple":
                return tuple(
                    Located(self.value(item, depth + 1), item.start_point[0] + 1)
                    for item in inner.children
                    if item.type == "expression"
                )
            case "numeric_lit":
                return self._number(inner, "")
            case "bool_lit" | "null_lit":
                return _CONSTANTS[self.text(inner)]
            case "unary_operation" if self._is_negative_number(inner):
                return self._number(unwrapped(inner.children[1]), "-")
            case "heredoc_template":
                return self._heredoc(inner)
            case _:
                return Invalid(self._not_literal(inner))

    def _is_negative_number(self, node: Node) -> bool:
        parts = node.children
        return (
            len(parts) == 2
            and parts[0].type == "-"
            and unwrapped(parts[1]).type == "numeric_lit"
            and self.on_one_line(parts)
        )

    def _number(self, node: Node, sign: str) -> Value:
        text = self.text(node)
        if not _NUMBER.fullmatch(text):
            return Invalid(f"is not a decimal number: {quoted(text)}")
        return number(sign + text)

    def _string(self, node: Node) -> Value:
        body = self._source[node.start_byte + 1 : node.end_byte - 1].decode()
        if "\n" in body:
            line = node.start_point[0] + 1
            raise SyntaxProblem(
                line, 'a string is not closed: its second `"` is missing on this line'
            )
        try:
            return unescape(body)
        except BadEscapeError as error:
            return Invalid(f"has an escape sequence that HCL does not know: {quoted(str(error))}")

    def _heredoc(self, node: Node) -> Value:
        start, opening, *parts, closing = node.children
        if any(part.type != "template_literal" for part in parts):
            return Invalid(self._not_literal(node))
        first = self._source.index(b"\n", opening.end_byte) + 1
        if self._source[opening.end_byte : first] not in {b"\n", b"\r\n"}:
            return Invalid("has text after the marker that opens its heredoc")
        last = self._source.rindex(b"\n", 0, closing.start_byte) + 1
        return heredoc(self._source[first:last].decode(), strip=self.text(start) == "<<-")

    def _pairs(self, node: Node, depth: int) -> tuple[Pair, ...]:
        pairs: list[Pair] = []
        before: list[Node] = []
        comma = False
        for child in node.children:
            if child.type == "comment":
                before.append(child)
            elif child.type == ",":
                if pairs and self.broken(before, child):
                    pairs[-1] = Pair(
                        pairs[-1].key, pairs[-1].line, Located(Invalid(_LATE_COMMA), pairs[-1].line)
                    )
                comma = True
            elif child.type == "object_elem":
                pair = self._pair(child, depth)
                if pairs and not comma and not self.broken(before, child):
                    pair = Pair(pair.key, pair.line, Located(Invalid(_SEPARATE), pair.line))
                pairs.append(pair)
                before = [child]
                comma = False
        return tuple(pairs)

    def _pair(self, node: Node, depth: int) -> Pair:
        if found := plain_member(self._source, node):
            line = node.start_point[0] + 1
            return Pair(found[1].decode(), line, Located(found[4].decode(), line))
        parts = [child for child in node.children if child.type != "comment"]
        line = parts[0].start_point[0] + 1
        key = unwrapped(parts[0])
        shown = self.text(parts[0])
        if key.type == "string_lit":
            value = self._string(key)
        elif key.type == "variable_expr" and parts[0].children[0].type != "(":
            value = shown
        else:
            value = Invalid("is not a plain name or a quoted string")
        if not isinstance(value, str):
            reason = value.reason if isinstance(value, Invalid) else "is no name"
            return Pair(shown, line, Located(Invalid(f"{reason}; a key must be written out"), line))
        if not self.on_one_line(parts):
            return Pair(value, line, Located(Invalid(_SAME_LINE), line))
        return Pair(value, line, Located(self.value(parts[2], depth), line))

    def _not_literal(self, node: Node) -> str:
        text = self.text(node)
        if node.type in {"quoted_template", "heredoc_template"}:
            return (
                f"holds a template that only Terraform can evaluate, `{plain(text)}`; write the "
                "value out (a literal `${` is written `$${`, and `%{` is written `%%{`)"
            )
        if node.type == "variable_expr":
            known = text.lower()
            wanted = known if known in _CONSTANTS else quoted(text)
            return f"is the bare word `{plain(text)}`; write {wanted}"
        return f"must be written out, `{plain(text)}` is an expression"


def plain_member(source: bytes, node: Node) -> re.Match[bytes] | None:
    """Return a member of an object that is no more than a name and a string without escapes.

    Returns:
        The name, the `=`, the string, and what is in the string; None for any other member.
    """
    return _PLAIN_MEMBER.fullmatch(source, node.start_byte, node.end_byte)


def unwrapped(node: Node) -> Node:
    """Go down to the node that says what an expression is, through parentheses too."""
    while node.type in _WRAPPERS or node.type == "operation":
        children = node.children
        if len(children) == 1:
            node = children[0]
        elif len(children) == 3 and children[0].type == "(":
            node = children[1]
        else:
            return node
    return node
