"""Literals of HCL: what quoted strings and heredocs mean."""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    r"\\(?:(?P<char>[nrt\"\\])|u(?P<u4>[0-9A-Fa-f]{4})|U(?P<u8>[0-9A-Fa-f]{8})|.)|\$\$\{|%%\{"
)
_CHARS = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class BadEscapeError(ValueError):
    """A backslash sequence that HCL does not know; the argument is the sequence."""


def unescape(body: str) -> str:
    """Decode what stands between the quotes of an HCL string.

    Raises:
        BadEscapeError: a sequence is unknown, or names no Unicode character.
    """
    if "\\" not in body and "{" not in body:
        return body
    return _ESCAPE.sub(_decode, body)


def _decode(match: re.Match[str]) -> str:
    if match[0][0] != "\\":
        return match[0][1:]
    if char := match["char"]:
        return _CHARS[char]
    code = int(match["u4"] or match["u8"] or "-1", 16)
    if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise BadEscapeError(match[0])
    return chr(code)


def heredoc(body: str, *, strip: bool) -> str:
    """Decode the lines of a heredoc; each of them keeps its line break.

    Args:
        body: everything between the opening line and the closing marker's line.
        strip: the heredoc was opened with `<<-`: remove the indentation its lines share.
    """
    text = body.replace("$${", "${").replace("%%{", "%{")
    if not strip:
        return text
    lines = text.splitlines(keepends=True)
    # As HCL counts: a tab is one, and a line of nothing but space neither counts nor changes.
    counted = [line for line in lines if line.strip()]
    indent = min((len(line) - len(line.lstrip()) for line in counted), default=0)
    return "".join(line[indent:] if line.strip() else line for line in lines)
