"""The short look into a database says what the whole one says, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from psycopg import sql

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.desired import DesiredDatabase, DesiredRole
from pgtenant.planning.observed import Contents
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.observe import glance, read_whole
from support.instance import Instance
from support.project import Project

OWNER, EDITOR, READER, STRANGER = "shop_owner", "shop_editor", "shop_reader", "shop_stranger"
USUAL = {
    "nothing": "",
    "tables": "CREATE TABLE t (a serial, b int); CREATE VIEW v AS TABLE t; CREATE SEQUENCE s",
    "a schema": "CREATE SCHEMA extra; CREATE TABLE extra.t (a int GENERATED ALWAYS AS IDENTITY)",
    "no schema public": "DROP SCHEMA public",
    "for a stranger": f"CREATE TABLE t (); GRANT SELECT ON t TO {STRANGER}",
    "for everyone": "CREATE TABLE t (); GRANT SELECT ON t TO PUBLIC",
    "a closed function": "CREATE FUNCTION f() RETURNS int RETURN 1;"
    f" REVOKE ALL ON FUNCTION f FROM PUBLIC; GRANT EXECUTE ON FUNCTION f TO {STRANGER}",
    "less for the owner": f"CREATE TABLE t (); REVOKE DELETE ON t FROM {OWNER}",
    "an odd name": 'CREATE SCHEMA "a ""b"" \\ {c},d"; CREATE TABLE "a ""b"" \\ {c},d"."=/" ()',
}
UNUSUAL = {
    "lacking on a table": f"CREATE TABLE t (); REVOKE ALL ON t FROM {READER}",
    "lacking on a sequence": f"CREATE SEQUENCE s; REVOKE USAGE ON SEQUENCE s FROM {EDITOR}",
    "lacking on a schema": f"CREATE SCHEMA extra; REVOKE ALL ON SCHEMA extra FROM {READER}",
    "too much": f"CREATE TABLE t (); GRANT INSERT ON t TO {READER}",
    "something else": f"CREATE TABLE t (); GRANT TRUNCATE ON t TO {EDITOR}",
    "to pass on": f"CREATE TABLE t (); GRANT SELECT ON t TO {READER} WITH GRANT OPTION",
    "passed on": f"CREATE TABLE t (); GRANT SELECT ON t TO {EDITOR} WITH GRANT OPTION;"
    f" RESET ROLE; SET ROLE {EDITOR}; GRANT SELECT ON t TO {READER}",
    "open to create": "GRANT CREATE ON SCHEMA public TO PUBLIC",
    "columns": f"CREATE TABLE t (a int); GRANT INSERT (a) ON t TO {READER}",
    "a function": "CREATE FUNCTION f() RETURNS int RETURN 1;"
    f" GRANT EXECUTE ON FUNCTION f TO {READER}",
    "other defaults": f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER}"
    f" GRANT INSERT ON TABLES TO {READER}",
    "fewer defaults": f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER}"
    f" REVOKE SELECT ON TABLES FROM {READER}",
    "defaults in a schema": f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public"
    f" GRANT SELECT ON TABLES TO {READER}",
    "defaults of functions": f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER}"
    f" GRANT EXECUTE ON FUNCTIONS TO {READER}",
    "a stranger's schema": f"CREATE SCHEMA hers AUTHORIZATION {STRANGER}",
    "a stranger's table": f"CREATE TABLE t (); ALTER TABLE t OWNER TO {STRANGER}",
    "public is a stranger's": f"ALTER SCHEMA public OWNER TO {STRANGER}",
}


@pytest.fixture
def shop(tmp_path: Path, instance: Instance) -> Instance:
    """A database with an owner, an editor and a reader, as pgtenant leaves it."""
    project = Project(tmp_path, instance)
    project.write(
        {
            "shop": {"database_name": "shop", "username": OWNER},
            "shop-ed": {"database_name": "shop", "username": EDITOR, "access_level": "editor"},
            "shop-rd": {"database_name": "shop", "username": READER, "access_level": "reader"},
        }
    )
    project.converge()
    instance.su(sql.SQL("CREATE ROLE {}").format(sql.Identifier(STRANGER)))
    return instance


@pytest.mark.every_major
def test_it_says_what_the_whole_look_says_or_nothing(shop: Instance) -> None:
    seen = looks(shop, {**USUAL, **UNUSUAL})

    for name in USUAL:
        short, whole = seen[name]
        assert short is not None, name
        assert short == whole, name
    for name in UNUSUAL:
        short, whole = seen[name]
        assert short is None, name
        assert whole != seen["nothing"][1], name


def looks(
    instance: Instance, texts: Mapping[str, str]
) -> dict[str, tuple[Contents | None, Contents]]:
    """Take both looks after some SQL of the owner's, which is undone again."""

    async def look(connection: Connection, text: str) -> tuple[Contents | None, Contents]:
        async with connection.transaction(force_rollback=True):
            if STRANGER not in text or "GRANT" in text:  # giving away takes a superuser
                await connection.execute(f"SET LOCAL ROLE {OWNER}".encode())
            if text:
                await connection.execute(text.encode())
            await connection.execute(b"RESET ROLE")
            return (
                await glance(connection, DATABASE, MANAGED),
                await read_whole(connection, DATABASE, MANAGED),
            )

    async def all_of_them() -> dict[str, tuple[Contents | None, Contents]]:
        conninfo = instance.superuser_conninfo("shop")
        async with await Connection.connect(conninfo, autocommit=True) as connection:
            return {name: await look(connection, text) for name, text in texts.items()}

    return asyncio.run(all_of_them())


def _role(name: str, level: AccessLevel) -> DesiredRole:
    return DesiredRole(
        name=name,
        entry=name,
        database="shop",
        level=level,
        createdb=True,
        connection_limit=-1,
        secret=name,
    )


DATABASE = DesiredDatabase(
    name="shop",
    entry=OWNER,
    owner=_role(OWNER, AccessLevel.OWNER),
    members=(_role(EDITOR, AccessLevel.EDITOR), _role(READER, AccessLevel.READER)),
)
MANAGED = frozenset({OWNER, EDITOR, READER})
