"""The instance as a whole, and the role that we are logged in as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Admin:
    """The role that pgtenant is logged in as.

    Attributes:
        rds_iam_through: the roles through which it is a member of `rds_iam`, if any.
        passwords_restricted: whether `rds.restrict_password_commands` is on.
        password_member: whether it is in `rds_password`, whose members may then set passwords.
    """

    name: str
    superuser: bool = False
    createrole: bool = True
    createdb: bool = True
    rds_iam_through: tuple[str, ...] = ()
    passwords_restricted: bool = False
    password_member: bool = False


@dataclass(frozen=True, slots=True)
class Server:
    """The instance as a whole.

    Attributes:
        version: `server_version_num`, for example 170010.
        maintenance_database: the database of the admin's own connections.
        extensions: what it offers, and whether a database's owner may create it ("trusted").
        iam: whether it has the role `rds_iam`.
    """

    version: int
    admin: Admin
    maintenance_database: str
    extensions: Mapping[str, bool] = field(default_factory=dict)
    iam: bool = False

    @property
    def major(self) -> int:
        """The major version, for example 17."""
        return self.version // 10000
