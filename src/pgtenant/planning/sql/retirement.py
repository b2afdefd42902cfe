"""The steps of a retirement as statements."""

from __future__ import annotations

from typing import assert_never

from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    GrantDatabase,
    MarkRole,
    TakeOverDatabase,
)
from pgtenant.planning.retirement.steps import (
    Batch,
    CleanUp,
    DropDatabase,
    DropRole,
    ReleaseDatabase,
    Step,
)
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.render import Statement, render
from pgtenant.planning.sql.script import Lending, framed


def retirement_script(batch: Batch, lending: Lending) -> tuple[Statement, ...]:
    """Return the statements of `batch` in the order they are sent, without `BEGIN`."""
    body = tuple(s for step in batch.steps for s in retirement_statements(step))
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


def retirement_statements(step: Step) -> tuple[Statement, ...]:
    """Return the statements of `step`, in order."""
    match step:
        case AlterRole() | MarkRole() | AlterDatabase() | TakeOverDatabase() | GrantDatabase():
            return render(step)
        case CleanUp():
            return (Statement(statements.drop_owned(step.role)),)
        case ReleaseDatabase():
            return (Statement(statements.database_owner(step.database, step.admin)),)
        case DropDatabase():
            return (Statement(statements.drop_database(step.database)),)
        case DropRole():
            return (Statement(statements.drop_role(step.role)),)
        case _:
            assert_never(step)


def _lacks_rights(role: str, lending: Lending) -> bool:
    """Return whether the admin has to be lent the rights of a role.

    From PostgreSQL 16 on, who may `SET ROLE` to it need not have them.
    """
    if lending.superuser or role == lending.admin:
        return False
    return lending.major >= 16 or role not in lending.free
