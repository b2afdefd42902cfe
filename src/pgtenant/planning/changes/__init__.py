"""The changes: typed, side-effect-free descriptions of one difference each.

A closed union (`Change`), consumed with `match` and `assert_never`. What a change
means in SQL is decided in `planning.sql`, when it runs in `planning.order`.
"""

from __future__ import annotations

from pgtenant.planning.changes.base import DatabaseChange, Risk, RoleChange
from pgtenant.planning.changes.contents import (
    CreateExtension,
    GrantDefault,
    GrantObjects,
    RevokeColumns,
    RevokeDefault,
    RevokeObjects,
    RunInitialSchema,
)
from pgtenant.planning.changes.databases import (
    AlterDatabase,
    CreateDatabase,
    GrantDatabase,
    HandOverDatabase,
    MarkDatabase,
    RevokeDatabase,
    TakeOverDatabase,
)
from pgtenant.planning.changes.roles import (
    AlterRole,
    CreateRole,
    MarkRole,
    RevokeMembership,
    RoleAttributes,
    UpdatePassword,
    UseIam,
    UsePassword,
)
from pgtenant.planning.changes.second import (
    ConfigureSecond,
    CreateSecond,
    DropSecond,
    JoinFirst,
    ReassignOwned,
)
from pgtenant.planning.changes.tenants import GiveTables, HoldApart, JoinTenants, SecureTables

__all__ = [
    "AlterDatabase",
    "AlterRole",
    "Change",
    "ConfigureSecond",
    "CreateDatabase",
    "CreateExtension",
    "CreateRole",
    "CreateSecond",
    "DatabaseChange",
    "DropSecond",
    "GiveTables",
    "GrantDatabase",
    "GrantDefault",
    "GrantObjects",
    "HandOverDatabase",
    "HoldApart",
    "JoinFirst",
    "JoinTenants",
    "MarkDatabase",
    "MarkRole",
    "ReassignOwned",
    "RevokeColumns",
    "RevokeDatabase",
    "RevokeDefault",
    "RevokeMembership",
    "RevokeObjects",
    "Risk",
    "RoleAttributes",
    "RoleChange",
    "RunInitialSchema",
    "SecureTables",
    "TakeOverDatabase",
    "UpdatePassword",
    "UseIam",
    "UsePassword",
    "database_of",
    "role_of",
]

Change = (
    CreateRole
    | AlterRole
    | UpdatePassword
    | UseIam
    | UsePassword
    | MarkRole
    | RevokeMembership
    | CreateSecond
    | JoinFirst
    | ConfigureSecond
    | DropSecond
    | ReassignOwned
    | CreateDatabase
    | HandOverDatabase
    | TakeOverDatabase
    | AlterDatabase
    | MarkDatabase
    | GrantDatabase
    | RevokeDatabase
    | CreateExtension
    | RunInitialSchema
    | JoinTenants
    | HoldApart
    | GiveTables
    | SecureTables
    | GrantObjects
    | RevokeObjects
    | RevokeColumns
    | GrantDefault
    | RevokeDefault
)


def database_of(change: Change) -> str:
    """Return the database a change is about, or empty for a role's own."""
    return change.database if isinstance(change, DatabaseChange) else ""


def role_of(change: Change) -> str:
    """Return the role a change is about: the grantee where there is one, else the owner."""
    match change:
        case RoleChange():
            return change.role
        case GrantDatabase() | RevokeDatabase() | GrantObjects() | RevokeObjects():
            return change.role
        case GrantDefault() | RevokeDefault() | RevokeColumns() | ReassignOwned():
            return change.role
        case _:
            return change.owner
