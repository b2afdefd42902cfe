"""A tenant for one transaction of psycopg 3."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

from psycopg import AsyncConnection, AsyncCursor, Connection, Cursor, sql
from psycopg.pq import TransactionStatus

from pgtenant.tenancy.errors import OpenTransactionError
from pgtenant.tenancy.tenant import SETTING, Tenant, TenantId, settings_of

_C = TypeVar("_C", bound=Connection[Any])
_A = TypeVar("_A", bound=AsyncConnection[Any])

_OPEN: Final = frozenset(
    {TransactionStatus.INTRANS, TransactionStatus.INERROR, TransactionStatus.ACTIVE}
)


@contextmanager
def for_tenant(
    connection: _C, tenant: Tenant | TenantId, *, setting: str = SETTING
) -> Iterator[_C]:
    """Run a block as one transaction for a tenant: committed at its end, rolled back on errors.

    Args:
        connection: idle, with autocommit or without; by nobody else used meanwhile.
        tenant: whose rows are seen and written in the block; behind it, nobody's.
        setting: what policies read, as `tenancy.setting` of the catalog's entry.

    Yields:
        The connection.

    Raises:
        NoTenantError: there is no tenant.
        OpenTransactionError: a transaction is open, such as another tenant's block.
        psycopg.Error: whatever the server refuses.
    """
    values = settings_of(tenant, setting)
    _refuse_open(connection.info.transaction_status)
    with connection.transaction():
        # Not the connection's own kind of cursor, which may want other placeholders.
        with Cursor(connection) as cursor:
            cursor.execute(*_set(values), prepare=False)
        yield connection


@asynccontextmanager
async def async_for_tenant(
    connection: _A, tenant: Tenant | TenantId, *, setting: str = SETTING
) -> AsyncIterator[_A]:
    """Do what `for_tenant` does on an asynchronous connection, of no other task meanwhile.

    Raises:
        TenancyError: as there.
    """
    values = settings_of(tenant, setting)
    _refuse_open(connection.info.transaction_status)
    async with connection.transaction():
        async with AsyncCursor(connection) as cursor:
            await cursor.execute(*_set(values), prepare=False)
        yield connection


def _refuse_open(status: TransactionStatus) -> None:
    # A transaction inside of it would be a savepoint, whose settings outlive its end.
    if status in _OPEN:
        raise OpenTransactionError(
            "a transaction is open on this connection: a tenant is set for a whole one, never"
            " inside of another block or behind other statements; end it first"
        )


def _set(values: Mapping[str, str]) -> tuple[sql.Composed, list[str]]:
    """Return one statement that sets everything until the end of the transaction."""
    calls = [sql.SQL("pg_catalog.set_config(%s, %s, true)")] * len(values)
    statement = sql.SQL("SELECT {}").format(sql.SQL(", ").join(calls))
    return statement, [text for pair in values.items() for text in pair]
