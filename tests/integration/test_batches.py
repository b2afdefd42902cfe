"""Statements that are sent together: each has its own answer, and none outlives a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import Diagnostic
from psycopg.pq import PipelineStatus, TransactionStatus

from pgtenant.errors import ServerError
from pgtenant.planning.sql.render import Statement
from pgtenant.postgres.batch import send_together
from pgtenant.postgres.execute import IneffectiveError, Proviso, run
from pgtenant.postgres.libpq import Connection
from support.instance import Instance

MADE = "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'made%' ORDER BY 1"


def on_connection(instance: Instance, work: Callable[[Connection], Awaitable[None]]) -> None:
    async def connected() -> None:
        async with await Connection.connect(instance.admin_conninfo(), autocommit=True) as one:
            await work(one)
            assert one.pgconn.pipeline_status == PipelineStatus.OFF
            assert one.info.transaction_status == TransactionStatus.IDLE
            assert await (await one.execute("SELECT 1")).fetchone() == (1,)

    asyncio.run(connected())


def texts(*given: str) -> Sequence[sql.Composable]:
    return [sql.SQL(one) for one in given]


def statements(*given: str) -> Sequence[Statement]:
    return [Statement(text) for text in texts(*given)]


@pytest.mark.every_major
def test_each_statement_has_its_answer(instance: Instance) -> None:
    async def work(one: Connection) -> None:
        heard: list[tuple[int, str]] = []

        def note(place: int, said: Diagnostic) -> None:
            heard.append((place, said.message_primary or ""))

        say = "DO $$ BEGIN RAISE WARNING '%s'; END $$"
        sent = texts("BEGIN", say % "a", "SELECT 7", say % "b", say % "c", "SELECT NULL", "COMMIT")
        values = await send_together(one, sent, note)
        assert values == [None, None, b"7", None, None, None, None]
        assert heard == [(1, "a"), (3, "b"), (4, "c")]

    on_connection(instance, work)


def test_more_than_both_sides_can_hold(instance: Instance) -> None:
    """The server stops reading while nobody takes its answers."""
    long = "x" * 100_000

    async def work(one: Connection) -> None:
        sent = texts("BEGIN", *[f"SELECT '{long}'"] * 300, "COMMIT")
        values = await send_together(one, sent, lambda *_: None)
        assert values == [None, *[long.encode()] * 300, None]

    on_connection(instance, work)


@pytest.mark.every_major
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_that_fails(instance: Instance, place: int) -> None:
    given = ["CREATE ROLE made1", "CREATE ROLE made2"]
    given.insert(place, "SELECT 1 / 0")

    async def work(one: Connection) -> None:
        with pytest.raises(ServerError, match="division by zero") as caught:
            await run(one, statements(*given), transactional=True, doing="making")
        assert caught.value.sqlstate == "22012"

    on_connection(instance, work)
    assert instance.su(MADE) == []


def test_one_without_effect_is_named(instance: Instance) -> None:
    instance.su("CREATE TABLE theirs ()", dbname="platform")
    instance.su("GRANT SELECT ON theirs TO platform_admin", dbname="platform")

    async def work(one: Connection) -> None:
        given = statements("CREATE ROLE made1", "GRANT SELECT ON theirs TO made1", "SELECT 1")
        with pytest.raises(IneffectiveError, match="GRANT SELECT ON theirs TO made1"):
            await run(one, given, transactional=True, doing="granting")

    on_connection(instance, work)
    instance.su("DROP TABLE theirs", dbname="platform")
    assert instance.su(MADE) == []


@pytest.mark.parametrize("transactional", [True, False])
def test_a_proviso_that_does_not_hold(instance: Instance, transactional: bool) -> None:
    proviso = Proviso(sql.SQL("SELECT false"), ServerError("not any more"))

    async def work(one: Connection) -> None:
        with pytest.raises(ServerError, match="not any more"):
            await run(
                one,
                statements("CREATE ROLE made1"),
                transactional=transactional,
                doing="making",
                proviso=proviso,
            )

    on_connection(instance, work)
    assert instance.su(MADE) == []


def test_an_error_after_a_proviso_has_failed(instance: Instance) -> None:
    """Whoever works here instead may have caused it."""
    proviso = Proviso(sql.SQL("SELECT false"), ServerError("not any more"))

    async def work(one: Connection) -> None:
        with pytest.raises(ServerError, match="not any more"):
            await run(
                one,
                statements("CREATE ROLE platform_admin"),
                transactional=True,
                doing="making",
                proviso=proviso,
            )

    on_connection(instance, work)


@pytest.mark.every_major
def test_a_session_that_is_ended_says_why(instance: Instance) -> None:
    async def work() -> None:
        one = await Connection.connect(instance.admin_conninfo(), autocommit=True)
        end = "SELECT pg_terminate_backend(pg_backend_pid())"
        with pytest.raises(psycopg.errors.AdminShutdown):
            await send_together(one, texts("BEGIN", end, "SELECT 1"), lambda *_: None)
        assert one.closed

    asyncio.run(work())


def test_a_cancelled_one_leaves_the_connection_usable(
    instance: Instance, caplog: pytest.LogCaptureFixture
) -> None:
    """psycopg asks the server to cancel and waits for its answer, which has to be read."""

    async def work(one: Connection) -> None:
        async with await Connection.connect(instance.admin_conninfo(), autocommit=True) as other:
            sent = texts("BEGIN", "SELECT pg_sleep(60)", "SELECT 1")
            task = asyncio.create_task(send_together(one, sent, lambda *_: None))
            asleep = (
                "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'",
                (one.info.backend_pid,),
            )
            while await (await other.execute(*asleep)).fetchone() is None:
                await other.execute("SELECT pg_sleep(0.01)")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert not one.closed
        await one.rollback()

    with caplog.at_level("WARNING", logger="psycopg"):
        on_connection(instance, work)
    assert not caplog.records
