"""Read which schemas of tenants there are, and what outside of one needs it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Ties:
    """The first of what ties a tenant to something outside of its schema.

    Attributes:
        needing: what needs something in it, by its schema and name.
        granted: on what its own role was granted something, in words.
    """

    needing: tuple[tuple[str, str], ...]
    granted: tuple[str, ...]


async def ties_of(connection: Connection, schema: str, role: str | None) -> Ties:
    """Return what ties a tenant to the rest of the database.

    Args:
        connection: to the database, anybody's who may enter it.
        schema: the tenant's.
        role: its own, where it has one.

    Raises:
        ServerError: the query failed.
    """
    parameters = {"schema": schema, "role": role}
    doing = f"reading what needs {schema}"
    rows = await rows_of(connection, "tenant_outside", parameters, doing=doing)
    found = [load_json(text) for (text,) in rows]
    return Ties(
        needing=tuple((where, name) for where, name, granted in found if not granted),
        granted=tuple(name for _, name, granted in found if granted),
    )
