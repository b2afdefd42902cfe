"""The instance's own databases, which `initdb` leaves open to everyone."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.planning.changes import Change
from pgtenant.planning.desired import Desired
from pgtenant.planning.diff.databases import close
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.observed import Database, Observed
from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.providers import SYSTEM_DATABASES
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import advice

INSTANCE_ENTRY = ""
"""The entry of changes that belong to no application."""


def system_databases(observed: Observed) -> tuple[str, ...]:
    """Return the databases that are there and nobody's application's, sorted."""
    names = {*SYSTEM_DATABASES, observed.server.maintenance_database}
    return tuple(sorted(names & observed.databases.keys()))


def may_close(database: Database, observed: Observed) -> bool:
    """Return whether the admin itself can close one of them."""
    admin = observed.server.admin
    return admin.superuser or database.owner == admin.name


def diff_instance(observed: Observed, desired: Desired) -> Iterator[Change | Drift]:
    """Close them to `PUBLIC` where the admin may, and say who may elsewhere."""
    declared = {d.name for d in desired.databases}
    for name in system_databases(observed):
        database = observed.databases[name]
        held = sorted({g.privilege for g in database.acl if g.grantee == PUBLIC})
        if not held or name in declared:
            continue
        if may_close(database, observed):
            yield from close(database, INSTANCE_ENTRY, undeclared=False)
        else:
            yield Drift(
                kind=DriftKind.OPEN_DATABASE,
                entry=INSTANCE_ENTRY,
                database=name,
                role="",
                message=f"is open to PUBLIC ({', '.join(held)}): every tenant can get in, and only"
                f" {database.owner} can close it",
                statement=advice(statements.revoke_all_from_public(name)),
            )
