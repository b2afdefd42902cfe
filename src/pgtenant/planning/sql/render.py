"""A change as statements, each with the role that runs it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import assert_never

from psycopg import sql
from psycopg.abc import AdaptContext

from pgtenant.catalog.model import Auth
from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    Change,
    ConfigureSecond,
    CreateDatabase,
    CreateExtension,
    CreateRole,
    CreateSecond,
    DropSecond,
    GiveTables,
    GrantDatabase,
    GrantDefault,
    GrantObjects,
    HandOverDatabase,
    HoldApart,
    JoinFirst,
    JoinTenants,
    MarkDatabase,
    MarkRole,
    ReassignOwned,
    RevokeColumns,
    RevokeDatabase,
    RevokeDefault,
    RevokeMembership,
    RevokeObjects,
    RunInitialSchema,
    SecureTables,
    TakeOverDatabase,
    UpdatePassword,
    UseIam,
    UsePassword,
)
from pgtenant.planning.privileges import IAM_ROLE
from pgtenant.planning.sql import statements
from pgtenant.planning.tenants import statements as tenants

Verifiers = Callable[[str, str], sql.Composable]
"""Turns (role, secret's name) into what stands after `PASSWORD`."""


class Verbatim(sql.Composable):
    """SQL text that is sent as it stands: a schema file of the project, a psql variable."""

    def __init__(self, text: str) -> None:
        super().__init__(text)

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        """Return the text in UTF-8, the encoding of every session of ours."""
        del context
        return str(self._obj).encode()


def psql_variables(role: str, secret: str) -> sql.Composable:
    """Return a psql variable in place of a verifier.

    A plan holds no secret, and pasting its SQL without setting the variable is a syntax
    error instead of a well-known password. Its name is the role's, in which what psql does not
    take is written in capitals, `aX2dXb` for `a-b`: no two roles share one.
    """
    del secret
    name = re.sub("[^a-z0-9_]", lambda found: f"X{ord(found.group()):x}X", role)
    return Verbatim(f":'{name}_verifier'")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a transaction.

    Attributes:
        text: the SQL.
        as_owner: whether it runs under `SET LOCAL ROLE` of the borrowed owner. Only
            statements that can call no tenant code do.
        change: the change it belongs to, or None for the loan around them.
        otherwise: of a question, what is the matter when its one value is not true: then what
            follows must not run. Empty for what is no question.
    """

    text: sql.Composable
    as_owner: bool = False
    change: Change | None = None
    otherwise: str = ""


def render(  # noqa: C901, PLR0911, PLR0912 - one arm for each kind of change
    change: Change, verifiers: Verifiers = psql_variables
) -> tuple[Statement, ...]:
    """Return the statements of `change`, in order."""

    def admin(*texts: sql.Composable) -> tuple[Statement, ...]:
        return tuple(Statement(text, change=change) for text in texts)

    def owner(*texts: sql.Composable) -> tuple[Statement, ...]:
        return tuple(Statement(text, as_owner=True, change=change) for text in texts)

    match change:
        case CreateRole():
            comment = statements.comment_on_role(change.role, change.marker.text())
            if change.auth is Auth.IAM:
                join = statements.grant_role(IAM_ROLE, change.role)
                return admin(statements.create_role(change, None), join, comment)
            bare = change.passwordless
            verifier = None if bare else verifiers(change.role, change.secret)
            return admin(statements.create_role(change, verifier), comment)
        case CreateSecond():
            return admin(*_second_login(change, verifiers))
        case JoinFirst():
            return admin(statements.grant_rights(change.first, change.role, change.major))
        case ConfigureSecond():
            return admin(
                *(statements.reset_default(change.role, *key) for key in change.reset),
                *(statements.set_default(change.role, setting) for setting in change.put),
            )
        case ReassignOwned():
            given = statements.reassign_owned(change.role, change.owner)
            if not change.leaving:
                return owner(given)
            return (_unused(change), *owner(given, statements.drop_owned(change.role)))
        case DropSecond():
            return (_unused(change), *admin(statements.drop_role(change.role)))
        case AlterRole():
            return admin(statements.alter_role(change))
        case UpdatePassword():
            return admin(
                statements.set_password(change.role, verifiers(change.role, change.secret))
            )
        case UseIam():
            return admin(
                statements.no_password(change.role), statements.grant_role(IAM_ROLE, change.role)
            )
        case UsePassword():
            verifier = verifiers(change.role, change.secret)
            return admin(
                statements.revoke_membership(IAM_ROLE, change.role),
                statements.set_password(change.role, verifier),
            )
        case MarkRole():
            return admin(statements.comment_on_role(change.role, change.after))
        case RevokeMembership():
            return admin(statements.revoke_membership(change.group, change.role))
        case CreateDatabase():
            return admin(statements.create_database(change.database))
        case HandOverDatabase():
            return _hand_over(change)
        case TakeOverDatabase():
            # As the admin: it has the rights of the owner, and borrows those of the next one.
            return admin(statements.database_owner(change.database, change.owner))
        case AlterDatabase():
            return owner(statements.alter_database(change))
        case MarkDatabase():
            return owner(statements.comment_on_database(change.database, change.after))
        case GrantDatabase():
            return owner(statements.grant_database(change))
        case RevokeDatabase():
            return owner(statements.revoke_database(change))
        case CreateExtension():
            return admin(statements.create_extension(change.extension))
        case RunInitialSchema():
            return _run_once(change)
        case SecureTables():
            return admin(*_secure(change))
        case GiveTables():
            return admin(*_give(change))
        case JoinTenants():
            return admin(
                *(
                    statements.join_tenant(name, change.role, change.major)
                    for name in change.tenants
                )
            )
        case HoldApart():
            inherit, apart = (statements.inherit(change.owner, on=on) for on in (True, False))
            if not change.take_public:
                return admin(apart)
            public = owner(tenants.schema_owner("public", change.owner))
            return (*admin(*([] if change.inherits else [inherit])), *public, *admin(apart))
        case GrantObjects():
            return owner(statements.grant_objects(change))
        case RevokeObjects():
            return owner(statements.revoke_objects(change))
        case RevokeColumns():
            return owner(statements.revoke_columns(change))
        case GrantDefault():
            return owner(statements.grant_default(change))
        case RevokeDefault():
            return owner(statements.revoke_default(change))
        case _:
            assert_never(change)


def _secure(change: SecureTables) -> Iterator[sql.Composable]:
    # A policy keeps the operator that it found when it was made.
    yield statements.no_schemas()
    for schema, tables in groupby(change.tables, key=itemgetter(0)):
        role = change.isolation.role_of(schema)
        yield from () if role is None else (statements.set_local_role(role),)
        for table in tables:
            yield from tenants.secure(table, change.before, change.isolation, change.comment)


def _give(change: GiveTables) -> Iterator[sql.Composable]:
    """Let the owner in for as long as it takes to name the tables."""
    for schema, tables in groupby(change.tables, key=itemgetter(0)):
        role = change.isolation.role_of(schema) or change.owner
        yield statements.set_local_role(role)
        yield tenants.let_in(schema, change.owner)
        yield statements.set_local_role(change.owner)
        yield from (tenants.table_owner(table, role) for table in tables)
        yield statements.set_local_role(role)
        yield tenants.shut_out(schema, change.owner)


def _second_login(change: CreateSecond, verifiers: Verifiers) -> Iterator[sql.Composable]:
    secret, limit = change.secret, change.connection_limit
    verifier = None if secret is None else verifiers(change.role, secret)
    yield statements.login_role(change.role, limit, verifier)
    yield statements.grant_role(change.first, change.role)
    yield from (statements.set_default(change.role, setting) for setting in change.settings)
    yield statements.comment_on_role(change.role, change.marker.text())


def _unused(change: ReassignOwned | DropSecond) -> Statement:
    """Look whether somebody has logged in before the login was closed.

    What such a session makes as itself between `REASSIGN OWNED` and `DROP OWNED` would be lost.
    """
    return Statement(
        statements.no_sessions(change.role),
        change=change,
        otherwise=f"the second login {change.role} has open sessions: restart or reload what has"
        " read an older version of the secret",
    )


def _run_once(change: RunInitialSchema) -> tuple[Statement, ...]:
    """Look under a lock whether somebody else has run the schema since the plan was made.

    A run whose lock session died may still be in the middle of it, on a login of the owner. The
    next run can't tell that session from any other of the tenant's, and must not wait for those.
    """
    record = statements.comment_on_database(change.database, change.comment)
    return (
        Statement(statements.lock_schema(), change=change),
        Statement(
            statements.no_schema_yet(),
            change=change,
            otherwise="its comment says by now that an initial schema has been run",
        ),
        Statement(Verbatim(change.script), change=change),
        Statement(record, change=change),
    )


def _hand_over(change: HandOverDatabase) -> tuple[Statement, ...]:
    """Close, hand over, then grant.

    The admin's `CONNECT` is granted by the new owner: granted before, the change of owner
    would fold it into the owner's own ACL entry. Connections are allowed last.
    """
    connect = GrantDatabase(
        entry=change.entry,
        database=change.database,
        owner=change.owner,
        role=change.admin,
        privileges=("CONNECT",),
    )
    open_up = AlterDatabase(
        entry=change.entry, database=change.database, owner=change.owner, allow_connections=True
    )
    return (
        Statement(statements.revoke_all_from_public(change.database), change=change),
        Statement(statements.database_owner(change.database, change.owner), change=change),
        Statement(statements.grant_database(connect), as_owner=True, change=change),
        Statement(
            statements.comment_on_database(change.database, change.marker.text()),
            as_owner=True,
            change=change,
        ),
        Statement(statements.alter_database(open_up), as_owner=True, change=change),
        Statement(statements.comment_on_role(change.owner, change.role_comment), change=change),
    )
