"""SQL as text, for plans, logs and audit records."""

from __future__ import annotations

from psycopg import sql


def as_text(statement: sql.Composable) -> str:
    """Return the statement as it would be typed, quoted without asking a server.

    Every identifier and literal is quoted by libpq's rules for
    `standard_conforming_strings`, which pgtenant's sessions do not change.

    Raises:
        UnicodeEncodeError: a name in it is not valid UTF-8.
    """
    return statement.as_string(None).strip()


def advice(statement: sql.Composable) -> str:
    """Return the same, or nothing for a statement that can't be typed in UTF-8."""
    try:
        return as_text(statement)
    except UnicodeEncodeError:
        return ""


def can_be_sent(*names: str) -> bool:
    """Return whether all of `names` are valid UTF-8, and not bytes of another encoding."""
    try:
        "".join(names).encode()
    except UnicodeEncodeError:
        return False
    return True


def dollar_quoted(text: str) -> str:
    """Return a body, such as that of `DO`, between dollar quotes that do not occur in it."""
    tag = "body"
    while f"${tag}$" in text:
        tag += "_"
    return f"${tag}$\n{text}\n${tag}$"
