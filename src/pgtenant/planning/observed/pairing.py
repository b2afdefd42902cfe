"""What matters of a role only where two logins alternate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_LISTS: Final = frozenset(
    {
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "temp_tablespaces",
    }
)
"""Settings whose value is a list of names, each of which PostgreSQL quotes for itself."""

ROLE: Final = "role"


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """What `ALTER ROLE … SET` has left. Every role of the instance can read it.

    Attributes:
        database: the database that it is limited to, or empty for all.
        name: as PostgreSQL spells it.
        value: as it is stored.
        settable: whether the admin may set it for another role, too.
    """

    database: str
    name: str
    value: str
    settable: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """What a role has only one of."""
        return self.database, self.name

    @property
    def words(self) -> tuple[str, ...]:
        """What stands after `TO`: one word, or those of a list."""
        if self.name not in _LISTS:
            return (self.value,)
        return tuple(_items(self.value)) or ("",)


def _items(text: str) -> Iterator[str]:
    """Take a list apart as PostgreSQL does: `"a ""b"", c", d` has two items."""
    rest = text.strip()
    while rest:
        if rest.startswith('"'):
            item, end = "", 1
            while end < len(rest):
                if rest.startswith('""', end):
                    item, end = item + '"', end + 2
                elif rest[end] == '"':
                    break
                else:
                    item, end = item + rest[end], end + 1
            yield item
            rest = rest[end + 1 :].lstrip()
        else:
            word, comma, after = rest.partition(",")
            yield word.rstrip()
            rest = comma + after
        rest = rest.removeprefix(",").lstrip()


@dataclass(frozen=True, slots=True)
class Pairing:
    """What matters of an entry's role and of its second login, and of no other role.

    Attributes:
        settings: its `ALTER ROLE … SET`, sorted.
        acts_as: roles whose privileges it has, and that it may `SET ROLE` to.
        owns: databases in which something belongs to it; empty text for what no database holds.
        holds: databases in which it has privileges, or default privileges, of its own; likewise.
        sessions: how many it has.
    """

    settings: tuple[Setting, ...] = ()
    acts_as: tuple[str, ...] = ()
    owns: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    sessions: int = 0


ALONE: Final = Pairing()
"""Of a role about which nothing of this was read."""
