"""How a piece of a catalog appears in a message: short, ASCII, no control characters.

A hostile value must neither move the reader's cursor nor look like another one.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from pgtenant.nearest import closest

if TYPE_CHECKING:
    from collections.abc import Iterable

LIMIT = 60


def plain(text: str, limit: int = LIMIT) -> str:
    """Escape everything but printable ASCII and cut after `limit` characters."""
    escaped = text[:limit].encode("unicode_escape").decode("ascii")
    return escaped if len(text) <= limit else escaped + "..."


def quoted(text: str, limit: int = LIMIT) -> str:
    """Show a string between double quotes, escaped and cut."""
    return '"' + plain(text, limit).replace('"', '\\"') + '"'


def character(char: str) -> str:
    """Show one character so that a look-alike cannot hide."""
    if char == "\n":
        return "a line break ('\\n')"
    if char == " ":
        return "a space"
    shown = ascii(char)
    if ord(char) < 128:
        return shown
    name = unicodedata.name(char, "")
    return f"{shown} (U+{ord(char):04X}{' ' + name if name else ''})"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean "x"?`, or an empty string when nothing is near."""
    found = closest(name.lower().replace("-", "_"), known, cutoff=0.7)
    return f"; did you mean {quoted(found)}?" if found else ""
