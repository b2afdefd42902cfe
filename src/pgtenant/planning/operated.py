"""Where an operator keeps roles, databases and extensions, and pgtenant does the rest. Pure.

CloudNativePG makes them from the manifests that `pgtenant render cnpg` writes, and changes back
what somebody does to them by SQL: attributes, passwords, comments, and the memberships of the
roles it manages. So none of that is planned. The admin is one of these roles itself. It gets no
`ADMIN` on any other: the manifest makes it a member of each, without `INHERIT`, and as a member it
can `SET ROLE` to an owner for as long as a transaction takes. There is nothing to borrow then.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.codes import Code
from pgtenant.planning.changes import (
    AlterRole,
    Change,
    CreateDatabase,
    CreateExtension,
    DatabaseChange,
    HandOverDatabase,
    ReassignOwned,
    RevokeMembership,
    RoleChange,
    TakeOverDatabase,
    UpdatePassword,
    database_of,
    role_of,
)
from pgtenant.planning.desired import DesiredDatabase, DesiredRole
from pgtenant.planning.findings import Blocked, Drift, DriftKind
from pgtenant.planning.observed import Database, Observed

_ASK = "`pgtenant verify gitops` says why"


def unmade_role(role: DesiredRole, observed: Observed, environment: str) -> Iterator[Blocked]:
    """Yield what of a role the operator has not made yet."""
    existing = observed.roles.get(role.name)
    code = Code.NOT_IN_MANIFEST
    if existing is None:
        code = Code.NOT_MADE_BY_OPERATOR
        reason = f"the operator has not made the role {role.name} yet: {_ASK}"
    elif (mark := existing.marker) is None:
        reason = (
            f"the comment of the role {role.name} has no marker:"
            f" `pgtenant render cnpg -e {environment} {role.entry} --adopt` writes it into the"
            " manifest, from which the operator takes it"
        )
    elif (mark.environment, mark.entry) != (environment, role.entry):
        code = Code.OTHER_ENVIRONMENT
        reason = (
            f"the role {role.name} belongs to {mark.entry} in {mark.environment}, by its comment;"
            " choose another username"
        )
    elif not (observed.server.admin.superuser or existing.admin_can_set):
        admin = observed.server.admin.name
        reason = (
            f"the admin {admin} is not a member of {role.name}: it has to stand under inRoles of"
            f" {admin} in the cluster's manifest, where `pgtenant render cnpg -e {environment}`"
            f" writes it; when it does, {_ASK}"
        )
    else:
        return
    yield Blocked(entry=role.entry, reason=reason, code=code)


def unmade_database(database: DesiredDatabase, existing: Database | None) -> Iterator[Blocked]:
    """Yield what keeps a database from being the one that the operator was told of."""
    if existing is None:
        reason = f"the operator has not made the database {database.name} yet: {_ASK}"
    elif existing.owner != database.owner.name:
        reason = (
            f"the database {database.name} belongs to {existing.owner}; the operator is to give it"
            f" to {database.owner.name}: {_ASK}"
        )
    else:
        return
    yield Blocked(entry=database.entry, reason=reason, code=Code.NOT_MADE_BY_OPERATOR)


_KEPT = (
    RoleChange
    | CreateDatabase
    | HandOverDatabase
    | TakeOverDatabase
    | CreateExtension
    | ReassignOwned
)
"""What is the operator's, and never planned."""


def is_operators(change: Change, observed: Observed) -> bool:
    """Return whether a change is left out of the plan."""
    return isinstance(change, _KEPT) or not _may_act_as(change.owner, observed)


def shown_of(change: Change, observed: Observed) -> tuple[Drift, ...]:
    """Return what is shown of a change that is left out."""
    match change:
        case AlterRole():
            differing = _differing(change)
            kind, message = DriftKind.SETTING, f"its attributes are not as declared: {differing}"
        case UpdatePassword():
            kind, message = DriftKind.PASSWORD, "its password is not the one in the store"
        case RevokeMembership():
            kind, message = DriftKind.MEMBERSHIP, f"is a member of {change.group}"
        case CreateExtension():
            kind, message = DriftKind.EXTENSION, f"the extension {change.extension} is not there"
        case DatabaseChange() if not isinstance(change, _KEPT):
            admin = observed.server.admin.name
            kind = DriftKind.PRIVILEGE
            message = f"{change.kind} is left out: {admin} is not a member of {change.owner}"
        case _:  # of what it has not made, the blocked entry says so
            return ()
    return (
        Drift(
            kind=kind,
            entry=change.entry,
            database=database_of(change),
            role=role_of(change),
            message=f"{message}; the operator keeps it: {_ASK}",
        ),
    )


def _differing(change: AlterRole) -> str:
    before, after = change.before, change.after
    return ", ".join(
        f"{name} is {getattr(before, name)}, not {getattr(after, name)}"
        for name in after.__slots__
        if getattr(before, name) != getattr(after, name)
    )


def _may_act_as(owner: str, observed: Observed) -> bool:
    role, admin = observed.roles.get(owner), observed.server.admin
    return admin.superuser or owner == admin.name or (role is not None and role.admin_can_set)
