"""Tenants' own roles, which the application enters: what the admin does around a tenant's making.

A role is the whole instance's and a schema is a database's, so that they can't come and go in one
transaction. What a run does to the one decides what the next one has to do to the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from psycopg import sql

from pgtenant.planning.marker import Marker, with_marker
from pgtenant.planning.observed import Role
from pgtenant.planning.sql import statements
from pgtenant.planning.tenants.adding import Home, There
from pgtenant.planning.tenants.slugs import is_retired


def enters(role: Role | None, owner: str) -> bool:
    """Return whether the application's role may `SET ROLE` to a tenant's."""
    rows = role.memberships if role is not None else ()
    return any(row.member == owner and row.set for row in rows)


def making(
    schema: str, home: Home, roles: Mapping[str, Role], major: int
) -> Iterator[sql.Composed]:
    """Yield what a tenant's role lacks: it is made, marked, and can be entered.

    Args:
        schema: the tenant's.
        home: whose tenants they are.
        roles: by name, all of tenants that are there.
        major: the server's.
    """
    name = home.owner_of(schema)
    if name not in roles:
        yield statements.tenant_role(name)
        yield statements.comment_on_role(name, _marker(schema, home).text())
    if not enters(roles.get(name), home.owner):
        yield statements.join_tenant(name, home.owner, major)


def leaving(
    schema: str, retired: str, home: Home, roles: Mapping[str, Role]
) -> Iterator[sql.Composed]:
    """Yield what takes a retired tenant's role out of service: nobody enters it any more.

    Its name goes with that of its schema, so that a new tenant can have the old one.

    Args:
        schema: what the tenant's was called.
        retired: what it is called now.
        home: whose tenants they are.
        roles: by name, all of tenants that are there.
    """
    name, after = home.owner_of(schema), home.owner_of(retired)
    role = roles.get(name)
    if role is None:
        return
    if any(row.member == home.owner for row in role.memberships):
        yield statements.revoke_membership(name, home.owner)
    yield statements.rename_role(name, after)
    yield statements.comment_on_role(after, with_marker(role.comment, _marker(retired, home)))


def left_behind(
    there: Iterable[There], home: Home, roles: Mapping[str, Role]
) -> Iterator[tuple[str, str]]:
    """Yield the schemas, before and after, of tenants of which only the schema was retired."""
    for schema in there:
        role = roles.get(schema.owner)
        mark = role.marker if role is not None else None
        if mark is None or mark.database != home.database or mark.tenant is None:
            continue
        if is_retired(schema.name) and not is_retired(mark.tenant):
            yield mark.tenant, schema.name


def _marker(schema: str, home: Home) -> Marker:
    return Marker(home.environment, home.entry, tenant=schema, database=home.database)
