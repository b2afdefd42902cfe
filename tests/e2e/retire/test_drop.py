"""Away for good: what goes, what is in the way, and what is nobody's business."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from e2e.retire.shop import OTHER, OWNER, ROLES, SHOP, days_pass, opened, refused, retire
from support.instance import Instance
from support.oracle import versions
from support.project import Project, Result
from support.siege import memberships

LEFT = """
SELECT rolname FROM pg_roles WHERE rolname LIKE 'shop%'
UNION ALL SELECT datname FROM pg_database WHERE datname = 'shop'
UNION ALL SELECT description FROM pg_shdescription WHERE description LIKE '%shop%'
"""


def closed(project: Project, instance: Instance, entries: dict[str, Any] = SHOP | OTHER) -> None:
    """Have the shop closed a month ago, and taken out of the catalog since."""
    opened(project, entries)
    assert retire(project, "disable").code == 0
    days_pass(instance, 30, tuple(e["username"] for k, e in entries.items() if k not in OTHER))
    project.write(OTHER)


def drop(project: Project, *flags: str) -> Result:
    return retire(project, "drop", "--no-backup", "--confirm", "shop", *flags)


def reasons(result: Result) -> str:
    assert result.code == 4, result.output
    return " ".join(b["reason"] for b in result.json["retirement"]["blocked"])


@pytest.mark.every_major
def test_gone(project: Project, instance: Instance) -> None:
    opened(project)
    held = [one for one in memberships(instance) if "shop" not in str(one)]
    assert retire(project, "disable").code == 0
    refused(project, *ROLES)
    days_pass(instance, 30)
    project.write(OTHER)
    shown = drop(project, "--dry-run")
    assert shown.code == 0, shown.output
    kinds = [step["kind"] for step in shown.json["retirement"]["steps"]]
    assert kinds == ["mark_role", "release_database", "drop_database", *["drop_role"] * 3]

    done = drop(project)
    assert done.code == 0, done.output
    assert instance.su(LEFT) == []
    assert memberships(instance) == held
    assert project.plan("--detailed-exitcode").code == 0
    assert project.plan().json["drift"] == []
    rows = {(r["username"], r["action"], r["status"]) for r in done.json["records"]}
    assert ("shop_user", "drop_database", "success") in rows
    assert ("shop_reader", "drop_role", "success") in rows
    (note,) = done.json["retirement"]["notes"]
    assert "goldenpath/dev/shop/postgres" in note
    assert project.secret_path("shop/postgres").exists()
    project.tenant("bank_user", "bank").close()
    assert drop(project).code == 64
    assert project.run("audit", "verify", "-e", "dev").code == 0


@pytest.mark.every_major
def test_a_second_login_goes_with_the_first(project: Project, instance: Instance) -> None:
    entries = {"shop": OWNER["shop"] | {"rotation": "alternate"}} | OTHER
    opened(project, entries)
    instance.su("ALTER ROLE shop_user_b PASSWORD 'fake-second'")
    with instance.connect("shop_user_b", "fake-second", "shop") as session:
        session.execute("SET ROLE NONE")
        session.execute("CREATE TABLE mine (id int)")
    with project.tenant("bank_user", "bank") as bank:
        bank.execute("CREATE SCHEMA desk")
        bank.execute("GRANT CONNECT ON DATABASE bank TO shop_user_b")
        bank.execute("GRANT USAGE, CREATE ON SCHEMA desk TO shop_user_b")
    with instance.connect("shop_user_b", "fake-second", "bank") as session:
        session.execute("SET ROLE NONE")
        session.execute("CREATE TABLE desk.mine (id int)")
    assert retire(project, "disable").code == 0
    with pytest.raises(psycopg.OperationalError):
        instance.connect("shop_user_b", "fake-second", "bank")
    days_pass(instance, 30, ("shop_user", "shop_user_b"))
    project.write(OTHER)

    assert "table desk.mine in bank" in reasons(drop(project))
    assert instance.su(LEFT) != []
    instance.su("ALTER TABLE desk.mine OWNER TO bank_user", dbname="bank")
    done = drop(project)
    assert done.code == 0, done.output
    assert instance.su(LEFT) == []
    after = project.plan("--detailed-exitcode")
    assert (after.code, after.json["drift"]) == (0, [])


@pytest.mark.every_major
def test_what_its_roles_have_elsewhere(project: Project, instance: Instance) -> None:
    """Grants by a managed owner, default privileges, a membership, and objects of its own."""
    opened(project)
    with project.tenant("bank_user", "bank") as bank:
        bank.execute("CREATE TABLE rates (id int); CREATE SCHEMA desk")
        bank.execute("CREATE FUNCTION rate() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        bank.execute("GRANT CONNECT ON DATABASE bank TO shop_user")
        bank.execute("GRANT SELECT, UPDATE (id) ON rates TO shop_user")
        bank.execute("GRANT USAGE, CREATE ON SCHEMA desk TO shop_user, shop_reader")
        bank.execute("GRANT EXECUTE ON FUNCTION rate() TO shop_reader")
        bank.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO shop_user")
    with project.tenant("shop_user", "bank") as guest:
        guest.execute("CREATE TABLE desk.mine ()")
        guest.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO bank_user")
    instance.su("GRANT shop_user TO bank_user")
    assert retire(project, "disable").code == 0
    days_pass(instance, 30)
    project.write(OTHER)

    said = reasons(drop(project))
    assert "table desk.mine in bank" in said
    assert "--allow-owned" in said
    before = versions(instance, ["bank"])
    shown = drop(project, "--allow-owned", "--dry-run")
    assert shown.code == 0, shown.output
    assert versions(instance, ["bank"]) == before
    items = " ".join(s["description"] for s in shown.json["retirement"]["steps"])
    assert "table public.rates" in items
    assert "default privileges" in items

    done = drop(project, "--allow-owned")
    assert done.code == 0, done.output
    assert instance.su(LEFT) == []
    assert {r["action"] for r in done.json["records"]} >= {"clean_up", "drop_database"}
    with project.tenant("bank_user", "bank") as bank:
        assert bank.execute("SELECT count(*) FROM rates").fetchall() == [(0,)]
        assert bank.execute("SELECT to_regclass('desk.mine')").fetchall() == [(None,)]
    project.converge()


@pytest.mark.parametrize("state", ["in service", "too early", "declared", "opened again"])
def test_too_early(project: Project, instance: Instance, state: str) -> None:
    opened(project)
    if state != "in service":
        assert retire(project, "disable").code == 0
        days_pass(instance, 6 if state == "too early" else 8)
    if state != "declared":
        project.write(OTHER)
    if state == "opened again":
        instance.su("ALTER ROLE shop_reader LOGIN")
    before = versions(instance, ["bank"])
    says = {
        "in service": "it is in service",
        "too early": "6.0 days ago, and has to be for 7",
        "declared": "the catalog still declares",
        "opened again": "shop_reader can be used again",
    }
    assert says[state] in reasons(drop(project))
    assert versions(instance, ["bank"]) == before


def test_the_days_are_a_setting(project: Project, instance: Instance) -> None:
    project.settings["retire"] = {"days": 60}
    closed(project, instance)
    assert "has to be for 60" in reasons(drop(project))


def test_the_name_has_to_be_said(project: Project, instance: Instance) -> None:
    closed(project, instance)
    for flags in ([], ["--confirm", "bank"]):
        done = project.run("retire", "-e", "dev", "shop", "--stage", "drop", "--no-backup", *flags)
        assert done.code == 64
        assert "shop" in done.err
    assert instance.su("SELECT 1 FROM pg_database WHERE datname = 'shop'")
    done = project.run("retire", "-e", "dev", "shop", "--stage", "drop", "--confirm", "shop")
    assert done.code == 64
    assert "--no-backup" in done.err


@pytest.mark.every_major
def test_what_is_in_the_way(project: Project, instance: Instance) -> None:
    opened(project)
    instance.su("CREATE ROLE stranger")
    with psycopg.connect(instance.superuser_conninfo("shop"), autocommit=True) as root:
        root.execute("CREATE TABLE theirs ()")
        root.execute("ALTER TABLE theirs OWNER TO stranger")
        root.execute("CREATE SUBSCRIPTION feed CONNECTION '' PUBLICATION p WITH (connect = false)")
    with project.tenant("shop_user", "shop") as owner:
        owner.execute("CREATE DATABASE extra")
    instance.su("CREATE TABLE public.ours ()")
    instance.su("GRANT SELECT ON public.ours TO shop_reader")
    with psycopg.connect(instance.superuser_conninfo("platform"), autocommit=True) as root:
        root.execute("CREATE TABLE public.desk ()")
        root.execute("GRANT SELECT ON public.desk TO shop_reader")
    assert retire(project, "disable").code == 0
    days_pass(instance, 30)
    project.write(OTHER)
    before = versions(instance, ["bank"])
    blocked = drop(project)
    said = reasons(blocked)
    assert "stranger own objects" in said
    assert "subscription feed" in said
    assert "database extra" in said
    assert "something in postgres, which can't be entered" in said
    assert "table public.desk in platform, which only rdsadmin can take back" in said
    statements = {b["statement"] for b in blocked.json["retirement"]["blocked"]}
    assert {'DROP SUBSCRIPTION "feed"', 'DROP DATABASE "extra"'} <= statements
    assert versions(instance, ["bank"]) == before
    assert {r["status"] for r in blocked.json["records"]} == {"blocked"}
    instance.su("DROP TABLE public.ours")
    instance.su("DROP DATABASE extra")
    with psycopg.connect(instance.superuser_conninfo("platform"), autocommit=True) as root:
        root.execute("DROP TABLE public.desk")
    with psycopg.connect(instance.superuser_conninfo(), autocommit=True) as root:
        root.execute("ALTER DATABASE shop ALLOW_CONNECTIONS true")
        with psycopg.connect(instance.superuser_conninfo("shop"), autocommit=True) as inside:
            inside.execute("ALTER SUBSCRIPTION feed SET (slot_name = NONE)")
            inside.execute("DROP SUBSCRIPTION feed")
        root.execute("ALTER DATABASE shop ALLOW_CONNECTIONS false")
    assert drop(project, "--allow-foreign").code == 0
    instance.su("DROP ROLE stranger")


@pytest.mark.parametrize("after", ["release", "database"])
def test_a_removal_that_was_cut_short_goes_on(
    project: Project, instance: Instance, after: str
) -> None:
    closed(project, instance)
    ((comment,),) = instance.su(
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 'shop_user'"
    )
    marker = json.loads(comment)
    marker["retired"]["dropping"] = True
    text = json.dumps(marker).replace("'", "''")
    instance.su(f"COMMENT ON ROLE shop_user IS '{text}'")
    instance.su("ALTER DATABASE shop OWNER TO platform_admin")
    if after == "database":
        instance.su("DROP DATABASE shop")
        undo = retire(project, "disable", "--undo")
        assert undo.code == 1
        assert "is dropped" in undo.output
    if after == "release":  # a dump is not what it was asked for any more
        dump = ("--dump-to", str(project.root), "--confirm", "shop")
        unmade = retire(project, "drop", *dump)
        assert unmade.code == 1, unmade.output
        assert "can't be dumped any more" in unmade.output
        assert instance.su("SELECT 1 FROM pg_database WHERE datname = 'shop'")
    assert drop(project).code == 0
    assert instance.su(LEFT) == []


@pytest.mark.parametrize("again", ["role", "database"])
def test_what_the_catalog_has_under_another_key(
    project: Project, instance: Instance, again: str
) -> None:
    closed(project, instance)
    entry = (
        OWNER["shop"]
        | {"role": {"database_name": "other"}, "database": {"username": "other"}}[again]
    )
    project.write(OTHER | {"store": entry})
    assert "the catalog still declares store" in reasons(drop(project))
    assert instance.su("SELECT 1 FROM pg_database WHERE datname = 'shop'")


def test_back_from_the_brink(project: Project, instance: Instance) -> None:
    """The admin owns the database already, and somebody thinks better of it."""
    closed(project, instance)
    ((comment,),) = instance.su(
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 'shop_user'"
    )
    marker = json.loads(comment)
    marker["retired"]["dropping"] = True
    instance.su(f"COMMENT ON ROLE shop_user IS '{json.dumps(marker)}'")
    instance.su("ALTER DATABASE shop OWNER TO platform_admin")
    assert retire(project, "disable", "--undo").code == 0
    project.write(SHOP | OTHER)
    project.converge()
    with project.tenant("shop_user", "shop") as owner:
        assert owner.execute("SELECT id FROM goods").fetchall() == [(1,)]


def test_a_reader_alone(project: Project, instance: Instance) -> None:
    opened(project)
    assert retire(project, "disable", key="shop-ro").code == 0
    days_pass(instance, 30, ("shop_reader",))
    project.write({k: v for k, v in (SHOP | OTHER).items() if k != "shop-ro"})
    flags = ("--no-backup", "--confirm", "shop_reader")
    done = retire(project, "drop", *flags, key="shop-ro")
    assert done.code == 0, done.output
    assert not instance.su("SELECT 1 FROM pg_roles WHERE rolname = 'shop_reader'")
    assert project.plan("--detailed-exitcode").code == 0
    with project.tenant("shop_editor", "shop") as editor:
        editor.execute("SELECT FROM goods")


def test_another_server_knows_nothing_of_it(project: Project, instance: Instance) -> None:
    """The name is there, and everything else is somebody else's."""
    opened(project, OWNER | OTHER)
    instance.su("COMMENT ON ROLE shop_user IS NULL")
    before = versions(instance, ["shop"])
    assert retire(project, "disable").code == 1
    project.write(OTHER)
    assert drop(project).code == 64
    assert versions(instance, ["shop"]) == before
    with pytest.raises(psycopg.OperationalError):
        project.tenant("bank_user", "shop").close()
