"""What stands in the way of a delegated admin, and what is left for somebody else to do."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.planning.authority import Missing
from pgtenant.planning.bootstrap.state import (
    PASSWORD_ROLE,
    Delegation,
    comment_of,
    half_made,
    open_to_public,
)
from pgtenant.planning.changes import GrantDatabase
from pgtenant.planning.observed import Role
from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import as_text

_SUPERUSER = "a superuser"


def obstacles(state: Delegation, *, undo: bool = False) -> tuple[Missing, ...]:
    """Return everything because of which nothing may be done."""
    found = list(_half_made(state, undo=undo))
    if state.existing is not None:
        found += _not_ours(state, state.existing)
    if not undo:
        found += _master(state)
        if state.existing is not None:
            found += _too_powerful(state, state.existing)
    return tuple(found)


def left_over(state: Delegation) -> tuple[Missing, ...]:
    """Return what the master can't do or may not decide: the bootstrap goes on without it."""
    return (*_maintenance(state), *_refused(state), *_beyond(state))


def _half_made(state: Delegation, *, undo: bool) -> Iterator[Missing]:
    owner = state.role if undo else state.observed.server.admin.name
    for name in half_made(state, {owner}):
        yield Missing(
            message=f"a run of {owner} died while it made the database {name}; only {owner} can"
            f" finish that: run `pgtenant apply -e {state.environment}` once more as {owner}",
            statement="",
            executor="",
        )


def _not_ours(state: Delegation, existing: Role) -> Iterator[Missing]:
    name, server = state.role, state.observed.server
    if name == server.admin.name:
        yield Missing(
            message=f"the master's secret is {name}'s own: the delegated admin can't make itself",
            statement="",
            executor="",
        )
    elif existing.marker is not None:
        yield Missing(
            message=f"{name} is the role of the entry {existing.marker.entry}; choose another"
            " name with --role",
            statement="",
            executor="",
        )
    elif (existing.comment or "").rsplit("\n", 1)[-1] != comment_of(state.environment):
        yield Missing(
            message=f"the role {name} exists and was not made by `pgtenant bootstrap` for"
            f" {state.environment}; to have it taken over, with a new password, say so in its"
            " comment",
            statement=as_text(statements.comment_on_role(name, comment_of(state.environment))),
            executor=f"{server.admin.name}, or {_SUPERUSER}",
        )


def _master(state: Delegation) -> Iterator[Missing]:
    admin = state.observed.server.admin
    if admin.superuser:
        return
    for attribute, held in (("CREATEROLE", admin.createrole), ("CREATEDB", admin.createdb)):
        if not held:  # from 16 on nobody gives what they do not have
            yield Missing(
                message=f"the master {admin.name} lacks {attribute} and can't give it",
                statement=as_text(statements.with_attribute(admin.name, attribute)),
                executor=_SUPERUSER,
            )
    if admin.passwords_restricted and not admin.password_member:
        yield Missing(
            message="rds.restrict_password_commands is on, and the master is not in"
            f" {PASSWORD_ROLE}: it may not set passwords",
            statement=as_text(statements.grant_role(PASSWORD_ROLE, admin.name)),
            executor="a member of rds_superuser",
        )


def _too_powerful(state: Delegation, existing: Role) -> Iterator[Missing]:
    powers = [
        power
        for power, held in (
            ("SUPERUSER", existing.superuser),
            ("REPLICATION", existing.replication),
            ("BYPASSRLS", existing.bypassrls),
        )
        if held
    ]
    if powers:
        yield Missing(
            message=f"{state.role} has {', '.join(powers)}; a delegated admin has LOGIN,"
            " CREATEROLE and CREATEDB",
            statement=as_text(statements.without_powers(state.role, powers)),
            executor=_SUPERUSER,
        )
    if existing.rds_iam:
        yield Missing(
            message=f"{state.role} is a member of rds_iam through"
            f" {', '.join(existing.member_of)}: RDS would refuse its password",
            statement=as_text(statements.revoke_membership("rds_iam", state.role)),
            executor="whoever granted it",
        )


def _maintenance(state: Delegation) -> Iterator[Missing]:
    server = state.observed.server
    database = state.observed.databases[server.maintenance_database]
    if server.admin.superuser or database.owner == server.admin.name:
        return
    executor = f"{database.owner}, which owns it"
    if not database.holds(state.role, "CONNECT"):
        connect = GrantDatabase(
            entry="",
            database=database.name,
            owner=database.owner,
            role=state.role,
            privileges=("CONNECT",),
        )
        how = "gets in only because PUBLIC does" if open_to_public(database) else "can't get in"
        yield Missing(
            message=f"{state.role} {how}: the maintenance database {database.name} belongs to"
            f" {database.owner}",
            statement=as_text(statements.grant_database(connect)),
            executor=executor,
        )
    if any(grant.grantee == PUBLIC for grant in database.acl):
        yield Missing(
            message=f"the maintenance database {database.name} is open to PUBLIC: every tenant"
            " can hold the run lock",
            statement=as_text(statements.revoke_all_from_public(database.name)),
            executor=executor,
        )


def _refused(state: Delegation) -> Iterator[Missing]:
    for role in sorted(state.refused & set(state.lacking)):
        yield Missing(
            message=f"the master may not grant ADMIN on {role}: {state.role} can't manage it",
            statement=as_text(
                statements.grant_admin(role, state.role, state.observed.server.major)
            ),
            executor="whoever holds ADMIN on it, or a superuser",
        )


def _beyond(state: Delegation) -> Iterator[Missing]:
    existing = state.existing
    if existing is None:
        return
    for group in sorted(set(existing.member_of) - state.held - {PASSWORD_ROLE}):
        yield Missing(
            message=f"{state.role} is a member of {group}: more than a delegated admin needs",
            statement=as_text(statements.revoke_membership(group, state.role)),
            executor="whoever granted it",
        )
    for member in existing.members:
        if member != state.observed.server.admin.name:
            yield Missing(
                message=f"{member} is a member of {state.role} and can act as it",
                statement=as_text(statements.revoke_membership(state.role, member)),
                executor="whoever granted it",
            )
