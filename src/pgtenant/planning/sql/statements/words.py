"""The parts that statements share: keywords, privileges, grantees, options."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from psycopg import sql

from pgtenant.codes import Code
from pgtenant.errors import ServerError
from pgtenant.planning.privileges import PUBLIC, ObjectKind

KEYWORDS: Final = {
    ObjectKind.SCHEMA: sql.SQL("SCHEMA"),
    ObjectKind.TABLE: sql.SQL("TABLE"),
    ObjectKind.SEQUENCE: sql.SQL("SEQUENCE"),
}
_WORD: Final = re.compile(r"[A-Z]+")


def grantee(role: str) -> sql.Composable:
    """Return a role's name, or the keyword `PUBLIC`."""
    return sql.SQL("PUBLIC") if role == PUBLIC else sql.Identifier(role)


def privileges(words: Iterable[str]) -> sql.Composable:
    """Return a list of privileges, as `aclexplode` spells them.

    A server newer than this program may have words that nobody knows here. One word of capital
    letters can be nothing but a keyword, so there is no list of them.

    Raises:
        ServerError: for anything else, which PostgreSQL's ACLs of what we manage do not hold.
    """
    return sql.SQL(", ").join(map(_privilege, words))


def limit_to(limit: int) -> sql.Composed:
    """`CONNECTION LIMIT`; -1 for none."""
    return sql.SQL("CONNECTION LIMIT {}").format(sql.Literal(limit))


def boolean(value: bool) -> sql.SQL:
    """`TRUE` or `FALSE`."""
    return sql.SQL("TRUE") if value else sql.SQL("FALSE")


def grant_option(*, only: bool) -> sql.SQL:
    """Return what limits a revoke to the right to pass a privilege on, or nothing."""
    return sql.SQL("GRANT OPTION FOR ") if only else sql.SQL("")


def and_dependents(*, cascade: bool) -> sql.SQL:
    """Return what takes a privilege also from whoever got it from the role, or nothing."""
    return sql.SQL(" CASCADE") if cascade else sql.SQL("")


def names_in(schema: str, names: Sequence[str]) -> sql.Composable:
    """Return a list of names, each with its schema unless that is empty."""
    parts = (sql.Identifier(schema, name) if schema else sql.Identifier(name) for name in names)
    return sql.SQL(", ").join(parts)


def _privilege(word: str) -> sql.SQL:
    if not _WORD.fullmatch(word):
        raise ServerError(
            f"the server names a privilege {word!r}, which is none of PostgreSQL's",
            hint="please report it, with the server's version",
            code=Code.INTERNAL,
        )
    return sql.SQL(word)
