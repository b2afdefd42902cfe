"""`pgtenant tenant add`: make tenants, and bring those that are there up to the template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pgtenant.audit.record import Action
from pgtenant.planning.tenants.adding import Bring, additions, tenants_there
from pgtenant.planning.tenants.findings import Finding
from pgtenant.planning.tenants.outcome import State, Tenants, Told
from pgtenant.planning.tenants.retiring import were_retired
from pgtenant.planning.tenants.slugs import Tenant
from pgtenant.planning.tenants.templates import Template
from pgtenant.postgres.tenant_work import bring_up
from pgtenant.report.words import count, some
from pgtenant.usecases.tenants.outcome import Outcome, Telling
from pgtenant.usecases.tenants.run import at_home
from pgtenant.usecases.tenants.site import Call, Sent

_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Adding:
    """What the command line asks for.

    Attributes:
        tenants: to be made, or brought up to the template; sorted by schema.
        every: so are all that are there.
        template: what each of them is filled with.
        assume: whether the template counts as run in those that are there.
        revive: whether one that was retired is made anew; otherwise it is left out, with a warning.
    """

    tenants: tuple[Tenant, ...]
    every: bool
    template: Template
    assume: bool
    revive: bool = True


@dataclass(frozen=True, slots=True)
class _Brought(Sent):
    findings: tuple[Finding, ...] = ()


async def add_tenants(call: Call, asked: Adding, *, show: Callable[[Tenants], None]) -> Outcome:
    """Make what is missing, one transaction for each tenant.

    A dry run tries each kind of transaction once, and rolls it back.

    Args:
        call: the entry, and how the run goes about it.
        asked: what is to be done.
        show: told what was done, also when the run ends in between.

    Raises:
        UsageError: a schema is in the way, or the template failed for the first tenant.
        LockHeldError: another run holds the instance.
        PgtenantError: something failed; the tenants before it stay.
    """
    async with at_home(call) as site:
        there = await site.schemas({t.schema for t in asked.tenants}, every=asked.every)
        wanted = asked.tenants
        if asked.every:
            named = {tenant.schema for tenant in wanted}
            others = (t for t in tenants_there(there.values(), site.home) if t.schema not in named)
            wanted = tuple(sorted((*wanted, *others)))
        retired = () if asked.revive else were_retired(wanted, there)
        wanted = tuple(tenant for tenant in wanted if tenant not in retired)
        steps = additions(wanted, there, asked.template, site.home, assume=asked.assume)
        busy = {step.tenant.schema for step in steps}
        telling = Telling(site.home, show)
        telling.add(Told(t.slug, t.schema, State.UNCHANGED) for t in wanted if t.schema not in busy)
        await site.start(steps, Action.ADD_TENANT)
        if retired:
            await site.warn(
                f"{some([tenant.slug for tenant in retired], _MOST)}: declared, and retired, so not"
                " made anew; take what is retired out of the file, or name it to `tenant add`"
            )
        if wanted and not steps:
            known = count(len(wanted), "tenant")
            await site.unchanged(f"{known}, made before and as far as the template is")
        tried: set[object] = set()

        async def work(step: Bring) -> _Brought:
            kind = (step.new, step.files)
            if call.dry_run and kind in tried:
                return _Brought()
            brought = await bring_up(
                site.connection,
                step,
                site.isolation,
                proviso=site.lock,
                rehearse=call.dry_run,
                known=kind in tried,
            )
            tried.add(kind)
            return _Brought(brought.statements, brought.findings)

        def done(step: Bring, sent: _Brought) -> None:
            state = State.ADDED if step.new else State.BROUGHT_UP
            files = tuple(file.name for file in step.files)
            told = Told(step.tenant.slug, step.tenant.schema, state, files)
            telling.add([told], sent.findings)

        try:
            await site.each(steps, Action.ADD_TENANT, work, done)
        finally:
            found = telling.tell()
        return Outcome(found)
