"""What there is to do, and what undoes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pgtenant.planning.bootstrap.state import PASSWORD_ROLE, Delegation, comment_of
from pgtenant.planning.bootstrap.steps import Batch, CreateDelegate, GrantAdmin, GrantGroup, Step
from pgtenant.planning.changes import AlterRole, GrantDatabase, RoleAttributes, UpdatePassword
from pgtenant.planning.diff.databases import close
from pgtenant.planning.observed import Database, PasswordState

_ATTRIBUTES: Final = RoleAttributes(login=True, createdb=True, connection_limit=-1, createrole=True)


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
        before = RoleAttributes.of(existing)
        steps.append(AlterRole(entry="", role=state.role, before=before, after=_shut(before)))
    return (Batch(steps=tuple(steps), borrowed=borrowed),) if steps else ()


def _role(state: Delegation) -> Iterator[Step]:
    existing, name = state.existing, state.role
    if existing is None:
        comment = comment_of(state.environment)
        yield CreateDelegate(role=name, secret=state.secret, comment=comment)
    else:
        before = RoleAttributes.of(existing)
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
