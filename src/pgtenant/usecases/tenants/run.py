"""What every change to an entry's tenants does around its work: lock, look, and record why not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from pgtenant.audit.record import Action, Status
from pgtenant.catalog.model import Auth
from pgtenant.codes import Code
from pgtenant.errors import AuditError, PgtenantError
from pgtenant.planning.desired import Desired, DesiredDatabase
from pgtenant.planning.diff.standing import Standing, standing
from pgtenant.planning.guards import guard
from pgtenant.planning.observed import Observed
from pgtenant.planning.tenants.adding import Home
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.postgres.connect import Login
from pgtenant.postgres.observe import observe_instance
from pgtenant.postgres.options import CATALOG_FIRST
from pgtenant.usecases.journal import facts
from pgtenant.usecases.locked import locked
from pgtenant.usecases.look import Instance, connected
from pgtenant.usecases.rows import entry_row
from pgtenant.usecases.tenants.look import isolation_of, tenanted
from pgtenant.usecases.tenants.site import Call, Site


@asynccontextmanager
async def at_home(call: Call) -> AsyncIterator[Site]:
    """Take the run lock and log in as the owner of an entry's database, for the block.

    Whatever fails in the block is recorded.

    Raises:
        UsageError: the entry has no tenants.
        LockHeldError: another run holds the instance.
        PgtenantError: its database is not there yet, or the owner can't log in.
    """
    entry, _ = tenanted(call.inputs, call.key)
    isolation, recorder = isolation_of(entry), call.recorder
    try:
        async with connected(call.inputs) as reached:
            instance = reached if call.dry_run else await locked(reached, wait=call.lock_wait)
            inputs = instance.inputs
            _, database = tenanted(inputs, call.key)
            owner = database.owner.name
            observed = await observe_instance(instance.primary, roles=[owner], extensions=())
            _insist_on_database(observed, database, inputs.desired)
            login = _login(instance, database)
            home = _home(inputs.environment, call.key, database, isolation)
            opened = instance.gate.open(login, database.name, search_path=CATALOG_FIRST)
            async with opened as connection:
                yield Site(call, instance, observed, isolation, connection, home)
    except AuditError:
        raise
    except PgtenantError as error:
        if not recorder.audit.links:
            await recorder.start(facts(call.inputs))
        if all(record.status is not Status.ERROR for record in recorder.own):
            desired = call.inputs.desired
            row = entry_row(call.key, desired, Action.RUN, Status.ERROR, error.message)
            await recorder.write([row])
        raise


def _home(environment: str, key: str, database: DesiredDatabase, isolation: Isolation) -> Home:
    return Home(
        environment=environment,
        entry=key,
        database=database.name,
        owner=database.owner.name,
        prefix=isolation.prefix,
        own_roles=isolation.roles_in is not None,
    )


def _insist_on_database(observed: Observed, database: DesiredDatabase, desired: Desired) -> None:
    """Refuse an entry of which `apply` would change nothing, or that it has not made yet."""
    alone = replace(desired, databases=(database,))
    for one in guard(observed, alone):
        if one.entry == database.entry:
            cure = f"{one.executor} would run: {one.statement}" if one.statement else ""
            raise PgtenantError(f"{one.entry} is blocked: {one.reason}", hint=cure, code=one.code)
    if standing(database, observed) is not Standing.MADE:
        raise PgtenantError(
            f"{database.entry} is not provisioned: there is no database {database.name}",
            hint=f"`pgtenant apply -e {desired.environment} --only {database.entry}` comes first",
            code=Code.NOT_PROVISIONED,
        )


def _login(instance: Instance, database: DesiredDatabase) -> Login:
    login = instance.login(database.owner)
    if login is not None:
        return login
    how = "with a token of IAM" if database.owner.auth is Auth.IAM else "with no password"
    raise PgtenantError(
        f"{database.owner.name} logs in {how}: pgtenant can't, and a tenant's tables are made on a"
        " login of their owner",
        hint="give the entry a login with a password (`auth` in docs/reference.md)",
        code=Code.NO_OWNER_LOGIN,
    )
