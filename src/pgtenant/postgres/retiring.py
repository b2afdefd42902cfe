"""What the server says of roles and a database that are to go."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pgtenant.codes import Code
from pgtenant.errors import ServerError
from pgtenant.planning.retirement.inventory import Inventory, Trace
from pgtenant.postgres.asked import rows_of
from pgtenant.postgres.libpq import Connection
from pgtenant.verify.facts import StaleSession

_LOOKS: Final = 240
_PAUSE: Final = 0.25  # seconds between two of them


async def sessions_of(
    connection: Connection, database: str | None, roles: Collection[str], *, own: bool = True
) -> tuple[StaleSession, ...]:
    """Return the sessions in a database, and those of roles anywhere, sorted.

    Args:
        connection: the admin's, which is never among them.
        database: its name, or None.
        roles: their names.
        own: whether other sessions of the admin by this program count, such as those that this
            run has closed and the server has not ended yet.

    Raises:
        ServerError: the query failed.
    """
    parameters = {"database": database, "roles": sorted(roles), "own": own}
    rows = await _rows(connection, "retire_sessions", parameters)
    return tuple(StaleSession(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class Entered:
    """How many sessions there have ever been in a database; those that go on are not all in it.

    Attributes:
        sessions: the number, since the server counts.
        since: the moment that the server has counted from, as it writes it.
    """

    sessions: int
    since: str


@dataclass(frozen=True, slots=True)
class State:
    """What the shared catalogs say of roles and a database that are to go.

    Attributes:
        inventory: as far as they know it.
        places: the databases in which the roles have left something.
        now: the server's clock, as audit records write moments.
        size: of the database in bytes; None where the admin may not know.
        entered: None without a database.
    """

    inventory: Inventory
    places: tuple[str, ...]
    now: str
    size: int | None
    entered: Entered | None


async def state_of(connection: Connection, database: str | None, roles: Collection[str]) -> State:
    """Return what keeps a database from being dropped, and where roles have left something.

    Raises:
        ServerError: the query failed.
    """
    parameters = {"database": database, "roles": sorted(roles)}
    ((prepared, slots, subscriptions, foreign, places, now, size, sessions, since),) = await _rows(
        connection, "retire_state", parameters
    )
    found = Inventory(
        prepared=tuple(prepared),
        slots=tuple(slots),
        subscriptions=tuple(subscriptions),
        foreign=tuple(foreign),
    )
    entered = None if sessions is None else Entered(sessions, since or "")
    return State(found, tuple(places), now, size, entered)


async def nobody_arrives(connection: Connection, database: str) -> None:
    """Wait until whoever is coming into a database is among its sessions, or was refused.

    Raises:
        ServerError: the query failed, or somebody takes longer than a login may.
    """
    for _ in range(_LOOKS):
        ((coming,),) = await _rows(connection, "retire_arrivals", {"database": database})
        if not coming:
            return
        await asyncio.sleep(_PAUSE)
    raise ServerError(
        f"something on the server holds {database}: a login that does not end, or a change of it",
        hint="run again",
        code=Code.CHANGED_MEANWHILE,
    )


async def provided_owners(connection: Connection) -> tuple[str, ...]:
    """Return the provider's roles that own something in the connection's database, sorted.

    Raises:
        ServerError: the query failed.
    """
    return tuple(name for (name,) in await _rows(connection, "retire_provided", {}))


async def traces_in(
    connection: Connection, database: str | None, roles: Collection[str], *, shared: bool
) -> tuple[Trace, ...]:
    """Return what roles have in the database of a connection, sorted.

    Args:
        connection: to it.
        database: the one that is to be dropped, which does not count.
        roles: their names.
        shared: whether what all databases share counts as in it.

    Raises:
        ServerError: the query failed.
    """
    parameters = {"database": database, "roles": sorted(roles), "shared": shared}
    rows = await _rows(connection, "retire_inside", parameters)
    where = connection.info.dbname
    return tuple(
        Trace(where, role, kind == "owned", description, owner, kind == "passed on")
        for role, kind, description, owner in rows
    )


@dataclass(frozen=True, slots=True)
class Inside:
    """What only a session in a database sees of what its dump needs.

    Attributes:
        event_triggers: that are on.
        tables: OID, schema and name of the tables that row security is to be switched of.
        like: the words of `CREATE DATABASE` that make one like it, with their values.
    """

    event_triggers: tuple[str, ...]
    tables: tuple[tuple[int, str, str], ...]
    like: tuple[tuple[str, str], ...]


async def inside_of(
    connection: Connection, owner: str, oids: Collection[int] | None = None
) -> Inside:
    """Return what the dump of the connection's database needs.

    Args:
        connection: to it.
        owner: whose tables count.
        oids: of tables whose row security was forced before; None asks for those where it is.

    Raises:
        ServerError: the query failed.
    """
    parameters = {"owner": owner, "oids": None if oids is None else sorted(oids)}
    ((triggers, tables, like),) = await _rows(connection, "retire_forced", parameters)
    return Inside(
        event_triggers=tuple(triggers),
        tables=tuple((oid, schema, table) for oid, schema, table in tables),
        like=tuple(like.items()),
    )


async def _rows(
    connection: Connection, name: str, parameters: Mapping[str, object]
) -> list[tuple[Any, ...]]:
    return await rows_of(connection, name, parameters, doing="reading what is to be retired")
