"""`--check-server`: whether a request fits on the instance as it is. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.catalog.load import check_admin
from pgtenant.catalog.model import AccessLevel, Catalog, Entry
from pgtenant.errors import CatalogError
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Observed
from pgtenant.postgres.observe import observe_instance
from pgtenant.report.safe import name
from pgtenant.secrets.store import SecretStore
from pgtenant.settings import Settings
from pgtenant.usecases.inputs import server_inputs
from pgtenant.usecases.look import connected


async def server_problems(
    settings: Settings, environment: str, entry: Entry, store: SecretStore
) -> tuple[tuple[str, str], ...]:
    """Return what the instance has against an entry: the field, and a sentence about it.

    Raises:
        SecretError: the admin's secret is missing or bad.
        ServerError: the instance could not be read.
    """
    inputs = await server_inputs(settings, environment, store)
    try:
        check_admin(
            Catalog(path="", entries=(entry,)),
            inputs.admin.username,
            maintenance_database=inputs.maintenance_database,
        )
    except CatalogError as error:
        return tuple((problem.field, problem.message) for problem in error.problems)
    async with connected(inputs) as instance:
        observed = await observe_instance(
            instance.primary, roles=[entry.username], extensions=entry.extensions
        )
    return tuple(_problems(environment, entry, observed))


def _problems(environment: str, entry: Entry, observed: Observed) -> Iterator[tuple[str, str]]:
    role = observed.roles.get(entry.username)
    database = observed.databases.get(entry.database_name)
    is_owner = entry.access_level is AccessLevel.OWNER
    if role is not None and (problem := _role_problem(environment, entry, role.marker)):
        yield "username", problem
    if is_owner and database is not None and database.owner != entry.username:
        owner = name(database.owner)
        yield "database_name", f"the instance has a database of that name, which {owner} owns"
    for extension in entry.extensions:
        if extension not in observed.server.extensions:
            yield "extensions", f"the instance does not offer {extension}"


def _role_problem(environment: str, entry: Entry, marker: Marker | None) -> str:
    if marker is None:
        return (
            "the instance has a role of that name that pgtenant does not manage; ask for another"
            " name, or take it over with `pgtenant adopt` once the entry is there"
        )
    if (marker.environment, marker.entry) == (environment, entry.key):
        return ""
    return f"is on the instance the role of {name(marker.entry)} in {name(marker.environment)}"
