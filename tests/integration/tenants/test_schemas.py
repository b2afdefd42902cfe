"""Which schemas of tenants there are, and who needs what is in one."""

from __future__ import annotations

import asyncio

import pytest

from integration.tenants.conftest import OWNER, PASSWORD, Tenants
from pgtenant.planning.tenants.adding import There
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.tenant_schemas import Ties, schemas_there, ties_of

ODD = "tenant_\udcff"
"""A name of one byte more that is no UTF-8."""


@pytest.mark.every_major
def test_names_that_are_no_utf_8_keep_nobody_from_reading_the_others(tenants: Tenants) -> None:
    tenants.instance.su(
        f"CREATE DATABASE bytes OWNER {OWNER} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
    )
    for statement in (
        b'CREATE SCHEMA "tenant_\xff"',
        b"COMMENT ON SCHEMA \"tenant_\xff\" IS '\xfe'",
        b"CREATE SCHEMA tenant_a",
        b"CREATE TABLE tenant_a.t (id int)",
        b'CREATE VIEW "tenant_\xff"."v\xff" AS SELECT * FROM tenant_a.t',
    ):
        with tenants.instance.connect(OWNER, PASSWORD, "bytes") as owner:
            owner.execute(b"SET client_encoding = SQL_ASCII")
            owner.execute(statement)

    async def look() -> tuple[dict[str, There], Ties]:
        conninfo = tenants.instance.conninfo(OWNER, PASSWORD, "bytes", client_encoding="utf8")
        connection = await Connection.connect(conninfo, autocommit=True)
        try:
            there = await schemas_there(connection, (), prefix="tenant_")
            return there, await ties_of(connection, "tenant_a", None)
        finally:
            await connection.close()

    try:
        there, ties = asyncio.run(look())
    finally:
        tenants.instance.su("DROP DATABASE bytes (FORCE)")
    assert there[ODD] == There(ODD, OWNER, "\udcfe", filled=True)
    assert there["tenant_a"].filled
    assert ties == Ties(needing=((ODD, "v\udcff"),), granted=())
