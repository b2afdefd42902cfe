"""The steps of a bootstrap: a closed union, consumed with `match` and `assert_never`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pgtenant.planning.changes import AlterRole, GrantDatabase, RevokeDatabase, UpdatePassword


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDelegate:
    """Make the delegated admin, with its password and the comment we know it by."""

    kind: ClassVar[str] = "create_delegated_admin"
    role: str
    secret: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantAdmin:
    """Let `to` administer a role: `WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`.

    Attributes:
        as_delegate: it is run as the delegated admin, borrowed, because only whoever holds
            `ADMIN` may grant it.
    """

    kind: ClassVar[str] = "grant_admin"
    role: str
    to: str
    as_delegate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantGroup:
    """Make the delegated admin a member of a group that RDS wants for password commands."""

    kind: ClassVar[str] = "grant_group"
    group: str
    role: str


Step = (
    CreateDelegate
    | AlterRole
    | UpdatePassword
    | GrantAdmin
    | GrantGroup
    | GrantDatabase
    | RevokeDatabase
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Steps that commit together, in the maintenance database.

    Attributes:
        borrowed: the role that the master borrows for it, or empty.
    """

    steps: tuple[Step, ...]
    borrowed: str = ""
