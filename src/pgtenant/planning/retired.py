"""What a role's marker remembers while its entry is out of service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pgtenant.planning.comment import text_of

OF_A_DUMP: Final = "/dump"
"""What the marker of a login that was made for a dump has behind the entry's key; no key has it."""

UNSEEN: Final = "?"
"""In the place of roles of the provider, where the admin could not look."""


@dataclass(frozen=True, slots=True)
class Retired:
    """How it was before `pgtenant retire`, and how far that has come.

    Attributes:
        at: when it was disabled, as audit records write moments; after it was opened again by
            hand, the last time.
        entry: the key that was retired; of an editor or reader it may be its owner's.
        login: whether the role could log in before.
        database: on an owner, the database that was closed with it.
        open: whether that database allowed connections before.
        foreign: roles of the provider that own something in that database: from outside it can't
            be seen.
        window: whether the database is open for a dump.
        let_in: whether the admin was granted `CONNECT` for that.
        dump: what the names of the logins and of the database end in that were made for a dump;
            empty without any.
        unforced: the OIDs of the tables whose forced row security is off for that dump.
        dropping: whether the removal has begun: the database may be the admin's, or gone.
    """

    at: str
    entry: str
    login: bool = True
    database: str | None = None
    open: bool = True
    foreign: tuple[str, ...] = ()
    window: bool = False
    let_in: bool = False
    dump: str = ""
    unforced: tuple[int, ...] = ()
    dropping: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return it for the marker, without what is as usual."""
        members: dict[str, object] = {"at": self.at, "entry": self.entry}
        if not self.login:
            members["login"] = False
        if self.database is not None:
            members["database"] = self.database
        if not self.open:
            members["open"] = False
        if self.foreign:
            members["foreign"] = list(self.foreign)
        if self.window:
            members["window"] = True
        if self.let_in:
            members["let_in"] = True
        if self.dump:
            members["dump"] = self.dump
        if self.unforced:
            members["unforced"] = list(self.unforced)
        if self.dropping:
            members["dropping"] = True
        return members


def read_retired(value: object) -> Retired | None:
    """Read what a marker has; None where it is not what we write."""
    if not isinstance(value, Mapping):
        return None
    at, entry = text_of(value.get("at")), text_of(value.get("entry"))
    database = value.get("database")
    if at is None or entry is None or (database and text_of(database) is None):
        return None
    unforced = value.get("unforced")
    return Retired(
        at=at,
        entry=entry,
        login=value.get("login") is not False,
        database=database,
        open=value.get("open") is not False,
        foreign=_fitting(value.get("foreign")),
        window=value.get("window") is True,
        let_in=value.get("let_in") is True,
        dump=text_of(value.get("dump")) or "",
        unforced=tuple(n for n in unforced if type(n) is int) if isinstance(unforced, list) else (),
        dropping=value.get("dropping") is True,
    )


def _fitting(names: object) -> tuple[str, ...]:
    found = names if isinstance(names, list) else ()
    return tuple(name for one in found if (name := text_of(one)) is not None)
