"""The tokens of HCL, for explaining errors: finds what has no end and what has no meaning."""

from __future__ import annotations

import re
from typing import NamedTuple

from pgtenant.catalog.located import SyntaxProblem
from pgtenant.catalog.shown import character


class Token(NamedTuple):
    """A piece of HCL.

    Attributes:
        kind: name, number, exponent, string, heredoc, open, close, op or newline.
        start: offset in the text, in characters.
        text: the piece itself.
    """

    kind: str
    start: int
    text: str


_TOKEN = re.compile(
    r"""(?P<newline>\n)
      | (?P<skip>[ \t\r]+|(?:\#|//)[^\n]*|/\*.*?\*/)
      | (?P<heredoc><<-?(?P<marker>[^\W\d][\w-]*)[^\n]*\n)
      | (?P<name>[^\W\d][\w-]*)
      | (?P<exponent>\d+(?:\.\d+)?[eE][+-]?\d+)
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<open>[{\[(])
      | (?P<close>[}\])])
      | (?P<quote>")
      | (?P<unclosed>/\*)
      | (?P<op>=>|==|!=|<=|>=|&&|\|\||::|\.\.\.|[=:,.?!<>+\-*/%~])
    """,
    re.VERBOSE | re.DOTALL,
)
_STRING_PART = re.compile(
    r"""(?:[^"\\\n$%] | \$\$\{ | %%\{ | \$(?!\{) | %(?!\{)
      | \\(?:[nrt"\\]|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}))*""",
    re.VERBOSE,
)
_HINTS = {
    "'": "single quotes make no string in HCL; use double quotes",
    "\u2018": 'typographic quotes make no string; use `"`',
    "\u2019": 'typographic quotes make no string; use `"`',
    "\u201c": 'typographic quotes make no string; use `"`',
    "\u201d": 'typographic quotes make no string; use `"`',
    "`": "backquotes make no string in HCL; use double quotes",
    ";": "HCL separates with line breaks or commas, not with `;`",
}


def line_starts(text: str) -> list[int]:
    """Return the offset at which each line starts; line 1 starts at 0."""
    return [0, *(match.end() for match in re.finditer("\n", text))]


def scan(text: str) -> list[Token]:
    """Split a text into tokens; templates inside strings belong to their string.

    Raises:
        SyntaxProblem: a string, heredoc or comment does not end, or a character means nothing.
    """
    return _Scanner(text).tokens()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[Token] = []
        # For each open bracket None, for the `${` of a string the offset of that string.
        self._stack: list[int | None] = []
        self._templates = 0

    def tokens(self) -> list[Token]:
        position = 0
        while position < len(self._text):
            position = self._next(position)
        if self._templates:
            start = next(start for start in self._stack if start is not None)
            message = "a template `${` or `%{` in a string is not closed"
            raise _problem(self._text, start, message)
        return self._tokens

    def _next(self, position: int) -> int:
        """Take one token; returns where the next one starts."""
        match = _TOKEN.match(self._text, position)
        if match is None or match.lastgroup is None:
            raise _meaningless(self._text, position)
        kind = match.lastgroup
        end = match.end()
        if kind == "skip":
            return end
        if kind == "quote":
            return self._string(position, end)
        if kind == "unclosed":
            message = "a comment opened with `/*` on this line is not closed"
            raise _problem(self._text, position, message)
        if kind == "heredoc":
            end = _heredoc_end(self._text, match)
        elif kind == "open":
            self._stack.append(None)
        elif kind == "close" and self._stack:
            start = self._stack.pop()
            if start is not None:
                self._templates -= 1
                return self._string(start, end)
        self._add(Token(kind, position, match[0]))
        return end

    def _add(self, token: Token) -> None:
        if not self._templates:
            self._tokens.append(token)

    def _string(self, start: int, position: int) -> int:
        """Go on in a string, to its end or to its next template; returns where to go on."""
        text = self._text
        part = _STRING_PART.match(text, position)
        end = part.end() if part else position
        match text[end : end + 1]:
            case '"':
                self._add(Token("string", start, text[start : end + 1]))
                return end + 1
            case "$" | "%":
                self._stack.append(start)
                self._templates += 1
                return end + 2
            case "\\":
                shown = ascii(text[end : end + 2])[1:-1].replace("\\\\", "\\")
                message = f"a string has an escape sequence that HCL does not know: `{shown}`"
                raise _problem(text, end, message)
            case _:
                message = 'a string is not closed: its second `"` is missing on this line'
                raise _problem(text, start, message)


def _heredoc_end(text: str, match: re.Match[str]) -> int:
    marker = match["marker"]
    closing = re.compile(rf"^[ \t]*{re.escape(marker)}[ \t]*\r?$", re.MULTILINE)
    end = closing.search(text, match.end())
    if end is None:
        shown = character(marker) if len(marker) == 1 else ascii(marker)[1:-1][:40]
        raise _problem(
            text, match.start(), f"a heredoc is not closed: no line below holds only `{shown}`"
        )
    return end.end()


def _meaningless(text: str, position: int) -> SyntaxProblem:
    char = text[position]
    return _problem(text, position, _HINTS.get(char) or f"{character(char)} has no meaning in HCL")


def _problem(text: str, offset: int, message: str) -> SyntaxProblem:
    return SyntaxProblem(text.count("\n", 0, offset) + 1, message)
