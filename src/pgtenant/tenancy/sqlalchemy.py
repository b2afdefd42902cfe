"""A tenant for one transaction of SQLAlchemy 2, over psycopg 3."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final, TypeVar

from sqlalchemy import Connection, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from pgtenant.tenancy.errors import NoTransactionError, OpenTransactionError, OtherTenantError
from pgtenant.tenancy.tenant import SETTING, Tenant, TenantId, settings_of

_T = TypeVar("_T", bound=Session | Connection)
_A = TypeVar("_A", bound=AsyncSession | AsyncConnection)

_LAST: Final = "pgtenant.tenancy"


@contextmanager
def for_tenant(target: _T, tenant: Tenant | TenantId, *, setting: str = SETTING) -> Iterator[_T]:
    """Run a block as one transaction for a tenant: committed at its end, rolled back on errors.

    Args:
        target: a session with one engine, or a connection, without an open transaction.
        tenant: whose rows are seen and written in the block; behind it, nobody's.
        setting: what policies read, as `tenancy.setting` of the catalog's entry.

    Yields:
        The session or the connection.

    Raises:
        NoTenantError: there is no tenant.
        OpenTransactionError: a transaction is open, such as another tenant's block.
        OtherTenantError: the session holds objects that it had for another tenant.
        NoTransactionError: the engine commits each statement by itself.
        sqlalchemy.exc.SQLAlchemyError: whatever the server refuses.
    """
    values = settings_of(tenant, setting)
    _refuse(target, values[setting])
    with target.begin():
        _enter(target, values)
        yield target


@asynccontextmanager
async def async_for_tenant(
    target: _A, tenant: Tenant | TenantId, *, setting: str = SETTING
) -> AsyncIterator[_A]:
    """Do what `for_tenant` does with an asynchronous session or connection.

    Raises:
        TenancyError: as there.
    """
    values = settings_of(tenant, setting)
    _refuse(target.sync_session if isinstance(target, AsyncSession) else target, values[setting])
    async with target.begin():
        await target.run_sync(_enter, values)
        yield target


def _refuse(target: Session | Connection | AsyncConnection, tenant: str) -> None:
    within = target.bind if isinstance(target, Session) else None
    if target.in_transaction() or (isinstance(within, Connection) and within.in_transaction()):
        raise OpenTransactionError(
            "a transaction is open here: a tenant is set for a whole one, never inside of another"
            " block or behind other statements; end it first"
        )
    if isinstance(target, Session):
        # `Session.get` answers from these without asking the server.
        if target.info.get(_LAST, tenant) != tenant and (target.identity_map or target.new):
            raise OtherTenantError(
                "this session still holds objects of another tenant; take a session for each"
                " tenant, or call its expunge_all() between them"
            )
        target.info[_LAST] = tenant


def _enter(target: Session | Connection, values: Mapping[str, str]) -> None:
    connection = target.connection() if isinstance(target, Session) else target
    driver = connection.connection.driver_connection
    if getattr(driver, "autocommit", False):
        raise NoTransactionError(
            "this engine is in AUTOCOMMIT, where each statement is a transaction of its own and"
            " none would have the tenant; take one with another isolation level"
        )
    calls = (func.pg_catalog.set_config(name, value, True) for name, value in values.items())
    connection.execute(select(*calls))
