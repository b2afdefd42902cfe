"""What a run is about to change, as its journal says before the first change; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Members = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Intent:
    """One planned change.

    Attributes:
        id: the same in every plan that holds the same change.
        entry: the catalog entry's key.
        username: the entry's role.
        database: the database it is about; empty for a role's own.
        action: the audit action that its record will have.
        says: what it does, for people.
        target: the change's kind and what it is about.
        objects: what it is done to there.
        details: what is done to each.
    """

    id: str
    entry: str
    username: str
    database: str
    action: str
    says: str
    target: tuple[str, ...]
    objects: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON, without what is empty."""
        members = {
            "id": self.id,
            "entry": self.entry,
            "username": self.username,
            "database": self.database,
            "action": self.action,
            "says": self.says,
            "target": list(self.target),
            "objects": list(self.objects),
            "details": list(self.details),
        }
        return {name: value for name, value in members.items() if value}


@dataclass(frozen=True, slots=True)
class Planned:
    """The intents of one group, which is one record of the journal.

    Attributes:
        group: the database that the group is about.
        declared: a digest of what the catalog asks of it, and of how the run went about that.
    """

    group: str
    declared: str
    intents: tuple[Intent, ...]

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON."""
        changes = [intent.as_dict() for intent in self.intents]
        return {"group": self.group, "declared": self.declared, "changes": changes}


def read_planned(members: Members) -> Planned:
    """Read a record that anybody may have written: what is not as it should be is left out."""
    return Planned(
        group=text(members, "group"),
        declared=text(members, "declared"),
        intents=tuple(
            Intent(
                id=text(one, "id"),
                entry=text(one, "entry"),
                username=text(one, "username"),
                database=text(one, "database"),
                action=text(one, "action"),
                says=text(one, "says"),
                target=texts(one, "target"),
                objects=texts(one, "objects"),
                details=texts(one, "details"),
            )
            for one in objects(members, "changes")
        ),
    )


def text(members: Members, name: str) -> str:
    """Return a member that should be text; empty when it is not."""
    value = members.get(name)
    return value if isinstance(value, str) else ""


def texts(members: Members, name: str) -> tuple[str, ...]:
    """Return a member that should be a list of texts, without whatever else is in it."""
    value = members.get(name)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def number(members: Members, name: str) -> int:
    """Return a member that should be a whole number; 0 when it is not."""
    value = members.get(name)
    return value if type(value) is int else 0


def objects(members: Members, name: str) -> Sequence[Members]:
    """Return a member that should be a list of objects, without whatever else is in it."""
    value = members.get(name)
    found: Iterable[object] = value if isinstance(value, list) else ()
    return [one for one in found if isinstance(one, dict)]
