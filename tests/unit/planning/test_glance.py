"""Names of any kind in the ACLs of a short look."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.desired import DesiredDatabase, DesiredRole
from pgtenant.planning.glance import Glanced, as_declared
from pgtenant.planning.tenants.policy import Isolation

NAMES = ["plain", "with-hyphen", 'with"quote', "with=and/", "größe", "Upper"]


def role(name: str, level: AccessLevel) -> DesiredRole:
    return DesiredRole(
        name=name,
        entry=name,
        database="shop",
        level=level,
        createdb=True,
        connection_limit=-1,
        secret=name,
    )


def written(name: str) -> str:
    """Write a name as PostgreSQL does in an ACL: quoted, unless it is letters and digits."""
    doubled = name.replace('"', '""')
    return name if name.isalnum() else f'"{doubled}"'


def rows(owner: str, reader: str, *, table: str) -> list[Glanced]:
    def acl(letters: str) -> list[str]:
        return [f"{written(owner)}=arwdDxtm/{written(owner)}", item(letters)]

    def item(letters: str) -> str:
        return f"{written(reader)}={letters}/{written(owner)}"

    return [
        Glanced("schema", "public", 2200, "pg_database_owner", ["=U/pg_database_owner", item("U")]),
        Glanced("schema", "pg_catalog", 11, "postgres", ["=U/postgres"]),
        Glanced("objects", "table", 2200, owner, acl(table)),
        Glanced("objects", "table", 11, "postgres", None),
        Glanced("default", "r", 0, owner, acl("r")),
        Glanced("default", "S", 0, owner, acl("r")),
        Glanced("default", "n", 0, owner, acl("U")),
        Glanced("extension", "plpgsql", 0, "", None),
    ]


@pytest.mark.parametrize("owner", NAMES)
@pytest.mark.parametrize("reader", [f"{name}s" for name in NAMES])
def test_a_name_is_read_as_it_is_written(owner: str, reader: str) -> None:
    database = DesiredDatabase(
        name="shop",
        entry=owner,
        owner=role(owner, AccessLevel.OWNER),
        members=(role(reader, AccessLevel.READER),),
    )
    managed = {owner, reader}

    contents = as_declared(rows(owner, reader, table="r"), database, managed)

    assert contents is not None
    assert {grant.role for grant in contents.defaults} == {reader}
    assert contents.extensions == {"plpgsql"}
    for other in ("", "ra", "r*", "rZ"):
        assert as_declared(rows(owner, reader, table=other), database, managed) is None
    assert as_declared([], database, managed) is None


def test_what_is_no_acl_takes_a_closer_look() -> None:
    database = DesiredDatabase(name="shop", entry="o", owner=role("o", AccessLevel.OWNER))
    tables = [Glanced("schema", "s", 1, "o", None), Glanced("objects", "table", 1, "o", ["?"])]

    assert as_declared(tables, database, {"o"}) is None
    assert as_declared(tables[:1], database, {"o"}) is not None


def test_what_a_retired_tenant_left_is_nobodys() -> None:
    database = DesiredDatabase(
        name="shop",
        entry="o",
        owner=role("o", AccessLevel.OWNER),
        members=(role("r", AccessLevel.READER),),
    )
    known = rows("o", "r", table="r")
    retired = [
        Glanced("schema", "retired_acme_20260131", 20000, "o", []),
        Glanced("objects", "table", 20000, "o", None),
    ]
    isolation = Isolation("tenant_", "app.current_tenant", "tenant_id")

    assert as_declared([*known, *retired], database, {"o", "r"}) is None
    with_tenants = replace(database, isolation=isolation)
    assert as_declared([*known, *retired], with_tenants, {"o", "r"}) is not None
