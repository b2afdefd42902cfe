"""Changes of a role itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pgtenant.catalog.model import Auth
from pgtenant.planning.changes.base import Risk, RoleChange
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Role


@dataclass(frozen=True, slots=True)
class RoleAttributes:
    """The attributes that are kept as declared."""

    login: bool
    createdb: bool
    connection_limit: int
    createrole: bool = False
    superuser: bool = False
    replication: bool = False
    bypassrls: bool = False

    @classmethod
    def of(cls, role: Role) -> RoleAttributes:
        """Return a role's attributes as they are."""
        return cls(
            login=role.login,
            createdb=role.createdb,
            connection_limit=role.connection_limit,
            createrole=role.createrole,
            superuser=role.superuser,
            replication=role.replication,
            bypassrls=role.bypassrls,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRole(RoleChange):
    """Make a login role, with its password or as a member of `rds_iam`, and its marker.

    Attributes:
        passwordless: its secret is for its second login at the moment.
    """

    kind: ClassVar[str] = "create_role"
    risk: ClassVar[Risk] = Risk.CREATE
    createdb: bool
    connection_limit: int
    secret: str
    marker: Marker
    auth: Auth = Auth.PASSWORD
    passwordless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterRole(RoleChange):
    """Bring attributes back to what is declared."""

    kind: ClassVar[str] = "alter_role"
    risk: ClassVar[Risk] = Risk.ALTER
    before: RoleAttributes
    after: RoleAttributes


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePassword(RoleChange):
    """Set the secret's password, because a login with it was refused."""

    kind: ClassVar[str] = "update_password"
    risk: ClassVar[Risk] = Risk.ALTER
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseIam(RoleChange):
    """Put a role into `rds_iam`, and take the password away that it could fall back to."""

    kind: ClassVar[str] = "use_iam"
    risk: ClassVar[Risk] = Risk.ALTER


@dataclass(frozen=True, slots=True, kw_only=True)
class UsePassword(RoleChange):
    """Take a role out of `rds_iam`, and set the secret's password."""

    kind: ClassVar[str] = "use_password"
    risk: ClassVar[Risk] = Risk.ALTER
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRole(RoleChange):
    """Write a role's comment.

    Attributes:
        late: it records that the grants and the schema stand, so it comes after them.
    """

    kind: ClassVar[str] = "mark_role"
    risk: ClassVar[Risk] = Risk.ALTER
    before: str | None
    after: str
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeMembership(RoleChange):
    """Take a membership away from a catalog role (`--authoritative`)."""

    kind: ClassVar[str] = "revoke_membership"
    risk: ClassVar[Risk] = Risk.REVOKE
    group: str
