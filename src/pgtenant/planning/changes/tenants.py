"""Changes of what keeps tenants apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pgtenant.planning.changes.base import DatabaseChange, Risk, RoleChange
from pgtenant.planning.tenants.found import Name, Relation
from pgtenant.planning.tenants.policy import Isolation


@dataclass(frozen=True, slots=True, kw_only=True)
class SecureTables(DatabaseChange):
    """Put tenants' tables behind row security, on a login of the owner.

    Attributes:
        tables: of which the same is true; sorted.
        before: what that is.
        isolation: how tenants are kept apart.
        comment: for a policy that is made.
    """

    kind: ClassVar[str] = "secure_tables"
    risk: ClassVar[Risk] = Risk.ALTER
    tables: tuple[Name, ...]
    before: Relation
    isolation: Isolation
    comment: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveTables(DatabaseChange):
    """Give tables in tenants' schemas to the tenants' own roles, on a login of the owner.

    Attributes:
        tables: that belong to the owner; sorted.
        isolation: names the roles.
    """

    kind: ClassVar[str] = "give_tables"
    risk: ClassVar[Risk] = Risk.ALTER
    tables: tuple[Name, ...]
    isolation: Isolation
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinTenants(RoleChange):
    """Let the application's role enter its tenants' own ones, by `SET ROLE` alone.

    Attributes:
        tenants: the roles; sorted.
        major: the server's: from 16 on a membership has options.
    """

    kind: ClassVar[str] = "join_tenants"
    risk: ClassVar[Risk] = Risk.GRANT
    tenants: tuple[str, ...]
    major: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldApart(DatabaseChange):
    """Have the application's role inherit nothing (PostgreSQL 15), least of all its tenants' roles.

    A database's owner has the schema `public` through a role that it inherits, and is to keep it.

    Attributes:
        inherits: whether the role does so far.
        take_public: whether the schema is still that role's.
    """

    kind: ClassVar[str] = "hold_apart"
    risk: ClassVar[Risk] = Risk.ALTER
    inherits: bool
    take_public: bool
