"""Stand-ins for an attack that their owner does not make itself: there for as long as it takes.

Another session sees none that is not committed. They are empty: rows would be sent to whoever
subscribes to all tables, so the login that attacks writes them, and takes them back.
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

from pgtenant.errors import LockHeldError
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.tenant_schemas import schemas_there
from pgtenant.verify.tenants.ground import (
    MARK,
    Ground,
    made_for_an_attack,
    making,
    opening,
    unmaking,
)

_KIND = int.from_bytes(b"atck", "big")
"""The first half of the advisory lock's key; the second is the database's OID."""


async def claim(primary: Connection, database: str) -> None:
    """Keep others from making and dropping stand-ins, for as long as the session lasts.

    Args:
        primary: the admin's, to the maintenance database, idle.
        database: where they are made.

    Raises:
        LockHeldError: somebody else is at it.
        ServerError: the server failed.
    """
    asked = sql.SQL(
        "SELECT pg_catalog.pg_try_advisory_lock({}, d.oid::bigint::bit(32)::int)"
        " FROM pg_catalog.pg_database d WHERE d.datname = {}"
    ).format(sql.Literal(_KIND), sql.Literal(database))
    try:
        row = await (await primary.execute(asked)).fetchone()
    except psycopg.Error as error:
        raise failed(error, doing="taking the attack's lock", where=database) from None
    if row is None or not row[0]:
        raise LockHeldError(f"the tenants of {database} are under another attack at the moment")


async def make_stand_ins(connection: Connection, place: Ground, *, owner: str, login: str) -> None:
    """Make stand-ins for another login, and drop those that a killed attack has left behind.

    Args:
        connection: of their owner, or of a login that acts as it.
        place: what is made.
        owner: whose they are.
        login: who is to attack.

    Raises:
        ServerError: they can't be made.
    """
    there = await schemas_there(connection, (), prefix=MARK)
    left = made_for_an_attack(name for name, one in there.items() if one.owner == owner)
    todo = (*unmaking(left), *making(place), *opening(place, login))
    await _committed(connection, todo, "making stand-ins for an attack")


async def drop_stand_ins(connection: Connection, place: Ground) -> None:
    """Drop them.

    Raises:
        ServerError: they can't be dropped.
    """
    schemas = (place.tools, *(one.schema for one in place.stand_ins))
    await _committed(connection, unmaking(schemas), "dropping the stand-ins of an attack")


async def _committed(connection: Connection, todo: Iterable[sql.Composable], doing: str) -> None:
    try:
        async with connection.transaction():
            for statement in todo:
                await connection.execute(sql.Composed([statement]))
    except psycopg.Error as error:
        raise failed(error, doing=doing, where=connection.info.dbname) from None
