"""Which roles of a server become entries, and with which level."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtenant.catalog.model import AccessLevel, Auth
from pgtenant.catalog.naming import NamingPolicy
from pgtenant.planning.imported import Imported
from pgtenant.planning.importing import import_catalog
from pgtenant.planning.observed import (
    Contents,
    Database,
    DatabaseGrant,
    ObjectGrant,
    ObjectGroup,
    Observed,
    PublicSchema,
)
from pgtenant.planning.privileges import DATABASE_PRIVILEGES, ObjectKind
from unit.planning.examples import ADMIN, empty_server, with_database, with_role

DML = ("SELECT", "INSERT", "UPDATE", "DELETE")


def grants(role: str, *words: str) -> tuple[ObjectGrant, ...]:
    return tuple(ObjectGrant(role, word, "shop_user") for word in words)


def shop(*tables: tuple[ObjectGrant, ...]) -> Observed:
    """Return a server with a database of one table for each set of grants."""
    server = empty_server()
    for name in ("shop_user", "carol"):
        server = with_role(server, name, createdb=True)
    usage = (ObjectGrant("public", "USAGE", "pg_database_owner"),)
    groups = [ObjectGroup(ObjectKind.SCHEMA, "", ("public",), usage)]
    groups += [
        ObjectGroup(ObjectKind.TABLE, "public", (f"t{number}",), held)
        for number, held in enumerate(tables)
    ]
    contents = Contents(
        public=PublicSchema("pg_database_owner", owned=True, open=False), groups=tuple(groups)
    )
    acl = tuple(DatabaseGrant("shop_user", word, "shop_user") for word in DATABASE_PRIVILEGES)
    return with_database(server, "shop", owner="shop_user", acl=acl, contents=contents)


def catalog(observed: Observed) -> Imported:
    return import_catalog(observed, NamingPolicy(), "dev")


def level_of(observed: Observed) -> AccessLevel | None:
    found = catalog(observed).desired.by_name.get("carol")
    return found.level if found else None


@pytest.mark.parametrize(
    ("tables", "level"),
    [
        ([("SELECT",), ("SELECT",)], AccessLevel.READER),
        ([DML, DML], AccessLevel.EDITOR),
        ([DML, ("SELECT",)], None),
        ([("SELECT",), ()], None),
        ([("SELECT", "INSERT")], None),
        ([(*DML, "TRUNCATE")], None),
        ([("SELECT", "REFERENCES")], None),
    ],
)
def test_a_level_fits_or_no_level_does(
    tables: list[tuple[str, ...]], level: AccessLevel | None
) -> None:
    observed = shop(*(grants("carol", *words) for words in tables))
    assert level_of(observed) is level
    imported = catalog(observed)
    assert [o.role for o in imported.databases[0].left_out] == ([] if level else ["carol"])


def test_a_closed_schema_is_not_opened() -> None:
    observed = shop(grants("carol", "SELECT"))
    contents = observed.databases["shop"].contents
    assert contents is not None
    hidden = ObjectGroup(ObjectKind.SCHEMA, "", ("hidden",), ())
    contents = replace(contents, groups=(*contents.groups, hidden))
    assert level_of(with_database(observed, "shop", contents=contents)) is None


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"login": False}, "group"),
        ({"bypassrls": True}, "BYPASSRLS"),
        ({"connection_limit": 0}, "connection limit"),
        ({"comment": '{"managed_by":"pgtenant","environment":"prod","entry":"x"}'}, "prod"),
    ],
)
def test_who_gets_no_entry(attributes: dict[str, object], reason: str) -> None:
    observed = with_role(shop(grants("carol", "SELECT")), "carol", **attributes)
    (left_out,) = catalog(observed).databases[0].left_out
    assert reason in left_out.reason
    observed = with_role(shop(), "shop_user", **attributes)
    skipped = dict(catalog(observed).skipped)
    assert reason in skipped["shop"]


def test_a_login_through_iam_stays_one() -> None:
    imported = catalog(with_role(shop(), "shop_user", rds_iam=True))
    assert imported.desired.by_name["shop_user"].auth is Auth.IAM


def test_a_marker_keeps_its_key() -> None:
    mark = '{"managed_by":"pgtenant","environment":"dev","entry":"the-shop"}'
    imported = catalog(with_role(shop(), "shop_user", comment=mark))
    assert set(imported.desired.by_entry) == {"the-shop"}


def test_a_role_has_one_entry() -> None:
    observed = shop()
    scratch = Database(name="scratch", owner="shop_user", contents=Contents(public=None))
    observed = replace(observed, databases={**observed.databases, "scratch": scratch})
    imported = catalog(observed)
    assert [d.declared.name for d in imported.databases] == ["shop"]
    assert "has its entry with shop" in dict(imported.skipped)["scratch"]


def test_the_admins_database_is_left_out() -> None:
    imported = catalog(with_database(empty_server(), "legacy", owner=ADMIN))
    assert "--take-ownership" in dict(imported.skipped)["legacy"]
    assert imported.databases == ()


def test_what_could_not_be_entered_says_so() -> None:
    observed = with_database(shop(), "shop", contents=None, unread="permission denied")
    (database,) = catalog(observed).databases
    assert any("permission denied" in note for note in database.notes)
