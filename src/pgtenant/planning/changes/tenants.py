"""Changes of what keeps tenants apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pgtenant.planning.changes.base import DatabaseChange, Risk
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
