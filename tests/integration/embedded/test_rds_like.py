"""The fixtures that every other integration test relies on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from support.instance import Instance


@pytest.mark.every_major
def test_admin_is_what_rds_hands_out(instance: Instance, pg_major: int) -> None:
    with psycopg.connect(instance.admin_conninfo()) as connection:
        assert connection.info.server_version // 10000 == pg_major
        assert connection.pgconn.ssl_in_use
        row = connection.execute(
            "SELECT rolcreaterole, rolcreatedb, rolsuper, rolreplication, rolbypassrls"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (True, True, False, False, False)
    assert instance.su(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'platform'"
    ) == [("platform_admin",)]


@pytest.mark.parametrize("_round", range(2))
def test_nothing_is_left_for_the_next_test(instance: Instance, _round: int) -> None:
    instance.su("CREATE ROLE tenant LOGIN PASSWORD 'x'")
    instance.su("CREATE DATABASE tenant OWNER tenant IS_TEMPLATE true")
    instance.su("CREATE TABLE t ()", dbname="platform")
    instance.su("ALTER TABLE t OWNER TO tenant", dbname="platform")
    instance.su("GRANT CREATE ON DATABASE postgres TO tenant")


@pytest.mark.parametrize("_round", range(2))
def test_a_changed_server_is_replaced(instance: Instance, _round: int) -> None:
    assert instance.su("SHOW work_mem") == [("4MB",)]
    instance.su("ALTER SYSTEM SET work_mem = '5MB'")
    instance.su("SELECT pg_reload_conf()")
    instance.su("CREATE TABLE stray ()", dbname="template1")
    instance.su("ALTER ROLE platform_admin SUPERUSER")


def test_log_has_every_statement(instance: Instance) -> None:
    instance.su("SELECT 'before'")
    mark = instance.log_mark()
    instance.su("SELECT 'after'")
    assert "SELECT 'after'" in instance.log_since(mark)
    assert "SELECT 'before'" not in instance.log_since(mark)
