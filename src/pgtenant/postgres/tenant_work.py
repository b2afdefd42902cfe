"""Make a tenant, or bring one up to its template: on a login of the database's owner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import sql

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, UsageError
from pgtenant.planning.sql.statements import set_local_role
from pgtenant.planning.sql.text import as_text
from pgtenant.planning.tenants.adding import Bring
from pgtenant.planning.tenants.findings import Finding
from pgtenant.planning.tenants.found import Found
from pgtenant.planning.tenants.judgement import judged
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.record import TenantRecord, with_record
from pgtenant.planning.tenants.statements import (
    comment_on_schema,
    create_schema,
    create_schema_of,
    secure,
)
from pgtenant.planning.tenants.tables import owner_there
from pgtenant.planning.tenants.templates import TemplateFile
from pgtenant.postgres.execute import Proviso, confirmed
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.queries import query
from pgtenant.postgres.retry import patiently
from pgtenant.postgres.tenants import read_tenants

_NO_PRIVILEGE: Final = "42501"
_CURSOR: Final = "pgtenant_touched"
_OURS: Final = ("25006", "40001", "40P01", "55P03", "57", "53", "08", "XX")
"""SQLSTATEs, or their beginnings, that are no fault of a template's."""

_OWN_CATALOGS: Final = frozenset({"pg_type", "pg_proc"})
"""What `tenant_counts.sql` counts that is no shared catalog."""

_Counts = Mapping[str, tuple[int, int]]
"""By catalog, how many rows were inserted, and how many updated or deleted."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What was done for one tenant.

    Attributes:
        statements: what was sent, the text of the template's files left out.
        findings: what was found of the tenant that no statement of ours mends.
    """

    statements: tuple[str, ...]
    findings: tuple[Finding, ...]


async def bring_up(
    connection: Connection,
    bring: Bring,
    isolation: Isolation,
    *,
    proviso: Proviso | None = None,
    rehearse: bool = False,
    known: bool = False,
) -> Brought:
    """Run files in a tenant's schema, secure its tables, and record that, in one transaction.

    A file can't end the transaction, and what it does outside of the schema makes all of it undone.

    Args:
        connection: of the owner, idle, opened with `CATALOG_FIRST` as its `search_path`.
        bring: what is to be done.
        isolation: how the tenants of this database are kept apart.
        proviso: asked before the `COMMIT`.
        rehearse: roll all of it back at the end.
        known: whether the same files have left no schema before, in this run: then the list of all
            relations is not read, which takes longer the more there are. It alone shows a grant on
            a table elsewhere, and a sequence made there.

    Raises:
        UsageError: a file failed, or left its schema; nothing of this call stays.
        UnconfirmedError: it was committed, and the wait for a standby's confirmation cancelled.
        ServerError: the server failed; nothing of it stays either, unless it was committing.
    """
    work = _Work(connection, bring, isolation, proviso, rehearse=rehearse, known=known)
    with confirmed(connection, work.doing, ours=False):
        try:
            return await patiently(work.once, ours=False)
        except psycopg.Error as error:
            unknown = work.final and connection.closed
            told = failed(error, doing=work.doing, where=connection.info.dbname, unknown=unknown)
            if error.sqlstate == _NO_PRIVILEGE:
                told.hint = "`pgtenant apply` gives the owner back what it lacks on its database"
            raise told from None


@dataclass(slots=True)
class _Work:
    """One call of `bring_up`.

    Attributes:
        final: whether the `COMMIT` may have been sent.
    """

    connection: Connection
    bring: Bring
    isolation: Isolation
    proviso: Proviso | None
    rehearse: bool
    known: bool
    final: bool = False

    @property
    def doing(self) -> str:
        """What is being done, in words."""
        return f"making the tenant {self.bring.tenant.slug}"

    async def once(self) -> Brought:
        """Do all of it in one transaction."""
        self.final = False
        connection, bring, schema = self.connection, self.bring, self.bring.tenant.schema
        sent: list[str] = []

        async def send(*statements: sql.Composable) -> None:
            texts = [as_text(statement) for statement in statements]
            if texts:
                await connection.execute("; ".join(texts).encode())
            sent.extend(texts)

        async with _transaction(connection, commit=not self.rehearse):
            row = await (await connection.execute("SELECT current_user")).fetchone()
            owner = row[0] if row else connection.info.user
            if bring.new and bring.role is None:
                await send(create_schema(schema))
            elif bring.new and bring.role is not None:
                await send(create_schema_of(schema, bring.role))
            if bring.files:
                await self._run_all()
                sent.extend(f"-- {file.name} {file.digest}" for file in bring.files)
            found = await read_tenants(connection, self.isolation, roles=[owner], only=schema)
            if bring.files and not found.schemas:
                raise _refused(bring.files, schema, "leaves its schema, which is gone")
            # What was read before the run may be minutes old, and a file may have changed it.
            comment = next((one.comment for one in found.schemas), bring.comment)
            own = bring.role
            await send(
                *([] if own is None else [set_local_role(own)]),
                *self._mends(found, owner),
                comment_on_schema(schema, with_record(comment, bring.record)),
                *([] if own is None else [sql.SQL("RESET ROLE")]),
            )
            if self.proviso is not None:
                asked = await connection.execute(sql.Composed([self.proviso.text]))
                if await asked.fetchone() != (True,):
                    raise self.proviso.error
            self.final = not self.rehearse
        left = judged(found, self.isolation, owner=owner, database=connection.info.dbname)
        return Brought(tuple(sent), tuple(finding for finding in left if not finding.ours))

    def _mends(self, found: Found, owner: str) -> Iterator[sql.Composed]:
        """Yield what the tenant's tables lack."""
        record, schema = self.bring.record, self.bring.tenant.schema
        made_by = TenantRecord(record.environment, record.entry, record.tenant).text()
        for group in found.relations:
            # A materialized view elsewhere that reads them is among what was found, too.
            names = [name for name in group.names if name[0] == schema]
            for name in names if group.facts.owner == owner_there(self.isolation, owner) else []:
                yield from secure(name, group.facts, self.isolation, made_by)

    async def _run_all(self) -> None:
        """Run the files, and look once behind the last one for what they did elsewhere."""
        schema, files = self.bring.tenant.schema, self.bring.files
        before = await _counts(self.connection)
        # Its rows are gathered when it is first read.
        await self.connection.execute(query("tenant_touched"), {"schema": schema})
        declared = await _declared(self.connection)
        for file in files:
            await _run(self.connection, schema, file, self.bring.role)
            if declared != await _declared(self.connection):
                raise _refused([file], schema, "closes cursors that are not its own")
        if outside := await _outside(self.connection, schema, before, relations=not self.known):
            raise _refused(files, schema, f"leaves its schema: {outside}")
        # A cursor of a file's own that is kept over the COMMIT would run during it.
        await self.connection.execute("CLOSE ALL")


@asynccontextmanager
async def _transaction(connection: Connection, *, commit: bool) -> AsyncIterator[None]:
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    try:
        yield
        if commit:
            await connection.commit()
        else:
            await connection.rollback()
    except BaseException:
        with suppress(psycopg.Error):  # the first error is the one to report
            await connection.rollback()
        raise


async def _run(connection: Connection, schema: str, file: TemplateFile, role: str | None) -> None:
    path = sql.SQL("SET LOCAL search_path = {}, pg_catalog").format(sql.Identifier(schema))
    await connection.execute(path)
    if role is not None:
        await connection.execute(set_local_role(role))
    # Inside of EXECUTE no statement begins or ends a transaction.
    body = as_text(sql.SQL("BEGIN EXECUTE {}; END").format(sql.Literal(file.sql)))
    try:
        # The timeout holds for each statement of a file, the limit for all of it.
        with connection.within(connection.limit * 2):
            await connection.execute(sql.SQL("DO LANGUAGE plpgsql {}").format(sql.Literal(body)))
            # What is put off to the COMMIT happens now, where it is looked at.
            await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        if connection.closed or (error.sqlstate or "XX").startswith(_OURS):
            raise
        raise _refused([file], schema, f"failed: {_told(error)}") from None
    await connection.execute("RESET ROLE")
    await connection.execute("RESET ALL")


async def _declared(connection: Connection) -> tuple[object, ...] | None:
    """Return when the cursor was declared: a file may put another one in its place."""
    asked = "SELECT c.creation_time FROM pg_catalog.pg_cursors c WHERE c.name = %s"
    return await (await connection.execute(asked, [_CURSOR])).fetchone()


async def _counts(connection: Connection) -> _Counts:
    rows = await (await connection.execute(query("tenant_counts"))).fetchall()
    return {name: (inserted, rewritten) for name, inserted, rewritten in rows}


async def _outside(connection: Connection, schema: str, before: _Counts, *, relations: bool) -> str:
    """Return what was made or touched outside of a schema; empty for nothing.

    Args:
        connection: in the transaction.
        schema: the tenant's.
        before: what `_counts` said when it began.
        relations: whether to look at what was granted on relations.
    """
    now = await _counts(connection)
    written = {
        name: (inserted - before[name][0], rewritten - before[name][1])
        for name, (inserted, rewritten) in now.items()
    }
    shared = [name for name in written if name not in _OWN_CATALOGS and any(written[name])]
    if shared:
        return ", ".join(f"a role or a database, in {name}" for name in sorted(shared))
    types, functions = (
        None if rewritten else inserted
        for inserted, rewritten in (written["pg_type"], written["pg_proc"])
    )
    parameters = {
        "schema": schema,
        "relations": relations,
        "types": types,
        "functions": functions,
    }
    cursor = await connection.execute(query("tenant_created"), parameters)
    if rows := await cursor.fetchall():
        return ", ".join(f"{kind} {_name(where, name)}" for kind, where, name in rows)
    rows = await (await connection.execute(f"FETCH 10 FROM {_CURSOR}".encode())).fetchall()
    return ", ".join(_name(where, name) for _, where, name in rows)


def _name(schema: str, name: str) -> str:
    return ".".join(part for part in (schema, name) if part)


def _told(error: psycopg.Error) -> str:
    diagnostic = error.diag
    return " ".join((diagnostic.message_primary or str(error)).split())


def _refused(files: Sequence[TemplateFile], schema: str, what: str) -> PgtenantError:
    names = ", ".join(file.name for file in files)
    which = f"file {names}" if len(files) == 1 else f"files {names}, one of them"
    return UsageError(
        f"the template's {which}, run for {schema}, {what}",
        hint="nothing of this tenant was made or changed: correct the file, and run again",
        code=Code.TENANT_TEMPLATE,
    )
