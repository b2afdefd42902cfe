"""Privileges are keywords, whatever a server calls them; nothing else is ever spliced in."""

from __future__ import annotations

import pytest

from pgtenant.errors import ServerError
from pgtenant.planning.changes import RevokeDatabase
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import as_text


def revoke(privilege: str) -> str:
    change = RevokeDatabase(
        entry="", database="shop", owner="shop", role="a", privileges=(privilege,)
    )
    return as_text(statements.revoke_database(change))


@pytest.mark.parametrize("word", ["TEMPORARY", "MAINTAIN", "VACUUM"])
def test_words_of_any_version(word: str) -> None:
    assert revoke(word) == f'REVOKE {word} ON DATABASE "shop" FROM "a"'


@pytest.mark.parametrize(
    "word", ["", "select", "SELECT\n", "ALL ON DATABASE x", "A;B", "Ä", "ALTER SYSTEM", '"A"']
)
def test_what_is_no_word(word: str) -> None:
    with pytest.raises(ServerError, match="none of PostgreSQL's"):
        revoke(word)
