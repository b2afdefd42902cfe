"""What was attempted, what came of it, and what that proves."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pgtenant.access.model import Kind as Thing


class Kind(StrEnum):
    """What a role attempts."""

    CONNECT = "connect"
    SELECT = "select"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    CREATE_SCHEMA = "create_schema"
    CREATE_TABLE = "create_table"
    CREATE_TEMPORARY = "create_temporary"
    DEFAULT_PRIVILEGE = "default_privilege"
    EXECUTE = "execute"
    BECOME = "become"
    READ_PASSWORDS = "read_passwords"
    ATTRIBUTE = "attribute"


class Outcome(StrEnum):
    """What the server said."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class How(StrEnum):
    """How that was learned: by trying, or from the catalogs where trying would do harm."""

    ATTEMPT = "attempt"
    CATALOG = "catalog"


class Verdict(StrEnum):
    """What an attempt proves. What proves nothing never counts as passed."""

    PASSED = "passed"
    WARNING = "warning"
    NOT_PROVEN = "not_proven"
    FAILED = "failed"


class Closable(StrEnum):
    """Who could close a hole."""

    ADMIN = "admin"
    OWNER = "owner"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Held:
    """The privilege that an attempt is about.

    Attributes:
        kind: of what it is held on.
        name: a database, a schema, a table with all its columns, a function.
    """

    kind: Thing
    schema: str
    name: str
    privilege: str


@dataclass(frozen=True, slots=True, order=True)
class Cure:
    """The statement that closes a hole.

    Attributes:
        statement: SQL without its semicolon, or empty where no single statement does it.
        executor: who has to run it, in words.
        path: through what the role gets there, in words.
        database: where it has to be run; empty when that can be anywhere.
        held: the privilege that it takes away, or None for none in an access control list.
    """

    statement: str
    executor: str
    closable: Closable
    path: str = ""
    database: str = ""
    held: Held | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, order=True)
class Attempt:
    """One thing that a role tries.

    Attributes:
        database: where.
        target: a table, a schema, a role, an attribute; empty for the database itself.
        expected: `ALLOWED` or `REFUSED`.
    """

    kind: Kind
    role: str
    database: str
    target: str
    expected: Outcome


@dataclass(frozen=True, slots=True, order=True)
class Observation:
    """What came of it.

    Attributes:
        sqlstate: the refusal's, or empty.
        said: what the server said, or why nothing is proven; for people.
    """

    outcome: Outcome
    how: How = How.ATTEMPT
    sqlstate: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One judged attempt.

    Attributes:
        cure: what closes the hole, or None for what is none or needs `pgtenant apply`.
    """

    attempt: Attempt
    observation: Observation
    verdict: Verdict
    cure: Cure | None = None

    @property
    def rank(self) -> tuple[Attempt, Observation]:
        """What results are sorted by."""
        return self.attempt, self.observation


def judged(attempt: Attempt, observation: Observation, cure: Cure | None = None) -> Result:
    """Return an attempt with its verdict.

    A hole that only the provider can close is a warning: nobody here could do anything.
    """
    if observation.outcome is Outcome.UNKNOWN:
        verdict, cure = Verdict.NOT_PROVEN, None
    elif observation.outcome is attempt.expected:
        verdict, cure = Verdict.PASSED, None
    elif (
        observation.outcome is Outcome.ALLOWED
        and cure is not None
        and cure.closable is Closable.PROVIDER
    ):
        verdict = Verdict.WARNING
    else:
        verdict = Verdict.FAILED
    return Result(attempt=attempt, observation=observation, verdict=verdict, cure=cure)


@dataclass(frozen=True, slots=True)
class Trespass:
    """What a role could do in a database that should not have let it in.

    Attributes:
        readable: how many tables and views it may read.
        example: one of them, or empty.
        create: whether it could make a table in the schema `public`; None where not tried.
    """

    readable: int
    example: str
    create: Observation | None
