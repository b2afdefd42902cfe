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


def scan(text: str) -> list[Token]:  # noqa: C901, PLR0912 - one branch per kind of token
    """Split a text into tokens; templates inside strings belong to their string.

    Raises:
        SyntaxProblem: a string, heredoc or comment does not end, or a character means nothing.
    """
    tokens: list[Token] = []
    # The open brackets, of which a string's own `${` is one, with the string's start.
    stack: list[tuple[str, int]] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _meaningless(text, position)
        kind = (match["heredoc"] and "heredoc") or match.lastgroup
        position = match.end()
        match kind:
            case "skip":
                continue
            case "quote":
                position = _string(text, match.start(), position, tokens, stack)
                continue
            case "unclosed":
                raise _problem(
                    text, match.start(), "a comment opened with `/*` on this line is not closed"
                )
            case "heredoc":
                position = _heredoc_end(text, match)
            case "open":
                stack.append((match[0], match.start()))
            case "close" if stack:
                bracket, start = stack.pop()
                if bracket == "${":
                    position = _string(text, start, position, tokens, stack)
                    continue
            case _:
                pass
        if not any(bracket == "${" for bracket, _ in stack):
            tokens.append(Token(kind, match.start(), match[0]))
    for bracket, start in stack:
        if bracket == "${":
            raise _problem(text, start, "a template `${` or `%{` in a string is not closed")
    return tokens


def _string(
    text: str, start: int, position: int, tokens: list[Token], stack: list[tuple[str, int]]
) -> int:
    """Go on in a string, to its end or to its next template; returns where to go on."""
    part = _STRING_PART.match(text, position)
    end = part.end() if part else position
    match text[end : end + 1]:
        case '"':
            if not any(bracket == "${" for bracket, _ in stack):
                tokens.append(Token("string", start, text[start : end + 1]))
            return end + 1
        case "$" | "%":
            stack.append(("${", start))
            return end + 2
        case "\\":
            shown = ascii(text[end : end + 2])[1:-1].replace("\\\\", "\\")
            raise _problem(
                text, end, f"a string has an escape sequence that HCL does not know: `{shown}`"
            )
        case _:
            raise _problem(
                text, start, 'a string is not closed: its second `"` is missing on this line'
            )


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
