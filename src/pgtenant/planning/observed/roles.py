"""Roles, as they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pgtenant.planning import marker
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed.pairing import Pairing

OPTIONS: Final = 16
"""The major from which on a membership says for itself whether it inherits."""


class PasswordState(StrEnum):
    """What a login attempt proved about a stored password."""

    CURRENT = "current"
    WRONG = "wrong"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class OwnGrant:
    """A membership that the admin granted to itself (PostgreSQL 16+), to be put back after a loan.

    Attributes:
        inherit: its `INHERIT` option.
        set: its `SET` option.
    """

    inherit: bool
    set: bool


@dataclass(frozen=True, slots=True, order=True)
class Membership:
    """One row of `pg_auth_members`, of a tenant's own role.

    Attributes:
        member: who is in it.
        grantor: who granted that.
        inherit: whether the member has its privileges without `SET ROLE`.
        set: whether it may `SET ROLE` to it.
        admin: whether it may grant it.
    """

    member: str
    grantor: str
    inherit: bool
    set: bool
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """One row of `pg_roles`, with what bears on the plan.

    Attributes:
        connection_limit: -1 for none.
        expired: whether `VALID UNTIL` lies in the past.
        comment: the role's whole comment.
        member_of: roles it is a member of.
        revocable: those of them that the admin may take it out of.
        members: roles that are members of it, the admin's automatic `ADMIN` row left out.
        settings: `ALTER ROLE … SET` entries, as `name=value` or `name=value in database`.
        password: whether the secret's password logs in.
        password_note: why it is unproven, or empty.
        trusted: whether its login was left out, because markers are trusted.
        admin_can_set: whether the admin may `SET ROLE` to it without a loan.
        own_grant: the row to restore after a loan, if one stood before.
        rds_iam: whether the role leads to `rds_iam`.
        pairing: what matters only where two logins alternate; None where that was not read.
        inherit: its `INHERIT`, which on PostgreSQL 15 decides about all of its memberships.
        memberships: of a tenant's own role, who is in it and how; sorted. Empty for all others.
        marker: the marker in its comment, or None for a role that is not ours.
    """

    name: str
    login: bool = True
    superuser: bool = False
    createrole: bool = False
    createdb: bool = False
    replication: bool = False
    bypassrls: bool = False
    connection_limit: int = -1
    expired: bool = False
    comment: str | None = None
    member_of: tuple[str, ...] = ()
    revocable: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    password: PasswordState = PasswordState.UNPROVEN
    password_note: str = ""
    trusted: bool = False
    admin_can_set: bool = False
    own_grant: OwnGrant | None = None
    rds_iam: bool = False
    pairing: Pairing | None = None
    inherit: bool = True
    memberships: tuple[Membership, ...] = ()
    # Parsed once: it is asked for again with every entry.
    marker: Marker | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "marker", marker.parse(self.comment))
