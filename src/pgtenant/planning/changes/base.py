"""What every change has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Risk(StrEnum):
    """What a change can cost whoever uses the instance."""

    CREATE = "create"
    GRANT = "grant"
    ALTER = "alter"
    REVOKE = "revoke"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """A change of a role itself.

    Attributes:
        entry: the key of the entry it is made for.
        role: the role.
    """

    entry: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseChange:
    """A change of a database or of what is inside it.

    Attributes:
        entry: the key of the entry it is made for.
        database: the database.
        owner: the role that owns it, or will.
    """

    entry: str
    database: str
    owner: str
