"""What the analysis finds: access that the catalog does not promise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
