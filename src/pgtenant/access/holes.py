"""What the analysis finds: access that the catalog does not promise."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pgtenant.access.model import Group, Kind


class Severity(StrEnum):
    """Whether a finding breaks the promise of isolation."""

    FAILURE = "failure"
    WARNING = "warning"


class HoleKind(StrEnum):
    """What a finding is about."""

    ATTRIBUTE = "attribute"
    MEMBERSHIP = "membership"
    DATABASE = "database"
    TEMPLATE = "template"
    OWNERSHIP = "ownership"
    GRANT = "grant"
    COLUMN_GRANT = "column_grant"
    DEFAULT_PRIVILEGE = "default_privilege"
    SECURITY_DEFINER = "security_definer"
    FOREIGN_SERVER = "foreign_server"
    EVENT_TRIGGER = "event_trigger"
    NOT_LOOKED_INTO = "not_looked_into"


_OF_THE_INSTANCE: Final = frozenset(
    {HoleKind.ATTRIBUTE, HoleKind.MEMBERSHIP, HoleKind.DATABASE, HoleKind.TEMPLATE}
)


class Closer(StrEnum):
    """Who is able to close it.

    `ADMIN` is the role that pgtenant logs in as, by itself or through a borrowed owner. `OWNER`
    is another role of the instance, `PROVIDER` a superuser: the instance's owner.
    """

    ADMIN = "admin"
    OWNER = "owner"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True, order=True)
class Hole:
    """Access that the catalog does not promise.

    Attributes:
        database: where it is, and where the statement has to run; empty for the instance, then
            it can run anywhere.
        who: the role that has it, or `public` for everyone.
        what: what it can do, in words.
        path: how it comes to it, in words, such as `PUBLIC` or `member of x → granted by y`.
        statement: the SQL that closes it; empty where none can be typed.
        executor: the role that has to run the statement.
        closable_by: what that role is.
        group: the objects that it is about, if it is about a privilege or an owner.
        privileges: what is held on them.
    """

    severity: Severity
    kind: HoleKind
    database: str
    who: str
    what: str
    path: str
    statement: str
    executor: str
    closable_by: Closer
    group: Group | None = field(default=None, compare=False, repr=False)
    privileges: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def where(self) -> str:
        """Return the database in which the statement has to be run; empty for any."""
        of_instance = self.group is not None and self.group.kind is Kind.DATABASE
        return "" if of_instance or self.kind in _OF_THE_INSTANCE else self.database
