"""SQL as text, for plans, logs and audit records."""

from __future__ import annotations

from psycopg import sql


def as_text(statement: sql.Composable) -> str:
    """Return the statement as it would be typed, quoted without asking a server.

    Every identifier and literal is quoted by libpq's rules for
    `standard_conforming_strings`, which pgtenant's sessions do not change.
    """
    return statement.as_string(None).strip()
