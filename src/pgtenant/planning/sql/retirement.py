"""The steps of a retirement as statements."""

from __future__ import annotations

from typing import assert_never

from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    GrantDatabase,
    MarkRole,
    RevokeColumns,
    RevokeDatabase,
    RevokeDefault,
    RevokeObjects,
    TakeOverDatabase,
)
from pgtenant.planning.retirement.steps import (
    Batch,
    CleanUp,
    DropDatabase,
    DropRole,
    MakeDumper,
    MakeScratch,
    OpenScratch,
    ReleaseDatabase,
    SetRowSecurity,
    Step,
)
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.render import Statement, Verifiers, psql_variables, render
from pgtenant.planning.sql.script import Lending, framed


def retirement_script(
    batch: Batch, lending: Lending, verifiers: Verifiers = psql_variables
) -> tuple[Statement, ...]:
    """Return the statements of `batch` in the order they are sent, without `BEGIN`."""
    body = tuple(s for step in batch.steps for s in retirement_statements(step, lending, verifiers))
    if batch.acting:
        body = framed(body, batch.acting, lending)
    lent = [role for role in batch.rights if _lacks_rights(role, lending)]
    return (
        *(Statement(statements.lend_rights(r, lending.admin, lending.major)) for r in lent),
        *body,
        *(
            Statement(statements.give_back(r, lending.admin, lending.major, lending.restore.get(r)))
            for r in reversed(lent)
        ),
    )


def retirement_statements(  # noqa: PLR0911 - one arm for each kind of step
    step: Step, lending: Lending, verifiers: Verifiers
) -> tuple[Statement, ...]:
    """Return the statements of `step`, in order."""
    match step:
        case (
            AlterRole()
            | MarkRole()
            | AlterDatabase()
            | TakeOverDatabase()
            | GrantDatabase()
            | RevokeDatabase()
            | RevokeObjects()
            | RevokeDefault()
            | RevokeColumns()
        ):
            return render(step)
        case CleanUp():
            return (Statement(statements.drop_owned(step.role)),)
        case ReleaseDatabase():
            return (Statement(statements.database_owner(step.database, step.admin)),)
        case DropDatabase():
            return (Statement(statements.drop_database(step.database)),)
        case DropRole():
            return (Statement(statements.drop_role(step.role)),)
        case MakeDumper():
            made = (
                Statement(statements.create_dumper(step.role, verifiers(step.role, ""))),
                Statement(statements.comment_on_role(step.role, step.comment)),
            )
            rights = [step.of] if step.of else []
            grants = (statements.grant_rights(of, step.role, lending.major) for of in rights)
            return (*made, *map(Statement, grants))
        case SetRowSecurity():
            return tuple(
                Statement(
                    statements.force_row_security(schema, table, on=step.forced), as_owner=True
                )
                for schema, table in step.tables
            )
        case MakeScratch():
            return (Statement(statements.create_scratch(step.database, step.like)),)
        case OpenScratch():
            return _open_scratch(step)
        case _:
            assert_never(step)


def _open_scratch(step: OpenScratch) -> tuple[Statement, ...]:
    open_up = AlterDatabase(
        entry=step.entry, database=step.database, owner=step.owner, allow_connections=True
    )
    return (
        Statement(statements.revoke_all_from_public(step.database)),
        Statement(statements.database_owner(step.database, step.owner)),
        Statement(statements.alter_database(open_up), as_owner=True),
    )


def _lacks_rights(role: str, lending: Lending) -> bool:
    """Return whether the admin has to be lent the rights of a role.

    From PostgreSQL 16 on, who may `SET ROLE` to it need not have them.
    """
    if lending.superuser or role == lending.admin:
        return False
    return lending.major >= 16 or role not in lending.free
