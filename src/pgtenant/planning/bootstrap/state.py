"""What bears on the delegated admin, and what can be read off it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from pgtenant.planning.comment import line_of
from pgtenant.planning.observed import Database, Observed, PasswordState, Role
from pgtenant.planning.privileges import PUBLIC

PASSWORD_ROLE: Final = "rds_password"  # noqa: S105 - a role of RDS


@dataclass(frozen=True, slots=True)
class Delegation:
    """What bears on the delegated admin, read as the master.

    Attributes:
        role: the delegated admin's name.
        secret: the name of its secret.
        secret_stored: whether the secret's password was there before this run.
        password: whether that password logs in.
        held: the roles on which it holds `ADMIN`.
        held_by_master: the roles on which the master does.
        refused: managed roles on which the master can't grant `ADMIN`.
    """

    observed: Observed
    environment: str
    role: str
    secret: str
    secret_stored: bool = False
    password: PasswordState = PasswordState.UNPROVEN
    held: frozenset[str] = frozenset()
    held_by_master: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    @property
    def existing(self) -> Role | None:
        """The delegated admin as it is, or None."""
        return self.observed.roles.get(self.role)

    @property
    def managed(self) -> tuple[str, ...]:
        """The managed roles of this environment, those of tenants included, sorted."""
        everybody = {**self.observed.roles, **self.observed.tenants}
        return tuple(
            name
            for name, role in sorted(everybody.items())
            if role.marker is not None and role.marker.environment == self.environment
        )

    @property
    def lacking(self) -> tuple[str, ...]:
        """The managed roles that the delegated admin can't administer yet, sorted."""
        if self.observed.server.major < 16:
            return ()
        return tuple(name for name in self.managed if name not in self.held)


def comment_of(environment: str) -> str:
    """Return the comment of a delegated admin. It is no marker: the role is no entry's."""
    return line_of({"delegated_admin": environment})


def half_made(state: Delegation, owners: Collection[str]) -> tuple[str, ...]:
    """Return databases that one of `owners` was making when its run died.

    Only the admin that began one can be trusted to have left it, so it finishes first.
    """
    making = {
        role.marker.creating
        for role in state.observed.roles.values()
        if role.marker is not None and role.marker.creating is not None
    }
    return tuple(
        name
        for name, database in sorted(state.observed.databases.items())
        if database.owner in owners and not database.allow_connections and name in making
    )


def open_to_public(database: Database) -> bool:
    """Return whether everyone may connect."""
    return database.holds(PUBLIC, "CONNECT")
