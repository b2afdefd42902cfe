"""Databases and roles that people made: what changes hands on request, and what never does."""

from __future__ import annotations

import dataclasses

import pytest
from psycopg import sql

from support.instance import Instance
from support.oracle import assert_allowed, versions
from support.project import Project, make_marked, password_of
from support.siege import memberships

SHOP = {"shop": {"database_name": "shop", "username": "shop_user"}}
READER = {"shop-ro": {"database_name": "shop", "username": "shop_reader", "access_level": "reader"}}


def as_admin(instance: Instance, *statements: str, dbname: str = "platform") -> None:
    login = dataclasses.replace(instance.admin, dbname=dbname)
    with instance.connect(*dataclasses.astuple(login)) as admin:
        for statement in statements:
            admin.execute(statement.encode())


def login_role(instance: Instance, name: str, options: str = "LOGIN CREATEDB") -> None:
    password = sql.Literal(password_of(name)).as_string(None)
    as_admin(instance, f"CREATE ROLE {name} {options} PASSWORD {password}")


def owner_of(instance: Instance, dbname: str) -> str:
    query = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"
    rows = instance.su(query, [dbname])
    return str(rows[0][0])


@pytest.mark.every_major
def test_a_database_of_the_admin_changes_hands_on_request(
    project: Project, instance: Instance
) -> None:
    login_role(instance, "shop_user")
    login_role(instance, "shop_reader", "LOGIN CREATEDB")
    as_admin(instance, "CREATE DATABASE shop")
    as_admin(instance, "CREATE TABLE kept (id int)", dbname="shop")
    project.write(SHOP | READER)
    reasons = " ".join(b["reason"] for b in project.plan().json["blocked"])
    assert "pgtenant adopt -e dev shop --take-ownership" in reasons

    before = versions(instance, ["shop"])
    shown = project.run("adopt", "-e", "dev", "--all", "--format", "json")
    assert shown.code == 4, shown.output
    assert versions(instance, ["shop"]) == before
    (owner,) = [b for b in shown.json["adoption"]["blocked"] if b["entry"] == "shop"]
    assert "--take-ownership" in owner["reason"]
    assert owner["statement"] == 'ALTER DATABASE "shop" OWNER TO "shop_user"'
    foreign = [d for d in shown.json["after"]["drift"] if d["kind"] == "foreign_object"]
    assert ["kept" in d["message"] or "kept" in d["statement"] for d in foreign] == [True]
    text = project.run("adopt", "-e", "dev", "--all", "--dry-run").out
    assert "becomes its owner only with --take-ownership" in " ".join(text.split())

    held = memberships(instance)
    taken = project.run("adopt", "-e", "dev", "--all", "--take-ownership", "--format", "json")
    assert taken.code == 0, taken.output
    assert owner_of(instance, "shop") == "shop_user"
    assert memberships(instance) == held
    announced = [(c["kind"], c["role"], c["database"]) for c in shown.json["after"]["changes"]]
    planned = [(c["kind"], c["role"], c["database"]) for c in project.plan().json["changes"]]
    assert planned == announced
    project.converge()
    assert project.plan("--detailed-exitcode").code == 0
    assert_allowed(project, "shop_user", "shop", "CREATE TABLE t ()")
    assert_allowed(project, "shop_reader", "shop", "SELECT FROM t")


@pytest.mark.every_major
def test_a_database_of_a_role_that_the_admin_acts_for(project: Project, instance: Instance) -> None:
    login_role(instance, "shop_user")
    instance.su("CREATE ROLE people")
    instance.su("GRANT people TO platform_admin")
    instance.su("CREATE DATABASE shop OWNER people")
    project.write(SHOP)
    assert project.run("adopt", "-e", "dev", "shop").code == 4
    taken = project.run("adopt", "-e", "dev", "shop", "--take-ownership")
    assert taken.code == 0
    assert "Nothing but markers and the owner of 1 database changed" in taken.out
    assert owner_of(instance, "shop") == "shop_user"
    project.converge()


def test_a_database_that_waits_for_its_role(project: Project, instance: Instance) -> None:
    as_admin(instance, "CREATE DATABASE shop")
    project.write(SHOP)
    assert project.plan("--detailed-exitcode").code == 4
    taken = project.run("adopt", "-e", "dev", "shop", "--take-ownership", "--format", "json")
    assert taken.code == 0, taken.output
    kinds = [c["kind"] for c in taken.json["adoption"]["changes"]]
    assert kinds == ["create_role", "take_over_database", "mark_database"]
    project.converge()
    assert_allowed(project, "shop_user", "shop", "CREATE TABLE t ()")


def test_an_adoption_that_was_cut_short_goes_on(project: Project, instance: Instance) -> None:
    """The role is marked and the database is still the admin's."""
    make_marked(instance, "shop_user", "shop", power="CREATEDB")
    if instance.major >= 16:
        instance.su("GRANT shop_user TO platform_admin WITH ADMIN TRUE, SET FALSE")
    as_admin(instance, "CREATE DATABASE shop")
    project.write(SHOP)
    assert project.run("adopt", "-e", "dev", "shop").code == 4
    assert project.run("adopt", "-e", "dev", "shop", "--take-ownership").code == 0
    project.converge()


def test_what_is_refused(project: Project, instance: Instance) -> None:
    entries = {
        key: {"database_name": f"{key}_db", "username": f"{key}_user"}
        for key in ("bypass", "elsewhere", "good", "replica", "root", "stranger")
    }
    for key, power in (("bypass", "BYPASSRLS"), ("replica", "REPLICATION"), ("root", "SUPERUSER")):
        instance.su(f"CREATE ROLE {key}_user LOGIN {power}".encode())
    make_marked(instance, "elsewhere_user", "elsewhere", environment="prod")
    login_role(instance, "good_user")
    login_role(instance, "stranger_user")
    instance.su("CREATE ROLE alice")
    instance.su("CREATE DATABASE stranger_db OWNER alice")
    project.write(entries)
    done = project.run("adopt", "-e", "dev", "--all", "--take-ownership", "--format", "json")
    assert done.code == 4, done.output
    reasons = {b["entry"]: b for b in done.json["adoption"]["blocked"]}
    assert set(reasons) == set(entries) - {"good"}
    assert "BYPASSRLS" in reasons["bypass"]["reason"]
    assert reasons["root"]["statement"] == 'ALTER ROLE "root_user" NOSUPERUSER'
    assert "environment prod" in reasons["elsewhere"]["reason"]
    assert "belongs to alice" in reasons["stranger"]["reason"]
    marked = instance.su(
        "SELECT objoid::regrole::text FROM pg_shdescription WHERE classoid = 'pg_authid'::regclass"
        " AND description LIKE '%%\"dev\"%%'"
    )
    assert marked == [("good_user",)]
    assert owner_of(instance, "stranger_db") == "alice"
    statuses = {r["username"]: r["status"] for r in done.json["records"]}
    assert statuses["good_user"] == "success"
    assert statuses["root_user"] == "blocked"


@pytest.mark.parametrize("name", ["postgres", "rds_x", "pg_x", "platform_admin"])
def test_reserved_names(project: Project, name: str) -> None:
    project.write({"x": {"database_name": "shop", "username": name}})
    assert project.run("adopt", "-e", "dev", "--all").code == 64


@pytest.mark.every_major
@pytest.mark.major(min=16)
@pytest.mark.parametrize("standing", ["", "GRANT shop_user TO platform_admin WITH SET TRUE"])
def test_a_role_that_the_admin_does_not_manage(
    project: Project, instance: Instance, standing: str
) -> None:
    """From PostgreSQL 16 on a comment takes ADMIN on the role, and SET ROLE does not prove it."""
    password = sql.Literal(password_of("shop_user")).as_string(None)
    instance.su(f"CREATE ROLE shop_user LOGIN CREATEDB PASSWORD {password}".encode())
    instance.su("CREATE DATABASE shop OWNER shop_user")
    if standing:
        instance.su(standing.encode())
    project.write(SHOP)
    before = versions(instance, ["shop"])
    for flags in (["--dry-run"], []):
        refused = project.run("adopt", "-e", "dev", "--all", *flags)
        assert refused.code == 1
        grant = 'GRANT "shop_user" TO "platform_admin" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE'
        assert grant in refused.err
    assert versions(instance, ["shop"]) == before
    instance.su(grant.encode())
    assert project.run("adopt", "-e", "dev", "--all").code == 0
    project.converge()


def test_only_the_reader(project: Project, instance: Instance) -> None:
    """A member waits for its owner; both together are adopted."""
    for name in ("shop_user", "shop_reader"):
        login_role(instance, name)
    instance.su("CREATE DATABASE shop OWNER shop_user")
    project.write(SHOP | READER)
    alone = project.run("adopt", "-e", "dev", "shop-ro")
    assert alone.code == 4
    assert "waits for the entry shop" in " ".join(alone.out.split())
    assert project.run("adopt", "-e", "dev", "shop", "shop-ro").code == 0
    project.converge()


def test_a_database_that_is_not_there_yet(project: Project, instance: Instance) -> None:
    login_role(instance, "shop_user")
    project.write(SHOP | {"new": {"database_name": "new_db", "username": "new_user"}})
    done = project.run("adopt", "-e", "dev", "--all", "--format", "json")
    assert done.code == 0, done.output
    assert {e["entry"]: e["state"] for e in done.json["entries"]} == {
        "shop": "adopt",
        "new": "absent",
    }
    project.converge()
    assert_allowed(project, "shop_user", "shop", "CREATE TABLE t ()")
