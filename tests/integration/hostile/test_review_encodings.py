"""Names and comments that are no UTF-8: a tenant makes them in a database of its own encoding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from support.instance import Instance
from support.project import Project, password_of
from support.siege import SHOP, as_tenant, holds

_RAW = b"rev_\xff"
_ENTRIES: dict[str, dict[str, Any]] = {**SHOP, "shop": {**SHOP["shop"], "createdb": True}}


@pytest.fixture
def converged(project: Project) -> Project:
    project.write(_ENTRIES)
    project.converge()
    return project


@pytest.fixture
def rawly(
    converged: Project,  # noqa: ARG001 - makes the tenant
    instance: Instance,
) -> Iterator[psycopg.Connection]:
    """The owner's session in a SQL_ASCII database of its own."""
    as_tenant(
        instance,
        "shop_user",
        "shop",
        "CREATE DATABASE scratch TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'",
    )
    with instance.connect(
        "shop_user", password_of("shop_user"), "scratch", client_encoding="SQL_ASCII"
    ) as connection:
        yield connection
        connection.execute(b'DROP DATABASE IF EXISTS "' + _RAW + b'"')


@pytest.mark.every_major
def test_a_comment_a_name_and_settings_in_other_bytes(
    converged: Project, rawly: psycopg.Connection, instance: Instance
) -> None:
    rawly.execute(b"COMMENT ON DATABASE scratch IS 'a\xff'")
    rawly.execute(b'CREATE DATABASE "' + _RAW + b'"')
    rawly.execute(b"ALTER DATABASE scratch SET search_path = 'b\xff'")
    rawly.execute(b"ALTER ROLE shop_user SET search_path = 'c\xff'")
    rawly.execute(b'ALTER ROLE shop_user IN DATABASE "' + _RAW + b"\" SET search_path = 'd\xff'")
    planned = converged.plan()
    assert planned.code == 0, planned.output
    found = {d["database"]: d for d in planned.json["drift"] if d["kind"] == "undeclared_database"}
    assert set(found) == {"scratch", "rev_\\udcff"} or set(found) == {"scratch", "rev_\udcff"}
    assert sum("not valid UTF-8" in d["message"] for d in found.values()) == 1
    assert converged.run("plan", "-e", "dev").code == 0
    converged.converge()
    assert not converged.plan().json["changes"]
    assert "UnicodeDecodeError" not in converged.run("status", "-e", "dev").output
    closed = instance.su("SELECT datacl::text FROM pg_database WHERE datname = 'scratch'")
    assert "{=" not in closed[0][0]


@pytest.mark.every_major
def test_an_honest_umlaut_in_latin1(
    converged: Project, rawly: psycopg.Connection, instance: Instance
) -> None:
    rawly.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    as_tenant(instance, "shop_user", "latin", "COMMENT ON DATABASE latin IS 'für alle'")
    planned = converged.plan()
    assert planned.code == 0, planned.output
    converged.converge()


@pytest.mark.every_major
def test_a_declared_database_with_a_comment_in_other_bytes(
    converged: Project, rawly: psycopg.Connection
) -> None:
    rawly.execute(b"COMMENT ON DATABASE shop IS 'a\xff'")
    converged.converge()
    assert not converged.plan().json["changes"]


@pytest.mark.every_major
def test_a_declared_database_made_again_as_sql_ascii(
    converged: Project, rawly: psycopg.Connection, instance: Instance
) -> None:
    rawly.execute("DROP DATABASE shop")
    rawly.execute("CREATE DATABASE shop TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    as_tenant(
        instance,
        "shop_user",
        "shop",
        b'CREATE TABLE "t\xff" (n int, "c\xff" int)',
        b'GRANT INSERT ("c\xff") ON "t\xff" TO shop_reader',
        b'CREATE SCHEMA "s\xff"',
        b'CREATE TABLE "s\xff".inside ()',
        "CREATE TABLE plain (n int)",
        client_encoding="SQL_ASCII",
    )
    raw = instance.superuser_conninfo("shop", client_encoding="SQL_ASCII")
    with psycopg.connect(raw) as superuser:
        superuser.execute(b'CREATE TABLE public."f\xff" ()')
    converged.converge()
    planned = converged.plan()
    assert (planned.code, planned.json["changes"]) == (0, []), planned.output
    [unread] = [d for d in planned.json["drift"] if d["kind"] == "unread_database"]
    assert unread["message"].startswith("holds names that are not UTF-8")
    assert holds(instance, "shop_reader", "plain", "SELECT", "shop")
    shown = converged.run("plan", "-e", "dev")
    assert "not UTF-8" in shown.out
    assert "opens it first" not in shown.out
