"""`pgtenant plan`: what would change, and why not more."""

from __future__ import annotations

from pgtenant.errors import ExitCode
from pgtenant.planning.plan import Plan, make_plan
from pgtenant.report.progress import Progress
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.look import connected, observe


async def plan(inputs: Inputs, progress: Progress | None = None) -> Plan:
    """Read the instance and compare; nothing is changed and no lock is taken.

    Args:
        inputs: catalog and secrets, all checked.
        progress: told of each step.

    Raises:
        ServerError: the instance could not be read.
    """
    async with connected(inputs) as instance:
        observed = await observe(instance, progress=progress)
    return make_plan(observed, inputs.desired, only=inputs.selected)


def plan_exit_code(plan: Plan, *, detailed: bool) -> ExitCode:
    """Return the exit code of `plan`: with `detailed`, changes go before blocked entries."""
    if plan.unrepaired:
        return ExitCode.FAILED  # a database could not be read, and nothing planned mends that
    if not detailed:
        return ExitCode.CONVERGED
    if plan.changes:
        return ExitCode.CHANGES
    return ExitCode.BLOCKED if plan.blocked else ExitCode.CONVERGED
