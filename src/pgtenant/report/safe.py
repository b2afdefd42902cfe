"""Text from elsewhere, made harmless to look at.

Whoever may create a table decides its name, and a terminal obeys what is printed on it.
"""

from __future__ import annotations

import re
from typing import Final

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_$.-]+", re.ASCII)


def shown(text: str) -> str:
    r"""Return `text` on one line, with everything that is not a visible character escaped.

    Control characters, line breaks, bidirectional overrides, zero-width characters and lone
    surrogates become `\x1b`, `\n`, `\u202e`, ...; what can be read stays as it is.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def name(text: str) -> str:
    """Return the name of an object for the middle of a sentence.

    A name that could be taken for something else (spaces, commas, letters beyond ASCII that
    look like others) stands in double quotes, as in SQL.
    """
    if _PLAIN_NAME.fullmatch(text):
        return text
    quoted = shown(text).replace('"', '""')
    return f'"{quoted}"'


def encodable(text: str) -> str:
    r"""Return `text` so that UTF-8 can hold it: a lone surrogate becomes `\udc80` in letters."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
