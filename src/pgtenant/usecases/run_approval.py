"""`pgtenant fleet approval`: who approved a workflow's run, as the forge recorded it."""

from __future__ import annotations

from pgtenant.codes import Code
from pgtenant.errors import ApprovalRequiredError
from pgtenant.forge.model import Runs
from pgtenant.settings.model import Settings


def approvers_of(settings: Settings, environment: str, forge: Runs, run: str) -> tuple[str, ...]:
    """Return the logins of who approved a run for an environment; it may need nobody.

    The forge does not say which attempt of the run a review was for. All are for one commit; but
    who rejected it once has not approved it, so that a run that was rejected needs a new one.

    Args:
        settings: the project's.
        environment: which the run is to change.
        forge: where it runs.
        run: its number.

    Raises:
        ApprovalRequiredError: somebody rejected it, or it needs an approval and has none.
        SettingsError: the name can't be an environment's.
        ForgeError: the forge does not say.
    """
    gate = forge.gate(run, environment)
    if gate.rejected:
        raise ApprovalRequiredError(
            f"{', '.join(sorted(gate.rejected))} rejected this run for {environment}",
            hint="start a new one",
            code=Code.UNREVIEWED,
        )
    if settings.approval_required(environment) and not gate.approved:
        raise ApprovalRequiredError(
            f"{environment} needs an approval and nobody gave one",
            hint=f"give the GitHub environment {environment} required reviewers, without a bypass"
            " for administrators",
            code=Code.UNREVIEWED,
        )
    return tuple(sorted(gate.approved))
