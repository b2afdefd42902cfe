"""A change's SQL, for people and for programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from psycopg import sql

from pgtenant.planning.changes import Change
from pgtenant.planning.sql.render import Verbatim, render
from pgtenant.planning.sql.text import as_text
from pgtenant.report.safe import encodable, shown

# A run of characters that no line break may divide: quoted text counts as one.
_ATOM: Final = re.compile(r"""(?:"(?:[^"]|"")*"|'(?:[^'\\]|\\.|'')*'|\S)+""", re.DOTALL)

_KEPT: Final = 1 << 16
"""Changes: a run asks for the text of each when it plans it, and again when it records it."""


@lru_cache(_KEPT)
def statements_of(change: Change) -> str:
    r"""Return the exact statements of a change, each ended by `;` and a line break.

    A password's verifier is the psql variable `:'<role>_verifier'`. The loan of the owner's
    role around the statements is the transaction's and not part of it.
    """
    return "".join(f"{text}\n" for text, _ in _texts(change))


def sql_lines(change: Change, width: int) -> Iterator[str]:
    """Yield the statements for reading: wrapped, with invisible characters escaped.

    Args:
        change: the change.
        width: the most columns; a longer name or literal is not divided.
    """
    for text, verbatim in _texts(change):
        if verbatim:
            yield from (shown(line.expandtabs(4).rstrip()) for line in text.split("\n"))
        else:
            yield from wrapped(text, width)


def wrapped(statement: str, width: int) -> Iterator[str]:
    """Yield one statement in lines, broken only where SQL takes a line break for a space."""
    line = ""
    for match in _ATOM.finditer(statement):
        atom = shown(match.group())
        if not line:
            line = atom
        elif len(line) + 1 + len(atom) <= width:
            line = f"{line} {atom}"
        else:
            yield line
            line = f"  {atom}"
    yield line


def ended(text: str) -> str:
    """Return a schema's text with its last statement ended, and no comment swallowing the `;`."""
    text = text.strip()
    last = text.rpartition("\n")[2]
    return text if text.endswith(";") and "--" not in last else f"{text}\n;"


def _texts(change: Change) -> Iterator[tuple[str, bool]]:
    for statement in render(change):
        verbatim = isinstance(statement.text, Verbatim)
        text = _text(statement.text)
        yield (ended(text), True) if verbatim else (f"{text};", False)


def _text(statement: sql.Composable) -> str:
    try:
        return as_text(statement)
    except UnicodeEncodeError:
        return f"/* cannot be written as SQL: not Unicode: {_comment(statement)} */"


def _comment(statement: sql.Composable) -> str:
    # Only for the eye; the end of the comment must not come from a name.
    return shown(encodable(repr(statement))).replace("*/", "* /").replace("/*", "/ *")
