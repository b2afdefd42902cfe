"""What a run will do for an entry, told without a server."""

from __future__ import annotations

from typing import Final

from pgtenant.catalog.model import Auth, Catalog, Entry
from pgtenant.catalog.shown import plain
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.planning.desired import Desired
from pgtenant.planning.observed import Admin, Database, Observed, Server
from pgtenant.planning.plan import Plan, make_plan
from pgtenant.planning.simulate import simulate
from pgtenant.report.pull_request import Asked
from pgtenant.requests.routing import Routing
from pgtenant.schemas import initial_schema
from pgtenant.settings import Settings
from pgtenant.usecases.desire import desired_state
from pgtenant.usecases.inputs import SCHEMAS_DIRECTORY
from pgtenant.usecases.request.declared import declared, secret_of
from pgtenant.usecases.request.look import Shown

# What is planned is the same on each version that is supported, and for each admin.
_VERSION: Final = 180000
_ADMIN: Final = "pgtenant"


def described(settings: Settings, shown: Shown) -> Asked:
    """Return an entry as the pull request of its request shows it, without the files.

    Raises:
        CatalogError: the catalog is not valid.
        UsageError: it can't be read, or has no such entry.
    """
    environment, entry = shown.listed.environment, shown.listed.entry
    if entry is None:
        raise UsageError(
            f"the catalog of {environment} has no {plain(shown.listed.key)} any more",
            code=Code.UNKNOWN_ENTRY,
        )
    return asked_for(settings, environment, entry, shown.routing)


def asked_for(settings: Settings, environment: str, entry: Entry, routing: Routing) -> Asked:
    """Return the same for an entry that the catalog has. Errors are those of `described`."""
    secret = secret_of(settings, environment, entry)
    plan = expected_plan(settings, environment, entry)
    return Asked(environment, entry, secret, routing, plan)


def expected_plan(settings: Settings, environment: str, entry: Entry) -> Plan:
    """Return the plan of an entry on an instance that has none of it yet.

    The other entries of its database are taken for provisioned.

    Args:
        settings: the project's, whose catalog has the entry.
        environment: the entry's.
        entry: what is asked for.

    Raises:
        CatalogError: the catalog is not valid.
        UsageError: it can't be read.
    """
    entries = declared(settings, environment).entries.values()
    around = [one for one in entries if one.database_name == entry.database_name]
    maintenance = settings.server.maintenance_database or "postgres"

    def desired(*wanted: Entry) -> Desired:
        return desired_state(
            Catalog(path="", entries=wanted),
            environment=environment,
            secret_name=lambda one: secret_of(settings, environment, one),
            schema=lambda name: initial_schema(name, settings.root / SCHEMAS_DIRECTORY),
        )

    empty = Observed(
        server=Server(
            version=_VERSION,
            admin=Admin(_ADMIN),
            maintenance_database=maintenance,
            extensions=dict.fromkeys(entry.extensions, True),
            iam=entry.auth is Auth.IAM,
        ),
        roles={},
        databases={maintenance: Database(name=maintenance, owner=_ADMIN)},
    )
    others = desired(*(one for one in around if one.key != entry.key))
    there = simulate(empty, make_plan(empty, others))
    return make_plan(there, desired(*around), only={entry.key})
