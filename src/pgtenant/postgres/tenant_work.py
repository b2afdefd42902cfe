"""Make a tenant, or bring one up to its template: on a login of the database's owner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import psycopg
from psycopg import sql

from pgtenant.errors import PgtenantError, UsageError
from pgtenant.planning.sql.text import as_text
from pgtenant.planning.tenants.findings import Finding
from pgtenant.planning.tenants.found import Found
from pgtenant.planning.tenants.judgement import judged
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.record import TenantRecord, with_record
from pgtenant.planning.tenants.statements import comment_on_schema, create_schema, secure
from pgtenant.planning.tenants.templates import TemplateFile
from pgtenant.postgres.execute import Proviso
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.queries import query
from pgtenant.postgres.tenants import inspect_tenants

_CURSOR: Final = "pgtenant_touched"
_OURS: Final = ("40001", "40P01", "55P03", "57", "53", "08", "XX")
"""SQLSTATEs, or their beginnings, that are no fault of a template's."""


async def bring_up(
    connection: Connection,
    record: TenantRecord,
    schema: str,
    files: Sequence[TemplateFile],
    isolation: Isolation,
    *,
    comment: str | None,
    new: bool,
    proviso: Proviso | None = None,
) -> tuple[Finding, ...]:
    """Run files in a tenant's schema, secure its tables, and record that, in one transaction.

    A file can't end the transaction, and what it does outside of the schema makes all of it undone.

    Args:
        connection: of the owner, idle, with `pg_catalog` alone in its `search_path`.
        record: what is written down, these files included.
        schema: the tenant's.
        files: what runs, in order.
        isolation: how the tenants of this database are kept apart.
        comment: the schema's as it is, of which what a human wrote is kept.
        new: whether the schema is made.
        proviso: asked before the `COMMIT`.

    Returns:
        What is found of the tenant that no statement of ours mends.

    Raises:
        UsageError: a file failed, or left its schema; nothing of this call stays.
        ServerError: the server failed; nothing of it stays either, unless it was committing.
    """
    owner, database = connection.info.user, connection.info.dbname
    final = False
    try:
        async with _transaction(connection):
            row = await (await connection.execute("SELECT current_user")).fetchone()
            owner = row[0] if row else owner
            if new:
                await connection.execute(create_schema(schema))
            for file in files:
                await _run(connection, schema, file)
            found = await inspect_tenants(connection, isolation, roles=[owner], only=schema)
            for statement in _mends(found, record, schema, isolation, owner):
                await connection.execute(statement)
            await connection.execute(comment_on_schema(schema, with_record(comment, record)))
            if proviso is not None:
                asked = await connection.execute(sql.Composed([proviso.text]))
                if await asked.fetchone() != (True,):
                    raise proviso.error
            final = True
    except psycopg.Error as error:
        doing = f"making the tenant {record.tenant}"
        unknown = final and connection.closed
        raise failed(error, doing=doing, where=database, unknown=unknown) from None
    left = judged(found, isolation, owner=owner, database=database)
    return tuple(finding for finding in left if not finding.ours)


@asynccontextmanager
async def _transaction(connection: Connection) -> AsyncIterator[None]:
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    try:
        yield
        await connection.commit()
    except BaseException:
        with suppress(psycopg.Error):  # the first error is the one to report
            await connection.rollback()
        raise


def _mends(
    found: Found, record: TenantRecord, schema: str, isolation: Isolation, owner: str
) -> Iterator[sql.Composed]:
    """Yield what the tenant's tables lack."""
    made_by = TenantRecord(record.environment, record.entry, record.tenant).text()
    for group in found.relations:
        # A materialized view elsewhere that reads them is among what was found, too.
        names = [name for name in group.names if name[0] == schema]
        for name in names if group.facts.owner == owner else []:
            yield from secure(name, group.facts, isolation, made_by)


async def _run(connection: Connection, schema: str, file: TemplateFile) -> None:
    touched = query("tenant_touched").format(schema=as_text(sql.Literal(schema)))
    # Its rows are gathered when it is first read: one for each file.
    await connection.execute(f"DECLARE {_CURSOR} CURSOR FOR {touched}".encode())
    declared = await _declared(connection)
    path = sql.SQL("SET LOCAL search_path = {}, pg_catalog").format(sql.Identifier(schema))
    await connection.execute(path)
    # Inside of EXECUTE no statement begins or ends a transaction.
    body = as_text(sql.SQL("BEGIN EXECUTE {}; END").format(sql.Literal(file.sql)))
    try:
        await connection.execute(sql.SQL("DO LANGUAGE plpgsql {}").format(sql.Literal(body)))
        # What is put off to the COMMIT happens now, where it is looked at.
        await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        if connection.closed or (error.sqlstate or "XX").startswith(_OURS):
            raise
        raise _refused(file, schema, f"failed: {_told(error)}") from None
    await connection.execute("RESET ROLE")
    await connection.execute("RESET ALL")
    if declared != await _declared(connection):
        raise _refused(file, schema, "closes cursors that are not its own")
    if outside := await _outside(connection, schema):
        raise _refused(file, schema, f"leaves its schema: {outside}")
    # A cursor of the file's own that is kept over the COMMIT would run during it.
    await connection.execute("CLOSE ALL")


async def _declared(connection: Connection) -> tuple[object, ...] | None:
    """Return when the cursor was declared: a file may put another one in its place."""
    asked = "SELECT c.creation_time FROM pg_catalog.pg_cursors c WHERE c.name = %s"
    return await (await connection.execute(asked, [_CURSOR])).fetchone()


async def _outside(connection: Connection, schema: str) -> str:
    """Return what was made or touched outside of a schema; empty for nothing."""
    cursor = await connection.execute(query("tenant_created"), {"schema": schema})
    if rows := await cursor.fetchall():
        return ", ".join(f"{kind} {_name(where, name)}" for kind, where, name in rows)
    rows = await (await connection.execute(f"FETCH 10 FROM {_CURSOR}".encode())).fetchall()
    return ", ".join(_name(where, name) for _, where, name in rows)


def _name(schema: str, name: str) -> str:
    return ".".join(part for part in (schema, name) if part)


def _told(error: psycopg.Error) -> str:
    diagnostic = error.diag
    return " ".join((diagnostic.message_primary or str(error)).split())


def _refused(file: TemplateFile, schema: str, what: str) -> PgtenantError:
    return UsageError(
        f"the template's file {file.name}, run for {schema}, {what}",
        hint="nothing of this tenant was made or changed: correct the file, and run again",
    )
