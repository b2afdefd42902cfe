"""Look at the tenants of one entry, and have them attack each other; nothing of it stays."""

from __future__ import annotations

from typing import Final

from pgtenant.catalog.model import Catalog, Entry
from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, ServerError, UsageError
from pgtenant.planning.desired import DesiredDatabase
from pgtenant.planning.tenants.findings import rank
from pgtenant.planning.tenants.judgement import judged
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.retiring import reopened, retired_of
from pgtenant.planning.tenants.view import View, listed
from pgtenant.postgres.tenant_schemas import schemas_there
from pgtenant.postgres.tenants import inspect_tenants
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.look import connected
from pgtenant.usecases.tenants.attack import attack_tenants
from pgtenant.verify.tenants.outcome import Attack

_NO_SUCH_DATABASE: Final = "3D000"


async def look_at_tenants(
    inputs: Inputs, key: str, *, attacking: bool = False
) -> tuple[View, Attack | None]:
    """Inspect and judge, as the admin: the catalogs say the same to everyone. Then attack.

    Args:
        inputs: catalog and the admin's secret; the entry's own is needed to attack, and that of
            its runtime role.
        key: of an owner entry with `tenancy`.
        attacking: whether its tenants attack each other.

    Raises:
        UsageError: the entry has no tenants.
        PgtenantError: its database can't be read, or is not there.
    """
    entry, database = tenanted(inputs, key)
    isolation = isolation_of(entry)
    async with connected(inputs) as instance:
        try:
            async with instance.gate.open(instance.admin, database.name) as connection:
                found = await inspect_tenants(connection, isolation, roles=database.logins)
                retired = await schemas_there(connection, ())
        except ServerError as error:
            if error.sqlstate != _NO_SUCH_DATABASE:
                raise
            raise PgtenantError(
                f"the database {database.name} of the entry {key} is not there",
                hint=f"`pgtenant apply -e {inputs.environment}` makes it",
                code=Code.NOT_PROVISIONED,
            ) from None
        came_of: Attack | None = None
        if attacking:
            runtime = inputs.catalog.runtime_of(entry)
            login = database.owner if runtime is None else inputs.desired.by_entry[runtime.key]
            came_of = await attack_tenants(instance, database, login, isolation, found)
    owner = database.owner.name
    known = judged(found, isolation, owner=owner, database=database.name)
    findings = tuple(sorted((*known, *reopened(retired.values())), key=rank))
    view = View(
        entry=key,
        database=database.name,
        owner=owner,
        isolation=isolation,
        tenants=listed(found, findings, isolation),
        findings=findings,
        bypassing=tuple(sorted(found.bypassing)),
        retired=tuple(sorted(retired_of(schema) for schema in retired.values())),
        declared=database.declared,
    )
    return view, came_of


def tenanted(inputs: Inputs, key: str) -> tuple[Entry, DesiredDatabase]:
    """Return an entry that has tenants, and its database.

    Raises:
        UsageError: the catalog has no such entry.
    """
    entry = entry_with_tenants(inputs.catalog, key)
    return entry, next(d for d in inputs.desired.databases if d.name == entry.database_name)


def entry_with_tenants(catalog: Catalog, key: str) -> Entry:
    """Return an entry that has tenants.

    Raises:
        UsageError: the catalog has no such entry.
    """
    entry = next((one for one in catalog.entries if one.key == key), None)
    if entry is None or entry.tenancy is None:
        some = [one.key for one in catalog.entries if one.tenancy is not None]
        message = "has no tenancy" if entry else f"is none of {catalog.path}"
        raise UsageError(
            f"the entry {key} {message}",
            hint=f"entries with tenants: {', '.join(some)[:500]}"
            if some
            else "`tenancy = {}` in an owner entry gives it tenants",
            code=Code.NO_TENANCY,
        )
    return entry


def isolation_of(entry: Entry) -> Isolation:
    """Return how an entry's tenants are kept apart."""
    if entry.tenancy is None:
        msg = f"{entry.key} has no tenancy"
        raise AssertionError(msg)
    return Isolation.of(entry.tenancy, entry.database_name)
