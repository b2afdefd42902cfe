"""What an owner can do to its database from outside, and bad luck can; one apply mends it."""

from __future__ import annotations

import json

import pytest
from psycopg import sql

from support.instance import Instance
from support.project import Project
from support.siege import SHOP, as_tenant, ask, can_log_in, holds, state

OTHER = {"other": {"database_name": "other", "username": "other_user"}}

OTHERS_MARKER = json.dumps(
    {"managed_by": "pgtenant", "environment": "prod", "entry": "other", "creating": "other"}
)

DAMAGE = {
    "closed": ["ALTER DATABASE shop ALLOW_CONNECTIONS false"],
    "no admin": ["REVOKE CONNECT ON DATABASE shop FROM platform_admin"],
    "no owner": ["REVOKE ALL ON DATABASE shop FROM shop_user"],
    "public": ["GRANT CONNECT, TEMPORARY ON DATABASE shop TO PUBLIC"],
    "nonsense": ["COMMENT ON DATABASE shop IS '{\"managed_by\":'"],
    "other tool": ['COMMENT ON DATABASE shop IS \'{"managed_by":"terraform"}\''],
    "other entry": [f"COMMENT ON DATABASE shop IS '{OTHERS_MARKER}'"],
    "everything": [
        "GRANT ALL ON DATABASE shop TO PUBLIC",
        "REVOKE ALL ON DATABASE shop FROM shop_user, platform_admin, shop_reader",
        "COMMENT ON DATABASE shop IS 'mine'",
        "ALTER DATABASE shop CONNECTION LIMIT 0 IS_TEMPLATE true ALLOW_CONNECTIONS false",
    ],
}


def from_lair(instance: Instance, *statements: str) -> None:
    """Run as the owner, connected to another database that it made with its CREATEDB."""
    as_tenant(instance, "shop_user", "shop", "CREATE DATABASE lair")
    as_tenant(instance, "shop_user", "lair", *(s.encode() for s in statements))


@pytest.mark.parametrize("damage", DAMAGE)
def test_one_apply_mends_what_the_owner_did(
    project: Project, instance: Instance, damage: str
) -> None:
    project.write(SHOP | OTHER)
    project.converge()
    as_tenant(instance, "shop_user", "shop", "CREATE TABLE t ()")
    before = state(instance, "shop")
    # A difference inside, which the same run has to find.
    as_tenant(instance, "shop_user", "shop", "REVOKE ALL ON t FROM shop_reader")
    from_lair(instance, *DAMAGE[damage])
    project.converge()
    assert holds(instance, "shop_reader", "t", "SELECT", "shop")
    assert can_log_in(instance, "shop_user", "shop")
    assert can_log_in(instance, "shop_reader", "shop")
    assert not can_log_in(instance, "other_user", "shop")
    assert project.plan("--detailed-exitcode").code == 0
    after = state(instance, "shop")
    text = [row for row in after if row not in before and row[1] != "lair"]
    human = {"nonsense", "other tool", "everything"}  # comments that are kept before the marker
    assert [row[1] for row in text] == (["shop"] if damage in human else [])


def test_a_chain_of_grants_that_ends_at_public_is_cut(project: Project, instance: Instance) -> None:
    project.write(SHOP | OTHER)
    project.converge()
    as_tenant(
        instance,
        "shop_user",
        "shop",
        "GRANT CONNECT ON DATABASE shop TO shop_reader WITH GRANT OPTION",
    )
    as_tenant(
        instance,
        "shop_reader",
        "shop",
        "GRANT CONNECT ON DATABASE shop TO other_user WITH GRANT OPTION",
    )
    as_tenant(instance, "other_user", "shop", "GRANT CONNECT ON DATABASE shop TO PUBLIC")
    instance.su("CREATE ROLE outsider LOGIN PASSWORD 'x'")
    instance.connect("outsider", "x", "shop").close()
    project.converge()
    assert instance.su("SELECT has_database_privilege('outsider', 'shop', 'CONNECT')") == [(False,)]
    assert not can_log_in(instance, "other_user", "shop")
    assert can_log_in(instance, "shop_reader", "shop")
    assert project.plan("--detailed-exitcode").code == 0


@pytest.mark.parametrize("deed", ["ALTER DATABASE shop RENAME TO hidden", "DROP DATABASE shop"])
def test_a_database_that_is_gone_is_made_again_with_a_warning(
    project: Project, instance: Instance, deed: str
) -> None:
    project.write(SHOP | OTHER)
    project.converge()
    from_lair(instance, deed)
    renamed = "RENAME" in deed
    if renamed:
        as_tenant(instance, "shop_user", "hidden", "GRANT CONNECT ON DATABASE hidden TO PUBLIC")
    drift = project.plan().json["drift"]
    warned = [d["message"] for d in drift if d["kind"] == "missing_database"]
    assert len(warned) == 1
    assert ("hidden" in warned[0]) == renamed
    project.converge()
    assert can_log_in(instance, "shop_user", "shop")
    assert not can_log_in(instance, "other_user", "shop")
    after = project.plan("--detailed-exitcode")
    assert after.code == 0
    if renamed:
        assert not can_log_in(instance, "other_user", "hidden")
        assert "hidden" in {d["database"] for d in after.json["drift"]}


def test_a_dropped_schema_public_is_no_obstacle(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    project.converge()
    as_tenant(
        instance,
        "shop_user",
        "shop",
        "DROP SCHEMA public CASCADE",
        "CREATE SCHEMA app",
        "CREATE TABLE app.t ()",
        "REVOKE ALL ON app.t FROM shop_reader",
    )
    project.converge()
    assert holds(instance, "shop_reader", "app.t", "SELECT", "shop")
    assert project.plan("--detailed-exitcode").code == 0


def test_a_database_of_the_admin_is_never_taken(project: Project, instance: Instance) -> None:
    """Only what the role's marker names, the admin owns and nobody can enter is half-made."""
    with instance.connect(
        instance.admin.user, instance.admin.password, instance.admin.dbname
    ) as admin:
        admin.execute("CREATE DATABASE shop ALLOW_CONNECTIONS false")
        project.write(SHOP | OTHER)
        assert project.apply().code == 4
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'shop'"
        assert instance.su(owner) == [("platform_admin",)]
        assert can_log_in(instance, "other_user", "other")
        # The marker names it, but its connections are on: somebody uses it.
        assert instance.su("SELECT FROM pg_roles WHERE rolname = 'shop_user'") == []
        instance.su("CREATE ROLE shop_user")
        mark = {"managed_by": "pgtenant", "environment": "dev", "entry": "shop", "creating": "shop"}
        instance.su(
            sql.SQL("COMMENT ON ROLE shop_user IS {}").format(sql.Literal(json.dumps(mark)))
        )
        admin.execute("ALTER DATABASE shop ALLOW_CONNECTIONS true")
    assert project.apply().code == 4
    assert instance.su(owner) == [("platform_admin",)]


def test_an_invalid_database_blocks_its_entry_only(project: Project, instance: Instance) -> None:
    project.write(SHOP | OTHER)
    project.converge()
    instance.su("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'shop'")
    instance.su("REVOKE CONNECT ON DATABASE other FROM platform_admin")
    blocked = project.apply()
    assert blocked.code == 4
    assert project.plan("--detailed-exitcode").code == 4
    item = next(b for b in project.plan().json["blocked"] if b["entry"] == "shop")
    assert "DROP DATABASE" in item["reason"]
    assert ask(
        instance, "SELECT has_database_privilege('platform_admin', 'other', 'CONNECT')", "other"
    ) == [(True,)]
    instance.su("DROP DATABASE shop")
    project.converge()
    assert can_log_in(instance, "shop_user", "shop")
