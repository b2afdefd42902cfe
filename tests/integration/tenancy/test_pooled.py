"""Many clients on one session: PgBouncer in transaction mode.

Every client here has a connection of its own, and all of them share one of the server's.
"""

from __future__ import annotations

import asyncio
import contextlib
from threading import Barrier, Thread
from typing import Any

import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from pgtenant.tenancy import Tenant
from pgtenant.tenancy.psycopg import async_for_tenant, for_tenant
from pgtenant.tenancy.sqlalchemy import for_tenant as session_for_tenant
from support.pgbouncer import Pooler

from .conftest import ACME, GLOBEX, NOTES, Shared

_TURNS = 25


def _connect(pooler: Pooler) -> psycopg.Connection[tuple[Any, ...]]:
    # A prepared statement is a session's, which is another one in the next transaction.
    return psycopg.connect(pooler.conninfo, autocommit=True, prepare_threshold=None)


def test_a_plain_set_is_the_next_clients_tenant(pooler: Pooler) -> None:
    with _connect(pooler) as one, _connect(pooler) as other:
        one.execute(f"SET app.current_tenant = '{ACME}'")
        assert other.execute(NOTES).fetchall() == [("acme",)]
        # It comes back behind a block that was right.
        with for_tenant(other, GLOBEX):
            assert other.execute(NOTES).fetchall() == [("globex",)]
        assert other.execute(NOTES).fetchall() == [("acme",)]
        # RESET by one client is for all of them, just so.
        other.execute("RESET app.current_tenant")
        assert one.execute(NOTES).fetchall() == []


def test_a_tenant_ends_with_its_transaction(pooler: Pooler) -> None:
    with _connect(pooler) as one, _connect(pooler) as other:
        session = "SELECT pg_backend_pid()"
        assert one.execute(session).fetchone() == other.execute(session).fetchone()
        with for_tenant(one, Tenant(ACME, schemas=["app"])):
            assert one.execute("SELECT body FROM notes").fetchall() == [("acme",)]
        assert other.execute(NOTES).fetchall() == []
        assert other.execute("SHOW search_path").fetchone() == ('"$user", public',)
        with contextlib.suppress(ZeroDivisionError), for_tenant(one, GLOBEX):
            raise ZeroDivisionError
        assert other.execute(NOTES).fetchall() == []


def test_clients_that_take_turns_never_meet(pooler: Pooler) -> None:
    tenants = ((ACME, "acme"), (GLOBEX, "globex")) * 3
    together = Barrier(len(tenants))
    seen: list[tuple[str, object]] = []

    def client(tenant: object, body: str) -> None:
        with _connect(pooler) as connection:
            together.wait(timeout=60)
            for _ in range(_TURNS):
                with for_tenant(connection, str(tenant)):
                    seen.append((body, connection.execute(NOTES).fetchall()))

    threads = [Thread(target=client, args=each) for each in tenants]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == len(tenants) * _TURNS
    assert [pair for pair in seen if pair[1] != [(pair[0],)]] == []


def test_asynchronous_clients_and_sessions(pooler: Pooler, shared: Shared) -> None:
    async def client(tenant: object, body: str) -> list[bool]:
        connection = await psycopg.AsyncConnection.connect(
            pooler.conninfo, autocommit=True, prepare_threshold=None
        )
        right = []
        async with connection:
            for _ in range(_TURNS):
                async with async_for_tenant(connection, str(tenant)):
                    rows = await (await connection.execute(NOTES)).fetchall()
                right.append(rows == [(body,)])
        return right

    async def run() -> None:
        both = await asyncio.gather(client(ACME, "acme"), client(GLOBEX, "globex"))
        assert list(both) == [[True] * _TURNS] * 2

    asyncio.run(run())
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(pooler.conninfo, prepare_threshold=None),
    )
    for _ in range(_TURNS):
        for tenant, body in ((ACME, "acme"), (GLOBEX, "globex")):
            with Session(engine) as session, session_for_tenant(session, tenant):
                assert session.scalars(text(NOTES)).all() == [body]
    engine.dispose()
    assert len(shared.everything()) == 2
