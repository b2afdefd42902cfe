"""What a plan says besides its changes: blocked entries and drift."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pgtenant.codes import Code


@dataclass(frozen=True, slots=True, order=True)
class Blocked:
    """An entry of which nothing is changed.

    Attributes:
        reason: what stands in the way, and what to do about it.
        statement: the SQL that would clear the way, or empty.
        executor: who has to run it, or empty.
        code: which kind of reason it is.
    """

    entry: str
    reason: str
    statement: str = ""
    executor: str = ""
    code: Code = field(kw_only=True)

    @property
    def told(self) -> str:
        """The reason, and the code under which there is more about it."""
        return f"{self.reason} ({self.code})"


class DriftKind(StrEnum):
    """What a drift item is about."""

    DISABLED = "disabled"
    REOPENED = "reopened"
    RETIRED = "retired"
    OTHER_ENVIRONMENT = "other_environment"
    UNDECLARED_DATABASE = "undeclared_database"
    OPEN_DATABASE = "open_database"
    MISSING_DATABASE = "missing_database"
    UNREAD_DATABASE = "unread_database"
    PRIVILEGE = "privilege"
    DEFAULT_PRIVILEGE = "default_privilege"
    MEMBERSHIP = "membership"
    SETTING = "setting"
    FOREIGN_OBJECT = "foreign_object"
    EXTENSION = "extension"
    INITIAL_SCHEMA = "initial_schema"
    PASSWORD = "password"  # noqa: S105 - a kind of finding
    EXPIRED = "expired"
    SECRET = "secret"  # noqa: S105
    TENANCY = "tenancy"


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """Something that is not as the catalog has it and that a plan only shows.

    Attributes:
        entry: the key it belongs to, or empty.
        database: the database, or empty.
        role: the role, or empty.
        message: what is there.
        statement: the SQL that would mend it, or empty.
    """

    kind: DriftKind
    entry: str
    database: str
    role: str
    message: str
    statement: str = ""
