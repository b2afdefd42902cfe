"""A wait that is cut short ends one statement, and never the one after it."""

from __future__ import annotations

import asyncio
import contextlib

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from pgtenant.postgres.bounded import NoAnswerError
from pgtenant.postgres.libpq import Connection
from support.instance import Instance

_TIME = 0.02
"""Seconds; of a statement, and of its limit: which of the two ends it is left to chance."""


@pytest.mark.every_major
def test_the_next_statement_is_not_cancelled(instance: Instance) -> None:
    async def work() -> None:
        async with await Connection.connect(instance.admin_conninfo(), autocommit=True) as one:
            for _ in range(50):
                with contextlib.suppress(psycopg.errors.QueryCanceled), one.within(_TIME):
                    await one.execute("SELECT pg_sleep(%s)", [_TIME])
                assert await (await one.execute("SELECT 1")).fetchone() == (1,)
                assert not one.overdue

    asyncio.run(work())


def test_a_transaction_that_was_cut_short_is_rolled_back(instance: Instance) -> None:
    async def work() -> None:
        async with await Connection.connect(instance.admin_conninfo(), autocommit=True) as one:
            with contextlib.suppress(psycopg.errors.QueryCanceled):
                async with one.transaction():
                    await one.execute("CREATE ROLE never_made")
                    with one.within(_TIME):
                        await one.execute("SELECT pg_sleep(60)")
            assert one.info.transaction_status == TransactionStatus.IDLE

    asyncio.run(work())
    assert instance.su("SELECT FROM pg_roles WHERE rolname = 'never_made'") == []


def test_sql_that_will_not_be_cancelled(instance: Instance) -> None:
    """A tenant's code may catch the request: then the line is cut."""
    stubborn = """
        DO $$ BEGIN LOOP
            BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END;
        END LOOP; END $$
    """

    async def work() -> bool:
        conninfo = instance.admin_conninfo(options="-c client_connection_check_interval=1s")
        one = await Connection.connect(conninfo, autocommit=True)
        with pytest.raises(NoAnswerError), one.within(_TIME):
            await one.execute(stubborn)
        return one.closed

    assert asyncio.run(work())
