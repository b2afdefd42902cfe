"""Prove, before the first change, that the admin may make all of them."""

from __future__ import annotations

from pgtenant.errors import AuthorityError
from pgtenant.planning.authority import (
    Missing,
    joins_iam,
    missing_attributes,
    missing_comment,
    missing_iam,
    missing_loan,
    roles_to_borrow,
)
from pgtenant.planning.changes import MarkRole
from pgtenant.planning.observed import Observed
from pgtenant.planning.plan import Plan
from pgtenant.postgres.authority import admins_of, refused_comments, refused_loans
from pgtenant.postgres.delegation import refused_iam
from pgtenant.usecases.blame import blame
from pgtenant.usecases.look import Instance


async def prove_authority(instance: Instance, plan: Plan, observed: Observed) -> None:
    """Check that the admin may do everything that a plan needs, by doing and undoing it.

    Raises:
        AuthorityError: it may not; the hint is the statements that would allow it.
        ServerError: the server failed.
    """
    async with blame(instance, instance.primary):
        missing = await _missing(instance, plan, observed)
    if missing:
        raise _no_authority(missing)


async def _missing(instance: Instance, plan: Plan, observed: Observed) -> list[Missing]:
    missing = list(missing_attributes(plan, observed.server.admin))
    if not missing:
        refusals = await refused_loans(
            instance.primary, roles_to_borrow(plan, observed), plan.lending
        )
        for role, refusal in sorted(refusals.items()):
            admins = await admins_of(instance.primary, role)
            missing.append(missing_loan(role, refusal, admins, observed))
        free = [
            c
            for c in plan.changes
            if isinstance(c, MarkRole) and c.role in observed.roles and c.role not in refusals
        ]
        for role, refusal in sorted((await refused_comments(instance.primary, free)).items()):
            admins = await admins_of(instance.primary, role)
            missing.append(missing_comment(role, refusal, admins, observed))
        if role := joins_iam(plan):
            there = role in observed.roles
            if refusal := await refused_iam(instance.primary, role, exists=there):
                missing.append(missing_iam(refusal, observed))
    return missing


def _no_authority(missing: list[Missing]) -> AuthorityError:
    shown = missing[:20]
    lines = "\n".join(f"  {m.message}" for m in shown)
    more = f"\n  and {len(missing) - len(shown)} more" if len(missing) > len(shown) else ""
    cures = "\n".join(f"  {m.statement};  -- as {m.executor}" for m in shown)
    return AuthorityError(
        f"the admin may not carry out this plan; nothing was changed:\n{lines}{more}",
        hint=f"have this run, then try again:\n{cures}",
    )
