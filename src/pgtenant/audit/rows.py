r"""Audit records as lines of CSV, and back; pure.

RFC 4180 quoting, but lines end in `\n`: the file is kept in git, and the documents' own
example has it so. Three rules keep the file safe for whoever reads it:

* **One record is one line.** Names and messages come from servers; characters that do not
  print (line ends, escape sequences, bidirectional controls, lone surrogates) are written as
  `\n`, `\x1b`, `\u202e`, and a backslash as `\\`.
* **No cell is a formula.** Spreadsheets execute cells that start with `=`, `+`, `-` or `@`
  (full-width ones as well); such a cell starts with `'` instead, which they take for "this is
  text". So that nothing is lost, a cell that starts with `'` gets another one.
* **No cell is too long.** It ends with its 32767th character, which is where spreadsheets stop.

`read_rows` undoes the first two.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Final

from pgtenant.audit.record import COLUMNS, Record

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER: Final = ",".join(COLUMNS) + "\n"

_MARKED: Final = ("'", "=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
MOST_CHARACTERS: Final = 32_767
_NAMED: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\"}
_ESCAPE: Final = re.compile(
    r"\\(?:([nrt\\])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))", re.ASCII
)
_UNNAMED: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def render_rows(records: Iterable[Record]) -> str:
    """Return the lines of records, without a header."""
    return render_values(record.as_dict().values() for record in records)


def render_values(rows: Iterable[Iterable[str | int]]) -> str:
    """Return the lines of rows that are given by their values, in the columns' order."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(
        [value if isinstance(value, int) else escape_cell(value) for value in row] for row in rows
    )
    return out.getvalue()


def read_rows(text: str) -> tuple[dict[str, str], ...]:
    """Return the rows of an audit file by column, with escapes undone.

    A row that a crash has torn (see `repair`) has empty columns; it is returned as it is.

    Args:
        text: the file's text, with its header.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), restval="")
    return tuple({name: unescape_cell(row.get(name) or "") for name in COLUMNS} for row in rows)


def escape_cell(value: str) -> str:
    """Return a value as the cell holds it; quoting is not included."""
    if not value.isprintable() or "\\" in value:
        value = "".join(
            character if character.isprintable() and character != "\\" else _escape(character)
            for character in value
        )
    return (f"'{value}" if value.startswith(_MARKED) else value)[:MOST_CHARACTERS]


def unescape_cell(cell: str) -> str:
    """Return the value that a cell was made from."""
    value = cell[1:] if cell.startswith("'") and cell[1:].startswith(_MARKED) else cell
    return _ESCAPE.sub(_unescape, value)


def repair(torn: str) -> str:
    r"""Return what has to follow a last line that a crash has cut off, to make it a whole row.

    An open quote is closed, because it would swallow the rows that follow; columns that are
    missing are added, the last of them saying why. Nothing that was written is lost.

    Args:
        torn: the last line, without a line end.
    """
    # Records are one line each, so the quotes of a whole record are even in number.
    closing = '"' if torn.count('"') % 2 else ""
    # Every second piece between quotes is outside of them.
    cells = 1 + sum(piece.count(",") for piece in torn.split('"')[::2])
    missing = len(COLUMNS) - cells
    return closing + ("," * missing + "incomplete: the run was cut off here" * (missing > 0)) + "\n"


def _escape(character: str) -> str:
    code = ord(character)
    if named := _NAMED.get(character):
        return named
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _unescape(match: re.Match[str]) -> str:
    if named := match[1]:
        return _UNNAMED[named]
    return chr(int(match[2] or match[3] or match[4], 16))
