"""The steps of a bootstrap as statements."""

from __future__ import annotations

from typing import assert_never

from pgtenant.planning.bootstrap import Batch, CreateDelegate, GrantAdmin, GrantGroup, Step
from pgtenant.planning.changes import AlterRole, GrantDatabase, RevokeDatabase, UpdatePassword
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.render import Statement, Verifiers, psql_variables, render
from pgtenant.planning.sql.script import Lending, framed


def batch_script(
    batch: Batch, lending: Lending, verifiers: Verifiers = psql_variables
) -> tuple[Statement, ...]:
    """Return the statements of `batch` in the order they are sent, without `BEGIN`."""
    body = tuple(s for step in batch.steps for s in step_statements(step, lending, verifiers))
    if batch.borrowed:
        return framed(body, batch.borrowed, lending)
    return body


def step_statements(
    step: Step, lending: Lending, verifiers: Verifiers = psql_variables
) -> tuple[Statement, ...]:
    """Return the statements of `step`, in order."""
    match step:
        case CreateDelegate():
            return (
                Statement(statements.create_delegate(step.role, verifiers(step.role, step.secret))),
                Statement(statements.comment_on_role(step.role, step.comment)),
            )
        case GrantAdmin():
            text = statements.grant_admin(step.role, step.to, lending.major)
            return (Statement(text, as_owner=step.as_delegate),)
        case GrantGroup():
            return (Statement(statements.grant_role(step.group, step.role)),)
        case AlterRole() | UpdatePassword() | GrantDatabase() | RevokeDatabase():
            return render(step, verifiers)
        case _:
            assert_never(step)
