"""Read what the shared catalogs say about connecting and impersonating."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pgtenant.planning.observed import Observed
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.queries import query
from pgtenant.verify.facts import Facts, Membership, RoleFact, StaleSession


async def read_facts(
    connection: Connection, observed: Observed, *, roles: Collection[str]
) -> Facts:
    """Return the facts about `roles`, in one query.

    Args:
        connection: the admin's, to the maintenance database.
        observed: for the markers.
        roles: the catalog's.

    Raises:
        ServerError: the query failed.
    """
    parameters = {
        "roles": sorted(roles),
        "set_privilege": "SET" if connection.info.server_version >= 160000 else "MEMBER",
    }
    async with connection.cursor(row_factory=dict_row) as cursor:
        try:
            await cursor.execute(query("verify_facts"), parameters)
            row: dict[str, Any] | None = await cursor.fetchone()
        except psycopg.Error as error:
            where = connection.info.dbname
            raise failed(error, doing="reading who may do what", where=where) from None
    if row is None:
        msg = "a query of one row returned none"
        raise AssertionError(msg)
    return Facts(
        roles={
            item["name"]: RoleFact(**item, managed=_environment(observed, item["name"]))
            for item in row["roles"] or ()
        },
        memberships=tuple(sorted(Membership(*item) for item in row["memberships"] or ())),
        connects=frozenset((role, database) for role, database in row["connects"] or ()),
        reaches=frozenset((role, group) for role, group in row["reaches"] or ()),
        stale=tuple(sorted(StaleSession(*item) for item in row["stale"] or ())),
        acl_entries=row["acl_entries"] or {},
    )


def _environment(observed: Observed, role: str) -> str:
    existing = observed.roles.get(role)
    return existing.marker.environment if existing and existing.marker else ""
