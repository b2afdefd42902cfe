"""What a delegated admin lacks, and what the master needs to take over again.

The delegated admin is `LOGIN CREATEROLE CREATEDB` and nothing else. On PostgreSQL 15 that is all
it takes. From 16 on `CREATEROLE` reaches only roles on which one holds `ADMIN`, so the master
grants it on every managed role, without `INHERIT` and `SET`: the right to lend itself a role
for one transaction, and no standing power over its data.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from pgtenant.planning.changes import (
    AlterRole,
    GrantDatabase,
    RevokeDatabase,
    RoleAttributes,
    UpdatePassword,
)
from pgtenant.planning.diff.databases import close
from pgtenant.planning.marker import MANAGED_BY
from pgtenant.planning.observed import Database, Observed, PasswordState, Role
from pgtenant.planning.privileges import PUBLIC

ROLE: Final = "pgtenant_admin"
PASSWORD_ROLE: Final = "rds_password"  # noqa: S105 - a role of RDS
_ATTRIBUTES: Final = RoleAttributes(login=True, createdb=True, connection_limit=-1, createrole=True)


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
        """The managed roles of this environment, sorted."""
        return tuple(
            name
            for name, role in sorted(self.observed.roles.items())
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
    fields = {"managed_by": MANAGED_BY, "delegated_admin": environment}
    return json.dumps(fields, separators=(",", ":"))


def plan_bootstrap(state: Delegation) -> tuple[Batch, ...]:
    """Return what has to be done; nothing when all of it is there already."""
    steps = (*_role(state), *_administration(state), *_maintenance(state))
    first = (Batch(steps=steps),) if steps else ()
    return (*first, *_databases(state))


def plan_undo(state: Delegation) -> tuple[Batch, ...]:
    """Return what gives the master back what the delegated admin holds, and shuts that out.

    The master can't take `ADMIN` on those roles itself (`no possible grantors`), and the
    delegated admin stays, because the master's `ADMIN` hangs on its grants.
    """
    existing, master = state.existing, state.observed.server.admin
    if existing is None:
        return ()
    steps: list[Step] = []
    if state.observed.server.major >= 16 and not master.superuser:
        steps += (
            GrantAdmin(role=role, to=master.name, as_delegate=True)
            for role in sorted(state.held - state.held_by_master)
        )
    borrowed = state.role if steps else ""
    if existing.login:
        before = attributes_of(existing)
        steps.append(AlterRole(entry="", role=state.role, before=before, after=_shut(before)))
    return (Batch(steps=tuple(steps), borrowed=borrowed),) if steps else ()


def attributes_of(role: Role) -> RoleAttributes:
    """Return the attributes that a bootstrap looks at."""
    return RoleAttributes(
        login=role.login,
        createdb=role.createdb,
        connection_limit=role.connection_limit,
        createrole=role.createrole,
        superuser=role.superuser,
        replication=role.replication,
        bypassrls=role.bypassrls,
    )


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


def _role(state: Delegation) -> Iterator[Step]:
    existing, name = state.existing, state.role
    if existing is None:
        comment = comment_of(state.environment)
        yield CreateDelegate(role=name, secret=state.secret, comment=comment)
    else:
        before = attributes_of(existing)
        if before != _ATTRIBUTES:
            yield AlterRole(entry="", role=name, before=before, after=_ATTRIBUTES)
        # While it can't log in, nothing proves the password: it is set again, which costs nothing.
        unproven = not state.secret_stored or not existing.login
        if unproven or state.password is PasswordState.WRONG:
            yield UpdatePassword(entry="", role=name, secret=state.secret)
    admin = state.observed.server.admin
    if admin.passwords_restricted and PASSWORD_ROLE not in (existing.member_of if existing else ()):
        yield GrantGroup(group=PASSWORD_ROLE, role=name)


def _administration(state: Delegation) -> Iterator[Step]:
    for role in state.lacking:
        if role not in state.refused:
            yield GrantAdmin(role=role, to=state.role)


def _maintenance(state: Delegation) -> Iterator[Step]:
    """Let it in before `PUBLIC` is shut out, where that is the master's to do."""
    server = state.observed.server
    database = state.observed.databases[server.maintenance_database]
    if not (server.admin.superuser or database.owner == server.admin.name):
        return
    yield from _let_in(state, database)
    yield from close(database, "", undeclared=False)


def _databases(state: Delegation) -> Iterator[Batch]:
    """Let it into what is managed. A later `apply` would do the same, in two passes."""
    ours = set(state.managed) - state.refused
    for database in _by_name(state.observed.databases.values()):
        if database.owner in ours and database.marker is not None and not database.invalid:
            steps = tuple(_let_in(state, database))
            if steps:
                yield Batch(steps=steps, borrowed=database.owner)


def _let_in(state: Delegation, database: Database) -> Iterator[GrantDatabase]:
    held = {(g.grantee, g.privilege) for g in database.acl if g.grantor == database.owner}
    if (state.role, "CONNECT") not in held:
        yield GrantDatabase(
            entry="",
            database=database.name,
            owner=database.owner,
            role=state.role,
            privileges=("CONNECT",),
        )


def open_to_public(database: Database) -> bool:
    """Return whether everyone may connect."""
    return database.holds(PUBLIC, "CONNECT")


def _shut(before: RoleAttributes) -> RoleAttributes:
    return RoleAttributes(
        login=False,
        createdb=before.createdb,
        connection_limit=before.connection_limit,
        createrole=before.createrole,
        superuser=before.superuser,
        replication=before.replication,
        bypassrls=before.bypassrls,
    )


def _by_name(databases: Iterable[Database]) -> list[Database]:
    return sorted(databases, key=lambda database: database.name)
