"""`pgtenant tenant retire` and `tenant drop`: out of service, and later away for good."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar, assert_never

from psycopg import sql

from pgtenant.audit.record import Action
from pgtenant.catalog.shown import plain
from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, UsageError
from pgtenant.planning.sql.statements import drop_role
from pgtenant.planning.sql.text import as_text, can_be_sent
from pgtenant.planning.tenants.outcome import State, Tenants, Told
from pgtenant.planning.tenants.retiring import Drop, Retire, removal, retirements
from pgtenant.planning.tenants.roles import leaving, making
from pgtenant.planning.tenants.slugs import Tenant, retired_tenant
from pgtenant.postgres.execute import run
from pgtenant.postgres.tenant_schemas import ties_of
from pgtenant.report.safe import shown
from pgtenant.report.words import some
from pgtenant.usecases.tenants.outcome import Outcome, Telling
from pgtenant.usecases.tenants.run import at_home
from pgtenant.usecases.tenants.site import Call, Sent, Site

_MOST: Final = 10
_REACHED: Final = "would still reach it"
_LOSES: Final = "would go or lose something with it"
_R = TypeVar("_R", bound=Retire | Drop)


async def retire_tenants(
    call: Call, tenants: Iterable[Tenant], *, show: Callable[[Tenants], None]
) -> Outcome:
    """Rename the schema of each tenant and take everybody's access to it, the owner's too.

    Args:
        call: the entry, and how the run goes about it.
        tenants: the ones.
        show: told what was done, also when the run ends in between.

    Raises:
        UsageError: one is not there, or not the entry's; nothing was changed.
        LockHeldError: another run holds the instance.
        PgtenantError: something outside of one needs it; or something failed, and the tenants
            before it stay as they are then.
    """
    wanted = tuple(sorted(tenants))
    async with at_home(call) as site:
        there = await site.schemas({tenant.schema for tenant in wanted})
        today = call.recorder.clock().strftime("%Y%m%d")
        steps = retirements(wanted, there, site.home, today)
        for step in steps:
            await _insist_on_nothing_outside(site, step.tenant.schema, _REACHED)
        telling = Telling(site.home, show)
        busy = {step.tenant.schema for step in steps}
        telling.add(Told(t.slug, t.schema, State.UNCHANGED) for t in wanted if t.schema not in busy)

        def done(step: Retire, _: Sent) -> None:
            telling.add([Told(step.tenant.slug, step.retired, State.RETIRED)])

        await site.start(steps, Action.RETIRE_TENANT)
        if not steps:
            await site.unchanged("retired before")
        try:
            await site.each(steps, Action.RETIRE_TENANT, _sending(site, _REACHED), done)
        finally:
            found = telling.tell()
        return Outcome(found)


async def drop_tenant(call: Call, schema: str, *, show: Callable[[Tenants], None]) -> Outcome:
    """Drop the schema of a tenant that was retired, with all that is in it.

    Args:
        call: the entry, and how the run goes about it.
        schema: the name that it has since then.
        show: told what was done.

    Raises:
        UsageError: it is in service, or nobody's; nothing was changed.
        LockHeldError: another run holds the instance.
        PgtenantError: something outside of it needs it; or something failed.
    """
    if not can_be_sent(schema):
        said = f"the schema {plain(schema)} can't be named in a statement: it is no UTF-8"
        raise UsageError(
            said,
            hint="rename it as its owner, in the encoding of its database",
            code=Code.NO_TENANT_SCHEMA,
        )
    async with at_home(call) as site:
        step = removal(schema, await site.schemas({schema}), site.home)
        steps = [] if step is None else [step]
        if steps:
            await _insist_on_nothing_outside(site, schema, _LOSES, going=True)
        telling = Telling(site.home, show)
        if step is None:
            telling.add([Told(retired_tenant(schema).slug, schema, State.UNCHANGED)])

        def done(step: Drop, _: Sent) -> None:
            telling.add([Told(step.tenant.slug, schema, State.DROPPED)])

        await site.start(steps, Action.DROP_TENANT)
        if not steps:
            await site.unchanged(f"{schema} is gone")
            await _drop_its_role(site, schema)
        try:
            await site.each(steps, Action.DROP_TENANT, _sending(site, _LOSES), done)
        finally:
            found = telling.tell()
        return Outcome(found)


async def _drop_its_role(site: Site, schema: str) -> None:
    """Drop the role that a run has left which dropped the schema, and then ended."""
    role = site.home.role_of(schema)
    if role is not None and role in site.roles and not site.call.dry_run:
        await site.as_admin([drop_role(role)], f"role {role} dropped")


async def _insist_on_nothing_outside(
    site: Site, schema: str, why: str, *, going: bool = False
) -> None:
    """Refuse a schema of which something elsewhere needs a part.

    With `going`, a role of the tenant's own that holds something elsewhere is refused as well.

    Raises:
        PgtenantError: something does.
    """
    ties = await ties_of(site.connection, schema, site.home.role_of(schema))
    if ties.needing:
        names = some([".".join(name) for name in ties.needing], _MOST)
        raise PgtenantError(
            f"{schema} is needed elsewhere: {names} {why}; it was left alone",
            hint="drop or alter what needs it, then run again",
            code=Code.TENANT_NEEDED,
        )
    if ties.granted and going:
        listed = ", ".join(map(shown, ties.granted[:_MOST]))
        raise PgtenantError(
            f"the role {site.home.role_of(schema)} was granted something on {listed}, and can't be"
            " dropped; nothing was changed",
            hint="revoke that from it, then run again",
            code=Code.TENANT_NEEDED,
        )


def _sending(site: Site, why: str) -> Callable[[_R], Awaitable[Sent]]:
    async def send(step: _R) -> Sent:
        before, after = _around(step, site)
        statements = list(step.statements())
        if not site.call.dry_run:
            # Of many, the last one's turn comes minutes after all were looked at.
            await _insist_on_nothing_outside(site, step.tenant.schema, why)
            await site.as_admin(before, step.says)
            await run(
                site.connection,
                statements,
                transactional=True,
                doing=step.says,
                proviso=site.lock,
            )
            await site.as_admin(after, step.says)
        texts = (*before, *(statement.text for statement in statements), *after)
        return Sent(tuple(as_text(text) for text in texts))

    return send


def _around(step: Retire | Drop, site: Site) -> tuple[list[sql.Composed], list[sql.Composed]]:
    """Return what the admin does to a tenant's own role before and after."""
    if not site.home.own_roles:
        return [], []
    match step:
        case Retire():
            schema, retired = step.tenant.schema, step.retired
            return [], list(leaving(schema, retired, site.home, site.roles))
        case Drop():
            schema, major = step.tenant.schema, site.observed.server.major
            enter = list(making(schema, site.home, site.roles, major))
            return enter, [drop_role(site.home.owner_of(schema))]
        case _:
            assert_never(step)
