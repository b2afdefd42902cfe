"""The line of JSON that pgtenant leaves at the end of a comment.

Comments are text that other people write as well: what stands before the line is kept, and
whatever does not have its exact shape is a human's comment, not an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

MANAGED_BY: Final = "pgtenant"
_LONGEST: Final = 1000  # characters: nothing that we write comes near it


def line_of(fields: Mapping[str, object]) -> str:
    """Render fields as the compact line, which says first whose it is."""
    whole = {"managed_by": MANAGED_BY, **fields}
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=True)


def fields_of(comment: str | None) -> Mapping[str, Any] | None:
    """Read the fields off a comment's last line; None when it is not ours.

    A line break behind it, which a YAML block leaves, is no line of its own.
    """
    if not comment:
        return None
    try:
        fields = json.loads(comment.rstrip("\n").rsplit("\n", 1)[-1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or fields.get("managed_by") != MANAGED_BY:
        return None
    return fields


def with_line(comment: str | None, line: str, *, instead: bool) -> str:
    """Return `comment` with `line` at its end.

    Bytes that are no UTF-8 can't be sent back, and are spelled out.

    Args:
        comment: as it is.
        line: ours.
        instead: whether the comment's last line is ours, and gives way.
    """
    if not comment:
        return line
    comment = comment.encode("utf-8", "backslashreplace").decode("utf-8")
    if not instead:
        return f"{comment}\n{line}"
    human, newline, _ = comment.rstrip("\n").rpartition("\n")
    return f"{human}{newline}{line}"


def text_of(value: object) -> str | None:
    """Accept what can be printed: half a surrogate or an escape sequence can't."""
    fits = isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST
    return value if isinstance(value, str) and fits else None
