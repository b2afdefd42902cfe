"""Why a text is not HCL, for people: runs when tree-sitter has found an error.

A parser knows where it gave up, which is often lines below the mistake. This looks for
the mistakes that people make, in the order in which one hides another: strings that do
not end, brackets that do not match, then the form of the items.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgtenant.catalog.hcl_scan import Token, line_starts, scan
from pgtenant.catalog.located import SyntaxProblem
from pgtenant.catalog.shown import plain, quoted

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["explain", "scan", "without_exponents"]

_CLOSING = {"{": "}", "[": "]", "(": ")"}
_VALUE_ENDS = frozenset({"string", "number", "close", "heredoc"})


def without_exponents(text: str) -> str:
    """Replace numbers with an exponent by plain ones of the same length.

    Raises:
        SyntaxProblem: the text does not even consist of HCL's tokens.
    """
    exponents = [token for token in scan(text) if token.kind == "exponent"]
    pieces: list[str] = []
    done = 0
    for token in exponents:
        pieces += text[done : token.start], "1" * len(token.text)
        done = token.start + len(token.text)
    return "".join([*pieces, text[done:]])


def explain(text: str, root: Node) -> SyntaxProblem:
    """Return the one problem to report about a text that has a syntax error.

    Args:
        text: the whole file.
        root: tree-sitter's tree of it, with errors.
    """
    lines = _Lines(text)
    tokens = scan(text)
    try:
        _check_brackets(tokens, lines)
        _check_items(tokens, lines)
    except SyntaxProblem as problem:
        return problem
    row = _first_error(root).start_point[0]
    shown = quoted(text.split("\n")[row].strip())
    return SyntaxProblem(row + 1, f"this cannot be read as HCL: {shown}")


def _first_error(root: Node) -> Node:
    node = root
    while True:
        faulty = [child for child in node.children if child.has_error or child.is_missing]
        if not faulty:
            return node
        node = faulty[0]


class _Lines:
    """Lines of a text: number and indentation at an offset."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = line_starts(text)

    def number(self, offset: int) -> int:
        return bisect_right(self._starts, offset)

    def indent(self, offset: int) -> int:
        start = self._starts[self.number(offset) - 1]
        rest = self.text[start : offset + 1]
        return len(rest) - len(rest.lstrip(" \t"))

    def is_first(self, offset: int) -> bool:
        start = self._starts[self.number(offset) - 1]
        return not self.text[start:offset].strip()


def _check_brackets(tokens: list[Token], lines: _Lines) -> None:
    stack: list[Token] = []
    # Where indentation contradicts the pairing: usually the true place of the mistake.
    unclosed: Token | None = None
    surplus: Token | None = None
    for token in tokens:
        if token.kind == "open":
            stack.append(token)
        elif token.kind == "close":
            if not stack:
                raise _surplus(surplus or token, lines)
            opener = stack.pop()
            if _CLOSING[opener.text] != token.text:
                raise _unclosed(
                    opener, lines, f"before the `{token.text}` on line {lines.number(token.start)}"
                )
            if lines.is_first(token.start):
                inner, outer = lines.indent(token.start), lines.indent(opener.start)
                if inner < outer:
                    unclosed = unclosed or opener
                elif inner > outer:
                    surplus = surplus or token
    if stack:
        raise _unclosed(unclosed or stack[-1], lines, "")


def _surplus(token: Token, lines: _Lines) -> SyntaxProblem:
    message = (
        f"`{token.text}` closes nothing: there is one too many, or its opening bracket is missing"
    )
    return SyntaxProblem(lines.number(token.start), message)


def _unclosed(opener: Token, lines: _Lines, where: str) -> SyntaxProblem:
    message = f"the `{opener.text}` opened on this line is not closed {where}".rstrip()
    return SyntaxProblem(lines.number(opener.start), f"{message}: add a `{_CLOSING[opener.text]}`")


@dataclass(slots=True)
class _Level:
    """What one bracket level (the file itself is "") expects next."""

    bracket: str
    state: str = "key"
    last: Token | None = None
    key: Token | None = None


def _check_items(tokens: list[Token], lines: _Lines) -> None:
    levels = [_Level("")]
    for index, token in enumerate(tokens):
        level = levels[-1]
        if token.kind == "open":
            _step(level, token, lines)
            loop = _following(tokens, index).text == "for"
            levels.append(_Level("for" if loop else token.text))
        elif token.kind == "close":
            _end_item(level, token, lines)
            levels.pop()
            levels[-1].last = token
        else:
            _step(level, token, lines)
    _end_item(levels[0], Token("newline", len(lines.text), ""), lines)


def _following(tokens: list[Token], index: int) -> Token:
    for position in range(index + 1, len(tokens)):
        if tokens[position].kind != "newline":
            return tokens[position]
    return tokens[index]


def _step(level: _Level, token: Token, lines: _Lines) -> None:
    if level.bracket in {"for", "("}:
        return
    if level.bracket == "[":
        _step_list(level, token, lines)
    elif token.kind == "newline" or token.text == ",":
        if token.text == "," and level.state == "key":
            raise SyntaxProblem(lines.number(token.start), "there is a comma too many")
        if token.text == "," and not level.bracket:
            raise SyntaxProblem(lines.number(token.start), "a comma has no place between variables")
        _end_item(level, token, lines)
    else:
        _step_item(level, token, lines)


def _step_list(level: _Level, token: Token, lines: _Lines) -> None:
    if token.kind == "newline":
        return
    last = level.last
    if token.text == "," and (last is None or last.text == ","):
        raise SyntaxProblem(lines.number(token.start), "there is a comma too many")
    starts = token.kind in {"string", "number", "heredoc"} or token.text == "{"
    if starts and last is not None and last.kind in _VALUE_ENDS:
        message = f"a comma is missing before {_show(token)}"
        raise SyntaxProblem(lines.number(token.start), message)
    level.last = token


def _step_item(level: _Level, token: Token, lines: _Lines) -> None:
    line = lines.number(token.start)
    if level.state == "key":
        if token.kind == "op":
            raise SyntaxProblem(line, f"a name is expected here, not {_show(token)}")
        level.state, level.key = "assign", token
    elif level.state == "assign":
        if token.text not in {"=", ":"} and level.key is not None and level.key.kind != "open":
            raise SyntaxProblem(
                line, f"`=` is missing between {_show(level.key)} and {_show(token)}"
            )
        if token.text in {"=", ":"}:
            level.state, level.last = "value", None
    else:
        last = level.last
        starts = token.kind in {"string", "number", "name", "heredoc"} or token.text == "{"
        if starts and last is not None and last.kind in _VALUE_ENDS:
            message = f"a comma or a line break is missing before {_show(token)}"
            raise SyntaxProblem(line, message)
        level.last = token


def _end_item(level: _Level, token: Token, lines: _Lines) -> None:
    if level.bracket not in {"", "{"}:
        return
    if level.key is not None and level.state == "assign":
        if level.key.kind != "open":
            message = f"{_show(level.key)} has no value: `= ...` is missing"
            raise SyntaxProblem(lines.number(level.key.start), message)
    elif level.key is not None and level.state == "value" and level.last is None:
        message = f"{_show(level.key)} has no value after its `=`"
        raise SyntaxProblem(lines.number(level.key.start), message)
    if token.kind != "close":
        level.state, level.key, level.last = "key", None, None


def _show(token: Token) -> str:
    return f"`{plain(token.text.split(chr(10))[0], 40)}`"
