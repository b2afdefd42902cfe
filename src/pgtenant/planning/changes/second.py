"""Changes of an entry's second login, which acts as its role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pgtenant.planning.changes.base import DatabaseChange, Risk, RoleChange
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed.pairing import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSecond(RoleChange):
    """Make a login that is a member of the entry's role, and whose sessions start as that role.

    Attributes:
        first: the entry's role.
        connection_limit: -1 for none.
        secret: the secret that holds its password; None where its first rotation gives it one.
        settings: what its sessions are to have, `role` included.
        marker: for its comment.
    """

    kind: ClassVar[str] = "create_second_login"
    risk: ClassVar[Risk] = Risk.CREATE
    first: str
    connection_limit: int
    secret: str | None
    settings: tuple[Setting, ...]
    marker: Marker


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinFirst(RoleChange):
    """Make a second login a member of the entry's role again, with all that takes.

    Attributes:
        first: the entry's role.
        major: the server's: from 16 on a membership has options.
    """

    kind: ClassVar[str] = "join_first_login"
    risk: ClassVar[Risk] = Risk.GRANT
    first: str
    major: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureSecond(RoleChange):
    """Give a second login's sessions what those of the entry's role have.

    Attributes:
        put: settings that it lacks, or has otherwise.
        reset: the database (or empty) and the name of those that it has beyond them.
    """

    kind: ClassVar[str] = "configure_second_login"
    risk: ClassVar[Risk] = Risk.ALTER
    put: tuple[Setting, ...]
    reset: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReassignOwned(DatabaseChange):
    """Give the entry's role what its second login owns in a database.

    Attributes:
        role: the second login.
        leaving: the login is about to go: what it was granted there goes with it.
    """

    kind: ClassVar[str] = "reassign_owned"
    risk: ClassVar[Risk] = Risk.ALTER
    role: str
    leaving: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSecond(RoleChange):
    """Drop a second login that owns nothing any more."""

    kind: ClassVar[str] = "drop_second_login"
    risk: ClassVar[Risk] = Risk.DESTROY
