"""What is in a database, counted: what a dump has to bring back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg import sql

from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.queries import query

_PATIENCE: Final = 86_400.0  # seconds
_NO_LIMITS: Final = sql.SQL(
    "SELECT pg_catalog.set_config(s.name, '0', false) FROM pg_catalog.pg_settings s"
    " WHERE s.name IN ('statement_timeout', 'transaction_timeout')"
)
_WHOLE: Final = sql.SQL("SELECT pg_catalog.set_config('row_security', 'off', false)")
_LARGE: Final = sql.SQL(
    "SELECT m.oid::bigint, pg_catalog.md5(pg_catalog.lo_get(m.oid))"
    " FROM pg_catalog.pg_largeobject_metadata m"
)

Name = tuple[str, str]
"""A schema, and a name in it."""


@dataclass(frozen=True, slots=True)
class Content:
    """What was counted.

    Attributes:
        tables: the number of rows of each, what inherits from it left out.
        sequences: where each stands, and whether that number has been given out.
        large: the MD5 sum of each large object, by its OID.
        extended: the number of rows of each table of an extension: with it come some by themselves.
    """

    tables: Mapping[Name, int]
    sequences: Mapping[Name, tuple[int, bool]]
    large: Mapping[int, str]
    extended: Mapping[Name, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say how much that is."""
        rows = sum(self.tables.values())
        return (
            f"{len(self.tables)} tables with {rows} rows, {len(self.sequences)} sequences and"
            f" {len(self.large)} large objects"
        )

    def differences(self, other: Content) -> Iterator[str]:
        """Yield what another one has otherwise, in words."""
        for (schema, name), count in sorted(self.tables.items()):
            there = other.tables.get((schema, name))
            if there != count:
                yield f"table {schema}.{name}: {count} rows, restored {_told(there)}"
        for (schema, name), count in sorted(self.extended.items()):
            there = other.extended.get((schema, name))
            if count > (there or 0):
                told = f"{count} rows, restored {_told(there)}"
                yield f"table {schema}.{name}, which belongs to an extension: {told}"
        for (schema, name), value in sorted(self.sequences.items()):
            if other.sequences.get((schema, name)) != value:
                yield f"sequence {schema}.{name} stands elsewhere"
        for oid, digest in sorted(self.large.items()):
            if other.large.get(oid) != digest:
                yield f"large object {oid} differs"
        for schema, name in sorted(other.tables.keys() - self.tables.keys()):
            yield f"table {schema}.{name} is only in what was restored"


async def count_content(connection: Connection) -> Content:
    """Count every row. A table that hides rows from this session is an error, not fewer rows.

    Raises:
        ServerError: a query failed.
    """
    tables: dict[Name, int] = {}
    sequences: dict[Name, tuple[int, bool]] = {}
    extended: dict[Name, int] = {}
    try:
        with connection.within(_PATIENCE):
            await connection.execute(_NO_LIMITS)
            await connection.execute(_WHOLE)
            found = await (await connection.execute(query("retire_content"))).fetchall()
            for schema, name, is_sequence, of_extension in found:
                if is_sequence and of_extension:
                    continue
                row = await _one(connection, schema, name, is_sequence=is_sequence)
                if is_sequence:
                    sequences[schema, name] = (row[0], row[1])
                else:
                    (extended if of_extension else tables)[schema, name] = row[0]
            large: dict[int, str] = dict(await (await connection.execute(_LARGE)).fetchall())
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="counting what is inside", where=where) from None
    return Content(tables=tables, sequences=sequences, large=large, extended=extended)


async def _one(
    connection: Connection, schema: str, name: str, *, is_sequence: bool
) -> tuple[Any, ...]:
    what = "SELECT last_value, is_called FROM {}" if is_sequence else "SELECT count(*) FROM ONLY {}"
    text = sql.SQL(what).format(sql.Identifier(schema, name))
    row = await (await connection.execute(text)).fetchone()
    return row if row is not None else (0, False)


def _told(count: int | None) -> str:
    return "none: it is not there" if count is None else str(count)
