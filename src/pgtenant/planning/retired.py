"""What a role's marker remembers while its entry is out of service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_LONGEST = 1000  # characters


@dataclass(frozen=True, slots=True)
class Retired:
    """How it was before `pgtenant retire`, and how far that has come.

    Attributes:
        at: when it was disabled, as audit records write moments.
        entry: the key that was retired; of an editor or reader it may be its owner's.
        login: whether the role could log in before.
        database: on an owner, the database that was closed with it.
        open: whether that database allowed connections before.
        window: whether the database is open for a dump.
        unforced: the OIDs of the tables whose forced row security is off for that dump.
        dropping: whether the removal has begun: the database may be the admin's, or gone.
    """

    at: str
    entry: str
    login: bool = True
    database: str | None = None
    open: bool = True
    window: bool = False
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
        if self.window:
            members["window"] = True
        if self.unforced:
            members["unforced"] = list(self.unforced)
        if self.dropping:
            members["dropping"] = True
        return members


def read_retired(value: object) -> Retired | None:
    """Read what a marker has; None where it is not what we write."""
    if not isinstance(value, Mapping):
        return None
    at, entry, database = value.get("at"), value.get("entry"), value.get("database")
    if not (isinstance(at, str) and isinstance(entry, str)):
        return None
    if not all(_fits(text) for text in (at, entry, database or "")):
        return None
    unforced = value.get("unforced")
    return Retired(
        at=at,
        entry=entry,
        login=value.get("login") is not False,
        database=database,
        open=value.get("open") is not False,
        window=value.get("window") is True,
        unforced=tuple(n for n in unforced if type(n) is int) if isinstance(unforced, list) else (),
        dropping=value.get("dropping") is True,
    )


def _fits(text: object) -> bool:
    return isinstance(text, str) and text.isprintable() and len(text) <= _LONGEST
