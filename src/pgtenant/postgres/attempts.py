"""Carry attempts out: log in as a tenant, try, and leave nothing behind.

The other end may belong to somebody hostile. Sessions are armoured like all others, names are
qualified, and what does not have to write runs in a read-only transaction, which code of the
database's owner can't make writable again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pgtenant.planning.sql.text import can_be_sent
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection, load_json
from pgtenant.postgres.queries import query
from pgtenant.verify import answers, probing
from pgtenant.verify.inside import Probe
from pgtenant.verify.inventory import MOST, Definer, Inventory
from pgtenant.verify.model import How, Observation, Outcome, Trespass

Row = tuple[Any, ...]


async def look_around(
    connection: Connection, *, at_home: Sequence[str], acl_bytes: int, closed: str
) -> Inventory:
    """Return what there is to try in the role's own database.

    Args:
        connection: the role's.
        at_home: whose `SECURITY DEFINER` functions cross no border.
        acl_bytes: from what size on an ACL is told.
        closed: the names, for `~`, of schemas in which nobody is to have anything.

    Raises:
        ServerError: the query failed.
    """
    wanted = {"most": MOST, "acl_bytes": acl_bytes, "at_home": list(at_home), "closed": closed}
    row = await _answer(connection, "verify_inside", wanted)
    return Inventory(
        event_triggers=tuple(row["event_triggers"]),
        schemas=tuple(row["schemas"]),
        tables=tuple((s, t, c) for s, t, c in row["tables"] or ()),
        columns=tuple((s, t, c) for s, t, c in row["columns"] or ()),
        definers=tuple(
            Definer(**{**item, "arguments": tuple((s, t) for s, t in item["arguments"])})
            for item in row["definers"] or ()
        ),
        default_schemas=tuple(row["default_schemas"]),
        large_acls=tuple((s, t, c, size) for s, t, c, size in row["large_acls"] or ()),
        totals=row["totals"],
    )


async def trespass(connection: Connection, name: str) -> Trespass:
    """Look at what a foreign database would give away, without touching anything in it.

    Args:
        connection: the role's, to that database.
        name: of a table that is not there; it is made and undone.

    Raises:
        ServerError: the query failed, or the connection was lost.
    """
    row = await _answer(connection, "verify_foreign", {})
    create = None
    try:
        if row["public"] and row["event_triggers"]:
            create = await _asked(connection, probing.ask_schema("public"))
        elif row["public"]:
            async with _undone(connection):
                create = await _tried(connection, probing.create_table("public", name))
    except psycopg.Error as error:
        raise failed(error, doing="trying", where=connection.info.dbname) from None
    return Trespass(readable=row["readable"], example=row["example"] or "", create=create)


async def carry_out(
    connection: Connection, probes: Sequence[Probe], *, ddl: bool
) -> list[tuple[Probe, Observation]]:
    """Try every probe in transactions that are rolled back.

    Args:
        connection: the role's own.
        probes: in order; DDL last, or its effects would be seen by the others.
        ddl: whether DDL is attempted; otherwise the catalogs are asked where they can be.

    Raises:
        ServerError: the connection was lost.
    """
    quiet = [p for p in probes if not p.ddl]
    making = [p for p in probes if p.ddl]
    try:
        async with _undone(connection):
            await connection.execute("SET TRANSACTION READ ONLY")
            await connection.execute("SELECT 1")  # from here on nobody can make it writable
            found = [(p, await _observed(connection, p, keep=False)) for p in quiet]
            if not ddl:
                asked = [p for p in making if p.ask is not None]
                found += [(p, await _asked(connection, p.ask)) for p in asked if p.ask is not None]
        if ddl and making:
            async with _undone(connection):
                found += [(p, await _observed(connection, p, keep=p.keep)) for p in making]
    except psycopg.Error as error:
        raise failed(error, doing="trying", where=connection.info.dbname) from None
    return found


async def make_and_look(
    connection: Connection, probes: Sequence[Probe], names: Sequence[tuple[str, str]]
) -> tuple[list[tuple[Probe, Observation]], list[Row]]:
    """Carry out an owner's probes, and read what others were given on what they made.

    Raises:
        ServerError: the connection was lost.
    """
    making = [p for p in probes if p.ddl]
    found = await carry_out(connection, [p for p in probes if not p.ddl], ddl=True)
    try:
        async with _undone(connection):
            found += [(p, await _observed(connection, p, keep=p.keep)) for p in making]
            cursor = await connection.execute(probing.acl_of_new(names))
            return found, await cursor.fetchall()
    except psycopg.Error as error:
        raise failed(error, doing="trying", where=connection.info.dbname) from None


async def impersonate(connection: Connection, roles: Collection[str]) -> dict[str, Observation]:
    """Try to become each of `roles`, and come back at once.

    Raises:
        ServerError: the connection was lost.
    """
    found: dict[str, Observation] = {}
    try:
        for role in roles:
            if not can_be_sent(role):
                found[role] = answers.unknown("", "its name is not valid UTF-8")
                continue
            try:
                statement = sql.SQL("SET ROLE {}").format(sql.Identifier(role))
                await connection.execute(statement)
            except psycopg.Error as error:
                found[role] = _refusal(error, connection)
            else:
                found[role] = Observation(Outcome.ALLOWED)
                await connection.execute("RESET ROLE")
    except psycopg.Error as error:
        raise failed(error, doing="trying SET ROLE", where=connection.info.dbname) from None
    return found


async def _answer(connection: Connection, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    try:
        cursor = await connection.execute(query(name), parameters or None)
        row = await cursor.fetchone()
    except psycopg.Error as error:
        raise failed(error, doing="looking around", where=connection.info.dbname) from None
    if row is None:
        msg = "a query of one row returned none"
        raise AssertionError(msg)
    answer: dict[str, Any] = load_json(row[0])
    return answer


@asynccontextmanager
async def _undone(connection: Connection) -> AsyncIterator[None]:
    async with connection.transaction(force_rollback=True):
        yield


async def _observed(connection: Connection, probe: Probe, *, keep: bool) -> Observation:
    if probe.ask is not None and not probe.ddl:
        return await _asked(connection, probe.ask)
    seen = await _tried(connection, probe.statement, keep=keep)
    if probe.witness is None or seen.outcome is Outcome.UNKNOWN:
        return seen
    held = (await _asked(connection, probe.witness)).outcome is Outcome.ALLOWED
    return answers.witnessed(seen, probe.attempt.expected, held=held)


async def _tried(
    connection: Connection, statement: sql.Composable, *, keep: bool = False
) -> Observation:
    """Run one statement in a savepoint."""
    try:
        async with connection.transaction(force_rollback=not keep):
            await connection.execute(sql.Composed([statement]))
    except psycopg.Error as error:
        return _refusal(error, connection)
    return Observation(Outcome.ALLOWED)


async def _asked(connection: Connection, question: sql.Composable) -> Observation:
    """Ask the catalogs for one boolean."""
    try:
        async with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(sql.Composed([question]))
            row = await cursor.fetchone()
    except psycopg.Error as error:
        return replace(_refusal(error, connection), how=How.CATALOG)
    yes = row is not None and bool(next(iter(row.values())))
    return Observation(Outcome.ALLOWED if yes else Outcome.REFUSED, how=How.CATALOG)


def _refusal(error: psycopg.Error, connection: Connection) -> Observation:
    """Return what a failed statement means; a lost connection is no answer.

    Raises:
        psycopg.Error: the connection is lost.
    """
    primary = error.diag.message_primary
    if connection.closed or primary is None:
        raise error
    return answers.of_statement(error.sqlstate, primary)
