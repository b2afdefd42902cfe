"""How a role comes to what it may do, hop by hop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Via(StrEnum):
    """One hop.

    `MEMBER`, `SET_ROLE` and `ADMIN` lead from role to role; the others end a path.
    """

    MEMBER = "member"
    SET_ROLE = "set_role"
    ADMIN = "admin"
    CREATEROLE = "createrole"
    ATTRIBUTE = "attribute"
    DATABASE_OWNER = "database_owner"
    PUBLIC = "public"
    OWNER = "owner"
    GRANT = "grant"
    DEFAULT = "default_privileges"
    PREDEFINED = "predefined"
    SUPERUSER = "superuser"


@dataclass(frozen=True, slots=True, order=True)
class Hop:
    """One hop.

    Attributes:
        role: the role it leads to, the grantor, whose default privileges, or empty.
    """

    via: Via
    role: str = ""


Path = tuple[Hop, ...]


_WORDS: Final[Mapping[Via, str]] = {
    Via.MEMBER: "member of {}",
    Via.SET_ROLE: "SET ROLE {}",
    Via.ADMIN: "can make itself a member of {}",
    Via.CREATEROLE: "CREATEROLE makes it a member of {}",
    Via.ATTRIBUTE: "attribute",
    Via.DATABASE_OWNER: "pg_database_owner",
    Via.PUBLIC: "PUBLIC",
    Via.OWNER: "owner",
    Via.GRANT: "granted by {}",
    Via.DEFAULT: "default privileges of {}",
    Via.PREDEFINED: "{}",
    Via.SUPERUSER: "superuser",
}


def words(path: Path) -> str:
    """Return a path for reading; names are as the server has them."""
    return " → ".join(_WORDS[hop.via].format(hop.role) for hop in path)
