"""A tenant for one transaction of SQLAlchemy, on a real server with row security."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, Engine, MetaData, create_engine, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pgtenant.tenancy import (
    NoTenantError,
    NoTransactionError,
    OpenTransactionError,
    OtherTenantError,
    Tenant,
)
from pgtenant.tenancy.sqlalchemy import async_for_tenant, for_tenant

from .conftest import ACME, GLOBEX, Shared

_DRIVER = "postgresql+psycopg://"


class Base(DeclarativeBase):
    metadata = MetaData(schema="app")


class Note(Base):
    __tablename__ = "notes"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    body: Mapped[str] = mapped_column(primary_key=True)


@pytest.fixture
def engine(shared: Shared) -> Iterator[Engine]:
    made = create_engine(_DRIVER, creator=lambda: psycopg.connect(shared.conninfo))
    yield made
    made.dispose()


def _bodies(target: Session | Connection) -> list[str]:
    return list(target.scalars(select(Note.body).order_by(Note.body)))


@pytest.mark.parametrize("kind", [Session, Connection])
def test_each_sees_its_own_and_nobody_sees_nothing(
    engine: Engine, kind: type[Session | Connection]
) -> None:
    with kind(engine) as target:
        assert _bodies(target) == []
        target.rollback()
        for tenant, body in ((ACME, "acme"), (GLOBEX, "globex"), (ACME, "acme")):
            with for_tenant(target, tenant) as same:
                assert same is target
                assert _bodies(target) == [body]
            assert _bodies(target) == []
            target.rollback()


def test_the_block_is_the_transaction(engine: Engine, shared: Shared) -> None:
    with Session(engine) as session:
        with for_tenant(session, ACME):
            session.add(Note(tenant_id=ACME, body="kept"))
        with contextlib.suppress(ZeroDivisionError), for_tenant(session, ACME):
            session.add(Note(tenant_id=ACME, body="lost"))
            session.flush()
            raise ZeroDivisionError
        with pytest.raises(ProgrammingError, match="row-level security"), for_tenant(session, ACME):
            session.add(Note(tenant_id=GLOBEX, body="foreign"))
    assert shared.everything() == [(ACME, "acme"), (GLOBEX, "globex"), (ACME, "kept")]


@pytest.mark.parametrize("kind", [Session, Connection])
def test_no_block_inside_of_another_or_behind_statements(
    engine: Engine, kind: type[Session | Connection]
) -> None:
    with kind(engine) as target:
        with for_tenant(target, ACME):
            for inner in (GLOBEX, ACME):
                with pytest.raises(OpenTransactionError), for_tenant(target, inner):
                    pytest.fail("ran")
            with target.begin_nested():
                assert _bodies(target) == ["acme"]
        target.execute(text("SELECT 1"))
        with pytest.raises(OpenTransactionError), for_tenant(target, ACME):
            pytest.fail("ran")


def test_a_session_inside_of_somebody_elses_transaction(engine: Engine) -> None:
    with (
        engine.connect() as connection,
        connection.begin(),
        Session(connection) as session,
        pytest.raises(OpenTransactionError),
        for_tenant(session, ACME),
    ):
        pytest.fail("ran")


@pytest.mark.parametrize("nobody", ["", None])
def test_nothing_is_sent_without_a_tenant(
    engine: Engine, shared: Shared, nobody: str | None
) -> None:
    with Session(engine) as session:
        session.connection()
        session.rollback()
        mark = shared.instance.log_mark()
        with pytest.raises(NoTenantError), for_tenant(session, nobody):  # type: ignore[arg-type]
            pytest.fail("ran")
        session.execute(text("SELECT 'mark'"))
    sent = shared.instance.log_since(mark)
    assert "'mark'" in sent
    assert "set_config" not in sent


def test_objects_of_another_tenant(engine: Engine) -> None:
    with Session(engine, expire_on_commit=False) as session:
        with for_tenant(session, ACME):
            note = session.get_one(Note, (ACME, "acme"))
        with for_tenant(session, ACME):
            assert session.get(Note, (ACME, "acme")) is note
        with pytest.raises(OtherTenantError), for_tenant(session, GLOBEX):
            pytest.fail("ran")
        session.expunge_all()
        with for_tenant(session, GLOBEX):
            assert session.get(Note, (ACME, "acme")) is None


def test_statements_that_commit_by_themselves(shared: Shared) -> None:
    engine = create_engine(
        _DRIVER, creator=lambda: psycopg.connect(shared.conninfo), isolation_level="AUTOCOMMIT"
    )
    with (
        Session(engine) as session,
        pytest.raises(NoTransactionError),
        for_tenant(session, ACME),
    ):
        pytest.fail("ran")
    with engine.connect() as connection:
        serializable = connection.execution_options(isolation_level="SERIALIZABLE")
        with for_tenant(serializable, ACME):
            assert _bodies(connection) == ["acme"]
    engine.dispose()


def test_where_names_are_looked_for(engine: Engine) -> None:
    with Session(engine) as session:
        with for_tenant(session, Tenant(ACME, schemas=["app"])):
            assert session.scalar(text("SELECT body FROM notes")) == "acme"
        with pytest.raises(ProgrammingError), for_tenant(session, ACME):
            session.execute(text("SELECT body FROM notes"))


def test_the_same_without_waiting(shared: Shared) -> None:
    async def run() -> None:
        engine = create_async_engine(
            _DRIVER, async_creator=lambda: psycopg.AsyncConnection.connect(shared.conninfo)
        )
        for kind in (AsyncSession, AsyncConnection):
            async with kind(engine) as target:
                await _takes_turns(target)
        autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
        async with AsyncSession(autocommit) as session:
            with pytest.raises(NoTransactionError):
                async with async_for_tenant(session, ACME):
                    pytest.fail("ran")
        await engine.dispose()

    asyncio.run(run())
    assert shared.everything() == [(ACME, "acme"), (GLOBEX, "globex")]


async def _takes_turns(target: AsyncSession | AsyncConnection) -> None:
    async def bodies() -> list[str]:
        return list(await target.scalars(select(Note.body)))

    async with async_for_tenant(target, ACME) as same:
        assert same is target
        assert await bodies() == ["acme"]
        with pytest.raises(OpenTransactionError):
            async with async_for_tenant(target, GLOBEX):
                pytest.fail("ran")
    assert await bodies() == []
    await target.rollback()
    with pytest.raises(NoTenantError):
        async with async_for_tenant(target, ""):
            pytest.fail("ran")
    with contextlib.suppress(ZeroDivisionError):
        async with async_for_tenant(target, GLOBEX):
            assert await bodies() == ["globex"]
            await target.execute(text("DELETE FROM app.notes"))
            raise ZeroDivisionError
