"""A tenant for one transaction of psycopg, on a real server with row security."""

from __future__ import annotations

import asyncio
import contextlib

import psycopg
import pytest
from psycopg import RawCursor

from pgtenant.tenancy import NoTenantError, OpenTransactionError, Tenant
from pgtenant.tenancy.psycopg import async_for_tenant, for_tenant

from .conftest import ACME, GLOBEX, NOTES, Shared


@pytest.mark.parametrize("autocommit", [True, False])
def test_each_sees_its_own_and_nobody_sees_nothing(shared: Shared, *, autocommit: bool) -> None:
    with psycopg.connect(shared.conninfo, autocommit=autocommit) as connection:
        assert connection.execute(NOTES).fetchall() == []
        connection.rollback()
        for tenant, body in ((ACME, "acme"), (GLOBEX, "globex"), (str(ACME), "acme")):
            with for_tenant(connection, tenant) as same:
                assert same is connection
                assert connection.execute(NOTES).fetchall() == [(body,)]
            assert connection.execute(NOTES).fetchall() == []
            connection.rollback()


def test_the_block_is_the_transaction(shared: Shared) -> None:
    insert = "INSERT INTO app.notes VALUES (%s, %s)"
    with psycopg.connect(shared.conninfo, autocommit=True) as connection:
        with for_tenant(connection, ACME):
            connection.execute(insert, (ACME, "kept"))
        with contextlib.suppress(ZeroDivisionError), for_tenant(connection, ACME):
            connection.execute(insert, (ACME, "lost"))
            raise ZeroDivisionError
        with pytest.raises(psycopg.errors.InsufficientPrivilege), for_tenant(connection, ACME):
            connection.execute(insert, (GLOBEX, "foreign"))
        with pytest.raises(psycopg.ProgrammingError), for_tenant(connection, ACME):
            connection.commit()
        assert connection.execute(NOTES).fetchall() == []
    assert shared.everything() == [(ACME, "acme"), (GLOBEX, "globex"), (ACME, "kept")]


@pytest.mark.parametrize("inner", [GLOBEX, ACME])
def test_no_block_inside_of_another(shared: Shared, inner: object) -> None:
    with psycopg.connect(shared.conninfo, autocommit=True) as connection:
        with for_tenant(connection, ACME):
            with pytest.raises(OpenTransactionError), for_tenant(connection, str(inner)):
                pytest.fail("ran")
            assert connection.execute(NOTES).fetchall() == [("acme",)]
            with connection.transaction():
                assert connection.execute(NOTES).fetchall() == [("acme",)]
        with for_tenant(connection, GLOBEX):
            assert connection.execute(NOTES).fetchall() == [("globex",)]


def test_no_block_behind_other_statements(shared: Shared) -> None:
    with psycopg.connect(shared.conninfo) as connection:
        connection.execute("SELECT 1")
        with pytest.raises(OpenTransactionError), for_tenant(connection, ACME):
            pytest.fail("ran")
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1/0")
        with pytest.raises(OpenTransactionError), for_tenant(connection, ACME):
            pytest.fail("ran")
        connection.rollback()
        with for_tenant(connection, ACME):
            assert connection.execute(NOTES).fetchall() == [("acme",)]


def test_nothing_is_sent_without_a_tenant(shared: Shared) -> None:
    with psycopg.connect(shared.conninfo, autocommit=True) as connection:
        mark = shared.instance.log_mark()
        with pytest.raises(NoTenantError), for_tenant(connection, ""):
            pytest.fail("ran")
        assert connection.execute(NOTES).fetchall() == []
    assert "BEGIN" not in shared.instance.log_since(mark)


def test_other_cursors_rows_and_settings(shared: Shared) -> None:
    with (
        psycopg.connect(
            shared.conninfo, cursor_factory=RawCursor, row_factory=psycopg.rows.dict_row
        ) as connection,
        for_tenant(connection, ACME, setting="other.tenant"),
    ):
        connection.execute("SELECT $1", [1])
        row = connection.execute(
            "SELECT current_setting('other.tenant') AS other,"
            " current_setting('app.current_tenant', true) AS usual"
        ).fetchone()
        assert row == {"other": str(ACME), "usual": None}


def test_in_a_pipeline(shared: Shared) -> None:
    with psycopg.connect(shared.conninfo) as connection, connection.pipeline():
        with for_tenant(connection, ACME):
            cursor = connection.execute(NOTES)
            with pytest.raises(OpenTransactionError), for_tenant(connection, GLOBEX):
                pytest.fail("ran")
        assert cursor.fetchall() == [("acme",)]
        with for_tenant(connection, GLOBEX):
            assert connection.execute(NOTES).fetchall() == [("globex",)]
        nobody = Tenant(ACME, role="nobody_of_that_name")
        with pytest.raises(psycopg.errors.InvalidParameterValue), for_tenant(connection, nobody):
            pass


def test_schemas_and_a_role_of_its_own(shared: Shared) -> None:
    instance = shared.instance
    instance.su("CREATE ROLE tenant_acme NOLOGIN")
    instance.su("GRANT tenant_acme TO app_user")
    tenant = Tenant(ACME, schemas=["tenant_acme", "app"], role="tenant_acme")
    asked = "SELECT current_user, current_schemas(false)::text[], current_setting('search_path')"
    with psycopg.connect(shared.conninfo, autocommit=True) as connection:
        connection.execute("GRANT USAGE ON SCHEMA app TO tenant_acme")
        connection.execute("GRANT SELECT ON app.notes TO tenant_acme")
        with for_tenant(connection, tenant):
            assert connection.execute("SELECT body FROM notes").fetchall() == [("acme",)]
            assert connection.execute(asked).fetchone() == (
                "tenant_acme",
                ["app"],
                '"tenant_acme", "app"',
            )
        assert connection.execute("SELECT current_user").fetchone() == ("app_user",)


def test_the_same_without_waiting(shared: Shared) -> None:
    async def run() -> None:
        connection = await psycopg.AsyncConnection.connect(shared.conninfo, autocommit=True)
        async with connection:

            async def notes() -> list[tuple[str]]:
                return await (await connection.execute(NOTES)).fetchall()

            async with async_for_tenant(connection, ACME) as same:
                assert same is connection
                assert await notes() == [("acme",)]
                with pytest.raises(OpenTransactionError):
                    async with async_for_tenant(connection, GLOBEX):
                        pytest.fail("ran")
            assert await notes() == []
            with pytest.raises(NoTenantError):
                async with async_for_tenant(connection, " "):
                    pytest.fail("ran")
            with contextlib.suppress(ZeroDivisionError):
                async with async_for_tenant(connection, GLOBEX):
                    assert await notes() == [("globex",)]
                    await connection.execute("DELETE FROM app.notes")
                    raise ZeroDivisionError

    asyncio.run(run())
    assert shared.everything() == [(ACME, "acme"), (GLOBEX, "globex")]
