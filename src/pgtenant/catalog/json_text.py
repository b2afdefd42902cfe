"""JSON text to a value tree.

The decoder of the standard library decides what the text means. It keeps no positions;
the tokens of a text that it accepted come in the same order as its values, so a second
walk gives each value its line.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

from pgtenant.catalog.located import (
    MAX_DEPTH,
    TOO_DEEP,
    Invalid,
    Located,
    Object,
    Pair,
    SyntaxProblem,
    number,
)
from pgtenant.catalog.shown import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from pgtenant.catalog.located import Value

_TOKEN = re.compile(r'(?P<newline>\n)|(?P<string>"(?:[^"\\]|\\.)*")|[\[{]|[^\s\[\]{}:,"]+')


class _Pairs(list[tuple[str, object]]):
    """The members of an object; a list of its own type, to tell it from an array."""


def read(text: str) -> Located:
    """Read a JSON file.

    Args:
        text: the file, without byte order mark.

    Returns:
        The top-level value.

    Raises:
        SyntaxProblem: it is not valid JSON.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_Pairs,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        told = _as_python_3_13(error)
        message = f"this is not valid JSON: {told.msg} (column {told.colno})"
        raise SyntaxProblem(told.lineno, message) from error
    except RecursionError as error:
        raise SyntaxProblem(0, f"the file {TOO_DEEP}") from error
    return _locate(value, _lines(text), 0)


def _as_python_3_13(error: json.JSONDecodeError) -> json.JSONDecodeError:
    """Return the error with a trailing comma called that, and at its own place.

    Before Python 3.13 it is what follows the comma that is complained about, maybe lines below.
    """
    before = error.doc[: error.pos].rstrip()
    end = {"}": "object", "]": "array"}.get(error.doc[error.pos : error.pos + 1])
    if end is None or not before.endswith(","):
        return error
    message = f"Illegal trailing comma before end of {end}"
    return json.JSONDecodeError(message, error.doc, len(before) - 1)


def _number(text: str) -> int | Decimal | Invalid:
    # Longer ones are no catalog's, and the interpreter refuses to turn them into an int.
    return number(text) if len(text) <= 100 else Invalid(f"is a number of {len(text)} digits")


def _constant(text: str) -> Invalid:
    return Invalid(f"is {plain(text)}, which is not JSON")


def _lines(text: str) -> Iterator[int]:
    """Yield the line of each value and key, in the order of the text."""
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "newline":
            line += 1
        else:
            yield line


def _locate(value: object, lines: Iterator[int], depth: int) -> Located:
    if depth > MAX_DEPTH:
        raise SyntaxProblem(next(lines), f"the file {TOO_DEEP}")
    line = next(lines)
    if isinstance(value, _Pairs):
        pairs = []
        for key, item in value:
            key_line = next(lines)
            pairs.append(Pair(key, key_line, _locate(item, lines, depth + 1)))
        return Located(Object(tuple(pairs)), line)
    if isinstance(value, list):
        return Located(tuple(_locate(item, lines, depth + 1) for item in value), line)
    # What else the decoder makes are the scalars of a value tree.
    return Located(cast("Value", value), line)
