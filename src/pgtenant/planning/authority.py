"""What the admin must be able to do for a plan, and the statement that would give it that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pgtenant.catalog.model import Auth
from pgtenant.planning.changes import (
    CreateDatabase,
    CreateRole,
    CreateSecond,
    DatabaseChange,
    HandOverDatabase,
    JoinFirst,
    RoleChange,
    TakeOverDatabase,
    UpdatePassword,
    UseIam,
    UsePassword,
    role_of,
)
from pgtenant.planning.observed import Admin, Observed
from pgtenant.planning.order import Borrowing
from pgtenant.planning.plan import Plan
from pgtenant.planning.privileges import IAM_ROLE
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import as_text


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing the admin may not do.

    Attributes:
        message: what, in words.
        statement: the SQL that would allow it.
        executor: who has to run it.
    """

    message: str
    statement: str
    executor: str


def missing_attributes(plan: Plan, admin: Admin) -> tuple[Missing, ...]:
    """Return the role attributes that the plan needs and the admin lacks."""
    if admin.superuser:
        return ()
    changes = plan.changes
    found: list[Missing] = []
    if not admin.createrole and any(_needs_createrole(plan, change) for change in changes):
        found.append(_attribute(admin, "CREATEROLE", "make and change roles"))
    # ALTER DATABASE … OWNER TO needs CREATEDB as well.
    if not admin.createdb and any(
        isinstance(change, CreateDatabase | HandOverDatabase | TakeOverDatabase)
        for change in changes
    ):
        found.append(_attribute(admin, "CREATEDB", "make databases"))
    if admin.passwords_restricted and not admin.password_member:
        found += _passwords(plan, admin)
    return tuple(found)


def _passwords(plan: Plan, admin: Admin) -> tuple[Missing, ...]:
    setting = CreateRole | CreateSecond | UpdatePassword | UseIam | UsePassword
    if not any(isinstance(change, setting) for change in plan.changes):
        return ()
    return (
        Missing(
            message="rds.restrict_password_commands is on, and the admin"
            f" {admin.name} is not in rds_password: RDS refuses whatever sets a password, and"
            " RENAME and VALID UNTIL as well",
            statement=as_text(statements.grant_role("rds_password", admin.name)),
            executor="the master user (a member of rds_superuser)",
        ),
    )


def roles_to_borrow(plan: Plan, observed: Observed) -> tuple[str, ...]:
    """Return the existing roles that the plan borrows or changes, sorted.

    Whoever may lend a role to itself has `ADMIN` on it, which is also what changing the
    role takes.
    """
    if observed.server.admin.superuser:
        return ()
    touched: set[str] = set()
    for change in plan.changes:
        if isinstance(change, RoleChange) and not isinstance(change, CreateRole):
            touched.add(change.role)
        if isinstance(change, CreateSecond | JoinFirst):
            touched.add(change.first)
    for group in plan.groups:
        for transaction in group.transactions:
            if isinstance(transaction.place.session, Borrowing):
                touched.add(transaction.place.session.role)
    return tuple(sorted(touched & observed.roles.keys()))


def missing_loan(role: str, refusal: str, admins: Sequence[str], observed: Observed) -> Missing:
    """Return what to do about a role that can't be borrowed.

    Args:
        role: the role.
        refusal: what the server said.
        admins: roles with `ADMIN` on it.
        observed: the server.
    """
    admin = observed.server.admin.name
    return Missing(
        message=f"the admin {admin} can't act as {role}: {refusal}",
        statement=as_text(statements.grant_admin(role, admin, observed.server.major)),
        executor=" or ".join([*admins, "a superuser"]),
    )


def missing_comment(role: str, refusal: str, admins: Sequence[str], observed: Observed) -> Missing:
    """Return what to do about a role that can't be marked; the arguments are `missing_loan`'s."""
    loan = missing_loan(role, refusal, admins, observed)
    admin = observed.server.admin.name
    return replace(loan, message=f"the admin {admin} can't mark the role {role}: {refusal}")


def joins_iam(plan: Plan) -> str:
    """Return the first role that the plan puts into `rds_iam`, or empty."""
    for change in plan.changes:
        made = isinstance(change, CreateRole) and change.auth is Auth.IAM
        if made or isinstance(change, UseIam):
            return role_of(change)
    return ""


def missing_iam(refusal: str, observed: Observed) -> Missing:
    """Return what to do where the admin can't put roles into `rds_iam`.

    A plan gets here only with an admin that being a member does not lock out (`planning.guards`).
    """
    admin = observed.server.admin.name
    return Missing(
        message=f"the admin {admin} can't put roles into rds_iam: {refusal}",
        statement=as_text(statements.grant_admin(IAM_ROLE, admin, observed.server.major)),
        executor="a superuser",
    )


def _attribute(admin: Admin, attribute: str, purpose: str) -> Missing:
    return Missing(
        message=f"the admin {admin.name} lacks {attribute} and can't {purpose}",
        statement=as_text(statements.with_attribute(admin.name, attribute)),
        executor="a superuser (on RDS: the master user)",
    )


def _needs_createrole(plan: Plan, change: object) -> bool:
    if isinstance(change, RoleChange):
        return True
    return isinstance(change, DatabaseChange) and plan.lending.needed(change.owner)
