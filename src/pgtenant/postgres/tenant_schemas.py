"""Read which schemas of tenants there are, and what outside of one needs it."""

from __future__ import annotations

from collections.abc import Collection

from pgtenant.planning.tenants.adding import There
from pgtenant.planning.tenants.slugs import RETIRED_LIKE
from pgtenant.postgres.asked import rows_of
from pgtenant.postgres.libpq import Connection, load_json


async def schemas_there(
    connection: Connection, names: Collection[str], *, prefix: str = ""
) -> dict[str, There]:
    """Return the schemas of these names, and those of retired tenants, by name.

    Args:
        connection: to the database, anybody's who may enter it.
        names: those that may be there.
        prefix: with any, every schema too whose name begins with it.

    Raises:
        ServerError: the query failed.
    """
    like = f"{RETIRED_LIKE}|^{prefix}" if prefix else RETIRED_LIKE
    parameters = {"names": sorted(names), "like": like}
    rows = await rows_of(
        connection, "tenant_schemas", parameters, doing="reading the tenants' schemas"
    )
    found = (load_json(text) for (text,) in rows)
    return {
        name: There(name, owner, comment, filled, tuple(held))
        for name, owner, comment, filled, held in found
    }


async def dependents(connection: Connection, schema: str) -> tuple[tuple[str, str], ...]:
    """Return the first of what is outside of a schema and needs something in it.

    Raises:
        ServerError: the query failed.
    """
    doing = f"reading what needs {schema}"
    rows = await rows_of(connection, "tenant_outside", {"schema": schema}, doing=doing)
    return tuple((where, name) for (text,) in rows for where, name in [load_json(text)])
