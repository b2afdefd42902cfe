"""`pgtenant apply --tenants`: what the catalog declares as tenants, when all else is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pgtenant.audit.record import Record
from pgtenant.errors import AuditError, PgtenantError
from pgtenant.planning.findings import DriftKind
from pgtenant.planning.tenants.outcome import Tenants
from pgtenant.report.progress import Progress
from pgtenant.schemas import tenant_template
from pgtenant.usecases.inputs import SCHEMAS_DIRECTORY, Inputs
from pgtenant.usecases.outcome import Outcome
from pgtenant.usecases.recorder import Recorder
from pgtenant.usecases.recording import recorded
from pgtenant.usecases.tenants.add import Adding, add_tenants
from pgtenant.usecases.tenants.look import tenanted
from pgtenant.usecases.tenants.outcome import Outcome as Added
from pgtenant.usecases.tenants.site import Call
from pgtenant.usecases.tenants.sources import tenants_declared

_AWAY: Final = frozenset({DriftKind.DISABLED, DriftKind.REOPENED})


@dataclass(frozen=True, slots=True)
class Applied:
    """An apply that has ended, and how it was asked for.

    Attributes:
        environ: the process's environment; says who runs it.
        lock_wait: how many seconds to wait for another run.
        fail_fast: stop at the first error.
    """

    inputs: Inputs
    outcome: Outcome
    environ: Mapping[str, str]
    build_id: str
    run_id: str
    lock_wait: float
    fail_fast: bool


async def add_declared(
    applied: Applied,
    records: list[Record],
    progress: Progress,
    *,
    show: Callable[[Tenants], None] = lambda _: None,
) -> Outcome:
    """Make the declared tenants of each entry, and bring them up to its template.

    Each entry's are a run of `tenant add`. A tenant that was retired is not made anew: who left it
    in its file did not ask for an empty one.

    Args:
        applied: the apply; with its errors nothing is done where the first one is to stop it.
        records: gets the runs' records.
        progress: told of each tenant.
        show: told what was done for each entry.

    Returns:
        How the apply ended, with what failed here.
    """
    outcome = applied.outcome
    for key in _entries(applied):
        if outcome.errors and applied.fail_fast:
            break
        own: list[Record] = []
        try:
            await _add(applied, key, own, progress, show)
        except PgtenantError as error:
            outcome = replace(outcome, errors=(*outcome.errors, error))
            if isinstance(error, AuditError):
                break
        finally:
            records += own
    return outcome


async def _add(
    applied: Applied,
    key: str,
    records: list[Record],
    progress: Progress,
    show: Callable[[Tenants], None],
) -> None:
    inputs = applied.inputs
    settings = inputs.settings
    entry, _ = tenanted(inputs, key)
    template = entry.tenancy.template if entry.tenancy is not None else None
    asked = Adding(
        tenants=tenants_declared(entry, settings.root) or (),
        every=False,
        template=tenant_template(template, settings.root / SCHEMAS_DIRECTORY),
        assume=False,
        revive=False,
    )

    async def work(recorder: Recorder) -> Added:
        call = Call(
            inputs=inputs,
            recorder=recorder,
            progress=progress,
            key=key,
            lock_wait=applied.lock_wait,
            dry_run=False,
        )
        return await add_tenants(call, asked, show=show)

    await recorded(
        settings,
        inputs.environment,
        applied.environ,
        work,
        lambda done: done.exit_code,
        command="tenant add",
        build_id=applied.build_id,
        run_id=f"{applied.run_id}-{key}",
        records=records,
    )


def _entries(applied: Applied) -> Iterator[str]:
    """Yield the keys of the entries in service that declare tenants."""
    plan, selected = applied.outcome.plan, applied.inputs.selected
    out = {one.entry for one in plan.drift if one.kind in _AWAY} | {*applied.outcome.blocked}
    for entry in applied.inputs.catalog.entries:
        declares = entry.tenancy is not None and entry.tenancy.tenants_file is not None
        if declares and entry.key not in out and (selected is None or entry.key in selected):
            yield entry.key
