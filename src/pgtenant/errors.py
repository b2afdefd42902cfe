"""The errors a user can meet.

Every one carries the exit code of the command line (0 to 4 and 64), so that the
code that finds a problem also decides what it means; `cli` only prints. And every one carries a
`Code`, whose page says more than a message has room for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from pgtenant.codes import Code


class ExitCode(IntEnum):
    """What the process tells its caller."""

    CONVERGED = 0
    FAILED = 1
    CHANGES = 2
    APPROVAL_REQUIRED = 3
    BLOCKED = 4
    USAGE = 64


class PgtenantError(Exception):
    """A problem that is reported without a traceback.

    Args:
        message: what is wrong, and where. Never holds a secret.
        hint: what to do about it, or an empty string.
        code: what it is about; a class that is about one thing has it itself.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    code: Code = Code.INTERNAL

    def __init__(self, message: str, *, hint: str = "", code: Code | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code


class UsageError(PgtenantError):
    """The command line asks for something that does not exist or does not fit."""

    exit_code = ExitCode.USAGE


class MissingExtraError(UsageError):
    """Something is asked for whose package comes with an extra, and is not installed.

    Args:
        what: what needs which package, such as `the audit in S3 needs boto3`.
        extra: of pgtenant's.
        instead: what would also do, or an empty string.
    """

    code = Code.MISSING_PACKAGE

    def __init__(self, what: str, *, extra: str, instead: str = "") -> None:
        hint = f"pip install 'pgtenant[{extra}]'"
        super().__init__(
            f"{what}, which is not installed", hint=f"{hint}, or {instead}" if instead else hint
        )


class SettingsError(PgtenantError):
    """`pgtenant.toml`, a `PGTENANT_*` variable or a flag has a bad value."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One error in a catalog file, located as exactly as the file allows.

    Attributes:
        file: the path as the user gave it.
        line: 1-based; 0 when the problem belongs to the file as a whole.
        entry: the entry's key, or empty.
        field: the field's name, or empty.
        message: what is wrong and what would be right.
    """

    file: str
    line: int
    entry: str
    field: str
    message: str


class CatalogError(PgtenantError):
    """Everything that is wrong with a catalog, reported at once."""

    exit_code = ExitCode.USAGE
    code = Code.CATALOG

    def __init__(
        self, problems: tuple[Problem, ...], *, hint: str = "", code: Code | None = None
    ) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__(f"{len(self.problems)} error(s) in the catalog", hint=hint, code=code)


class SecretError(PgtenantError):
    """A secret is missing, unreadable or does not fit its entry. Holds no secret value."""


class MissingSecretError(SecretError):
    """There is no secret of that name, or it has no value yet."""

    code = Code.SECRET_MISSING


class ServerError(PgtenantError):
    """The server could not be reached, or refused what was asked of it.

    Attributes:
        sqlstate: the five-character SQLSTATE, or None when the server sent none.
        entry: the key of the entry at whose statement it happened; empty when that is not known.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: Code | None = None,
        sqlstate: str | None = None,
        entry: str = "",
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.sqlstate = sqlstate
        self.entry = entry


class AuthorityError(PgtenantError):
    """The admin may not do what the plan needs; the hint is the statement that would allow it."""

    code = Code.AUTHORITY


class LockHeldError(PgtenantError):
    """Another run works on this instance."""

    code = Code.LOCK_HELD


class ApprovalRequiredError(PgtenantError):
    """The environment needs an approval that was not given."""

    exit_code = ExitCode.APPROVAL_REQUIRED
    code = Code.APPROVAL


class AuditError(PgtenantError):
    """An audit record could not be written; no further change is made."""
