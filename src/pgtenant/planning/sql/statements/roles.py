"""Statements about roles, memberships and loans."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from psycopg import sql

from pgtenant.planning.changes import AlterRole, CreateRole
from pgtenant.planning.observed import OwnGrant
from pgtenant.planning.sql.statements.words import boolean, limit_to

_FLAGS: Final = {
    "login": (sql.SQL("LOGIN"), sql.SQL("NOLOGIN")),
    "createdb": (sql.SQL("CREATEDB"), sql.SQL("NOCREATEDB")),
    "createrole": (sql.SQL("CREATEROLE"), sql.SQL("NOCREATEROLE")),
    "superuser": (sql.SQL("SUPERUSER"), sql.SQL("NOSUPERUSER")),
    "replication": (sql.SQL("REPLICATION"), sql.SQL("NOREPLICATION")),
    "bypassrls": (sql.SQL("BYPASSRLS"), sql.SQL("NOBYPASSRLS")),
}


def create_role(change: CreateRole, verifier: sql.Composable | None) -> sql.Composed:
    """`CREATE ROLE`, with a SCRAM verifier as its password, or with none."""
    return login_role(change.role, change.connection_limit, verifier, createdb=change.createdb)


def login_role(
    role: str, connection_limit: int, verifier: sql.Composable | None, *, createdb: bool = False
) -> sql.Composed:
    """`CREATE ROLE … LOGIN`; -1 for no limit."""
    options: list[sql.Composable] = [sql.SQL("LOGIN")]
    if createdb:
        options.append(sql.SQL("CREATEDB"))
    if connection_limit != -1:
        options.append(limit_to(connection_limit))
    if verifier is not None:
        options.append(sql.SQL("PASSWORD {}").format(verifier))
    return sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(role), sql.SQL(" ").join(options))


def create_delegate(role: str, verifier: sql.Composable) -> sql.Composed:
    """`CREATE ROLE` for a delegated admin: `LOGIN CREATEROLE CREATEDB`, and nothing else."""
    return sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(
        sql.Identifier(role), verifier
    )


def grant_role(group: str, member: str) -> sql.Composed:
    """`GRANT group TO member`."""
    return sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(member))


def alter_role(change: AlterRole) -> sql.Composed:
    """`ALTER ROLE` with only the attributes that differ.

    A non-superuser may not even mention `SUPERUSER`, `REPLICATION` or `BYPASSRLS`, not
    to take them away either (https://www.postgresql.org/docs/current/sql-alterrole.html).
    """
    options: list[sql.Composable] = [
        on if getattr(change.after, name) else off
        for name, (on, off) in _FLAGS.items()
        if getattr(change.before, name) != getattr(change.after, name)
    ]
    if change.before.connection_limit != change.after.connection_limit:
        options.append(limit_to(change.after.connection_limit))
    return sql.SQL("ALTER ROLE {} {}").format(
        sql.Identifier(change.role), sql.SQL(" ").join(options)
    )


def without_powers(role: str, powers: Iterable[str]) -> sql.Composed:
    """`ALTER ROLE … NOSUPERUSER …`, for a superuser to run."""
    return sql.SQL("ALTER ROLE {} {}").format(
        sql.Identifier(role), sql.SQL(" ").join(_FLAGS[power.lower()][1] for power in powers)
    )


def with_attribute(role: str, attribute: str) -> sql.Composed:
    """`ALTER ROLE … CREATEROLE` or the like, for a superuser to run."""
    return sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(role), _FLAGS[attribute.lower()][0])


def grant_admin(role: str, admin: str, major: int) -> sql.Composed:
    """Give `admin` the right to lend itself `role`, and no standing power over its data."""
    options = (
        sql.SQL("WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
        if major >= 16
        else sql.SQL("WITH ADMIN OPTION")
    )
    return sql.SQL("GRANT {} TO {} {}").format(sql.Identifier(role), sql.Identifier(admin), options)


def set_password(role: str, verifier: sql.Composable) -> sql.Composed:
    """`ALTER ROLE … PASSWORD`, with a SCRAM verifier."""
    return sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), verifier)


def no_password(role: str) -> sql.Composed:
    """`ALTER ROLE … PASSWORD NULL`."""
    return sql.SQL("ALTER ROLE {} PASSWORD NULL").format(sql.Identifier(role))


def comment_on_role(role: str, comment: str) -> sql.Composed:
    """`COMMENT ON ROLE`."""
    return sql.SQL("COMMENT ON ROLE {} IS {}").format(sql.Identifier(role), sql.Literal(comment))


def revoke_membership(group: str, member: str) -> sql.Composed:
    """`REVOKE group FROM member`."""
    return sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(group), sql.Identifier(member))


def tenant_role(role: str) -> sql.Composed:
    """`CREATE ROLE … NOLOGIN`: a tenant's own, with no power at all."""
    return sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role))


def join_tenant(tenant: str, role: str, major: int) -> sql.Composed:
    """Let a role `SET ROLE` to a tenant's own one, and have none of its rights without.

    Up to PostgreSQL 15 that the member does not inherit is what keeps them from it.
    """
    grant = grant_role(tenant, role)
    return grant if major < 16 else grant + sql.SQL(" WITH INHERIT FALSE, SET TRUE")


def no_inheritance(tenant: str, member: str, grantor: str) -> sql.Composed:
    """Take away that a member has a role's rights without `SET ROLE`; only ever shown."""
    return sql.SQL("REVOKE INHERIT OPTION FOR {} FROM {} GRANTED BY {}").format(
        sql.Identifier(tenant), sql.Identifier(member), sql.Identifier(grantor)
    )


def inherit(role: str, *, on: bool) -> sql.Composed:
    """`ALTER ROLE … INHERIT` or `NOINHERIT`."""
    return sql.SQL("ALTER ROLE {} {}").format(
        sql.Identifier(role), sql.SQL("INHERIT" if on else "NOINHERIT")
    )


def lend(role: str, admin: str, major: int) -> sql.Composed:
    """Make `admin` a member of `role` until the end of the transaction.

    From PostgreSQL 16 on `ADMIN` on a role is not the right to `SET ROLE` to it: `SET TRUE`
    is (https://www.postgresql.org/docs/16/sql-grant.html#SQL-GRANT-DESCRIPTION-ROLES).
    """
    grant = sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(admin))
    if major < 16:
        return grant
    return grant + sql.SQL(" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER")


def give_back(role: str, admin: str, major: int, before: OwnGrant | None) -> sql.Composed:
    """End a loan: revoke it, or put back the row of ours that stood before."""
    if before is not None:
        return sql.SQL("GRANT {} TO {} WITH INHERIT {}, SET {} GRANTED BY CURRENT_USER").format(
            sql.Identifier(role),
            sql.Identifier(admin),
            boolean(before.inherit),
            boolean(before.set),
        )
    revoke = revoke_membership(role, admin)
    return revoke if major < 16 else revoke + sql.SQL(" GRANTED BY CURRENT_USER")


def set_local_role(role: str) -> sql.Composed:
    """`SET LOCAL ROLE`."""
    return sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role))
