"""`pgtenant tenant add`: make tenants, and bring those that are there up to the template."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from pgtenant.audit.record import Action
from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, UsageError
from pgtenant.planning.observed.roles import OPTIONS
from pgtenant.planning.sql.statements import drop_role
from pgtenant.planning.sql.text import as_text
from pgtenant.planning.tenants.adding import Bring, additions, tenants_there
from pgtenant.planning.tenants.findings import Finding
from pgtenant.planning.tenants.outcome import State, Tenants, Told
from pgtenant.planning.tenants.retiring import were_retired
from pgtenant.planning.tenants.roles import making
from pgtenant.planning.tenants.slugs import Tenant, refused
from pgtenant.planning.tenants.templates import Template
from pgtenant.postgres.tenant_work import bring_up
from pgtenant.report.words import count, some
from pgtenant.usecases.tenants.outcome import Outcome, Telling
from pgtenant.usecases.tenants.run import at_home
from pgtenant.usecases.tenants.site import Call, Sent, Site

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
        if site.home.own_roles:
            await _insist_on_roles(site, steps)
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
            before = await _its_role(site, step)
            entered = step.role is None or step.role in site.roles or not call.dry_run
            try:
                brought = await bring_up(
                    site.connection,
                    # What a dry run does not make can't be entered: then the owner stands in.
                    step if entered else replace(step, role=None),
                    site.isolation if entered else replace(site.isolation, roles_in=None),
                    proviso=site.lock,
                    rehearse=call.dry_run,
                    known=kind in tried,
                )
            except UsageError:
                await _without_its_role(site, step)
                raise
            tried.add(kind)
            return _Brought((*before, *brought.statements), brought.findings)

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


async def _insist_on_roles(site: Site, steps: Iterable[Bring]) -> None:
    """Refuse roles that are not ours, and an application that would inherit those that are.

    Raises:
        UsageError: a role of a tenant's name is there, and nobody's tenant.
        PgtenantError: the application's role inherits, which on PostgreSQL 15 is for `apply`.
    """
    home = site.home
    names = {home.owner_of(step.tenant.schema) for step in steps}
    observed = await site.look_at_roles(names)
    foreign = sorted(name for name in names & observed.roles.keys() if name != home.owner)
    foreign += sorted(
        name
        for name in names & site.roles.keys()
        if name not in observed.tenants_of(home.environment, home.database)
    )
    if foreign:
        raise refused([f"the role {name} is there, and was not made for it" for name in foreign])
    if observed.server.major < OPTIONS and observed.roles[home.owner].inherit:
        raise PgtenantError(
            f"{home.owner} inherits what the roles that it is a member of may do, and would read"
            " every tenant",
            hint=f"`pgtenant apply -e {home.environment} --only {home.entry}` comes first",
            code=Code.NOT_PROVISIONED,
        )


async def _its_role(site: Site, step: Bring) -> tuple[str, ...]:
    """Make a tenant's own role, as far as it is not there, and return what was sent."""
    if step.role is None:
        return ()
    major = site.observed.server.major
    texts = list(making(step.tenant.schema, site.home, site.roles, major))
    if not site.call.dry_run:
        await site.as_admin(texts, f"making the role {step.role}")
    return tuple(as_text(text) for text in texts)


async def _without_its_role(site: Site, step: Bring) -> None:
    """Drop the role that was made for a tenant which then was not: nothing of that stays."""
    if step.role is not None and step.role not in site.roles and not site.call.dry_run:
        with suppress(PgtenantError):  # the first error is the one to report
            await site.as_admin([drop_role(step.role)], f"dropping the role {step.role}")
