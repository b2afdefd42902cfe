"""The end of a removal that an operator has carried out: what is left of it in the manifests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pgtenant.audit.record import Action, Status
from pgtenant.planning.observed import Observed
from pgtenant.planning.retirement.view import View
from pgtenant.planning.sql.script import Lending
from pgtenant.report.words import some
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.retire.asked import Asked
from pgtenant.usecases.retire.disable import Outcome
from pgtenant.usecases.retire.operator import Operator


async def forget(
    operator: Operator,
    inputs: Inputs,
    recorder: Recorder,
    observed: Observed,
    asked: Asked,
    *,
    show: Callable[[View], None],
) -> Outcome | None:
    """Take an entry out of the manifests, once the operator has dropped its roles.

    Args:
        operator: with the manifests.
        inputs: catalog and settings.
        recorder: writes the audit records.
        observed: the server.
        asked: what is to be done.
        show: called before anything is changed.

    Returns:
        None when the manifests know of no such removal.

    Raises:
        PgtenantError: a manifest can't be read or written; the next run goes on from there.
    """
    found = await asyncio.to_thread(operator.leftovers, asked.key)
    if not found:
        return None
    still = sorted(found.keys() & observed.roles.keys())
    ask = f"`pgtenant verify gitops -e {inputs.environment}` says why"
    view = View(
        entry=asked.key,
        stage="drop",
        batches=(),
        lending=Lending.of(observed),
        notes=() if still else (f"Taken out of the manifests: {some(sorted(found))}.",),
        told=True,
        waits=f"the operator has not dropped {some(still)} yet: {ask}" if still else "",
    )
    show(view)
    await recorder.start(facts(inputs, observed=observed))
    if still:
        row = _row(asked, Action.CHECK, Status.NO_CHANGE, view.waits)
    elif asked.dry_run:
        row = _row(asked, Action.WRITE_MANIFEST, Status.DRY_RUN, view.notes[0])
    else:
        files = await asyncio.to_thread(operator.forget, asked.key)
        said = f"what was left of it is taken out of {some(files, len(files))}"
        row = _row(asked, Action.WRITE_MANIFEST, Status.SUCCESS, said)
    await recorder.write([row])
    return Outcome(view)


def _row(asked: Asked, action: Action, status: Status, message: str) -> Row:
    return Row("", "", action, status, f"{asked.key}: {message}", entry=asked.key)
