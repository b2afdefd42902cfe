"""From the catalog's entries to what a server should look like."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pgtenant.catalog.model import AccessLevel, Catalog, Entry, Rotation
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole, InitialSchema
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.slugs import Tenant

NO_SCHEMA = "none"


def needs_its_login(entry: Entry) -> bool:
    """Return whether something of an entry is done on a login of its own role, not the admin's."""
    return entry.initial_schema != NO_SCHEMA or entry.tenancy is not None


def desired_state(
    catalog: Catalog,
    *,
    environment: str,
    secret_name: Callable[[Entry], str],
    schema: Callable[[str], InitialSchema],
    close_app_databases: bool = True,
    authoritative: bool = False,
    trust_markers: bool = False,
    operated: bool = False,
    secret_versions: Mapping[str, str] | None = None,
    secret_users: Mapping[str, str] | None = None,
    declared: Callable[[Entry], tuple[Tenant, ...] | None] = lambda _: None,
) -> Desired:
    """Return the desired state of an environment.

    Args:
        catalog: validated: one owner entry for each database.
        environment: its name.
        secret_name: gives an entry's secret.
        schema: gives an initial schema by its name in the catalog.
        close_app_databases: see `Desired`.
        authoritative: see `Desired`.
        trust_markers: see `Desired`.
        operated: see `Desired`.
        secret_versions: see `Desired`.
        secret_users: the login that each secret is for, where it was read.
        declared: gives the tenants of an owner entry's `tenants_file`.
    """
    users = secret_users or {}

    def role(entry: Entry) -> DesiredRole:
        secret = secret_name(entry)
        return DesiredRole(
            name=entry.username,
            entry=entry.key,
            database=entry.database_name,
            level=entry.access_level,
            createdb=entry.createdb,
            connection_limit=-1 if entry.connection_limit is None else entry.connection_limit,
            secret=secret,
            auth=entry.auth,
            alternates=entry.rotation is Rotation.ALTERNATE,
            by_second=users.get(secret, entry.username) != entry.username,
        )

    owners = [e for e in catalog.entries if e.access_level is AccessLevel.OWNER]
    members: dict[str, list[DesiredRole]] = {}
    for entry in catalog.entries:
        if entry.access_level is not AccessLevel.OWNER:
            members.setdefault(entry.database_name, []).append(role(entry))
    databases = (
        DesiredDatabase(
            name=owner.database_name,
            entry=owner.key,
            owner=role(owner),
            members=tuple(sorted(members.get(owner.database_name, ()), key=lambda r: r.name)),
            initial_schema=(
                None if owner.initial_schema == NO_SCHEMA else schema(owner.initial_schema)
            ),
            extensions=tuple(sorted(owner.extensions)),
            isolation=None
            if owner.tenancy is None
            else Isolation.of(owner.tenancy, owner.database_name),
            declared=declared(owner),
        )
        for owner in owners
    )
    return Desired(
        environment=environment,
        databases=tuple(sorted(databases, key=lambda d: d.name)),
        close_app_databases=close_app_databases,
        authoritative=authoritative,
        trust_markers=trust_markers,
        operated=operated,
        secret_versions=secret_versions or {},
    )
