"""A catalog from a live server that was made by hand: what fits is declared, the rest explained."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from psycopg import sql

from pgtenant.catalog.load import load
from support.instance import Instance
from support.oracle import changing, versions
from support.project import Project, password_of

CRM = (
    "CREATE TABLE accounts (id bigint GENERATED ALWAYS AS IDENTITY)",
    "CREATE VIEW names AS SELECT id FROM accounts",
    "GRANT USAGE ON SCHEMA public TO crm_etl, crm_ro",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON accounts, names TO crm_etl",
    "GRANT SELECT ON accounts, names TO crm_ro",
    "GRANT USAGE, SELECT ON SEQUENCE accounts_id_seq TO crm_etl",
    "GRANT SELECT ON SEQUENCE accounts_id_seq TO crm_ro",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO crm_etl",
    "ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO crm_etl",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO crm_ro",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO crm_ro",
    "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO crm_etl, crm_ro",
)
SHOP = (
    "CREATE TABLE orders (id bigint)",
    "CREATE TABLE prices (id bigint)",
    "GRANT SELECT ON orders, prices TO shop_ro",  # what comes later is not covered
    "GRANT SELECT ON orders TO carol",  # one table of two
    "GRANT SELECT, TRUNCATE ON orders, prices TO dave",
    "GRANT SELECT ON prices TO reporting",
    "GRANT SELECT ON prices TO crm_ro",  # has its entry with crm
    "GRANT SELECT ON prices TO PUBLIC",
)


def role(instance: Instance, name: str, options: str = "LOGIN CREATEDB") -> None:
    """Make a role as the admin, and let it be lent."""
    identifier, password = sql.Identifier(name), sql.Literal(password_of(name))
    text = sql.SQL("CREATE ROLE {} {} PASSWORD {}").format(identifier, sql.SQL(options), password)
    with instance.connect(instance.admin.user, instance.admin.password, "platform") as admin:
        admin.execute(text)


def inside(instance: Instance, user: str, dbname: str, statements: tuple[str, ...]) -> None:
    with instance.connect(user, password_of(user), dbname) as tenant:
        for statement in statements:
            tenant.execute(statement.encode())


@pytest.fixture
def handmade(project: Project, instance: Instance) -> Project:
    """Databases made with care, in haste and by the admin; and some that no entry names."""
    for name in ("crm_user", "crm_etl", "crm_ro", "carol", "dave"):
        role(instance, name)
    role(instance, "shop_user", "LOGIN CONNECTION LIMIT 5")
    role(instance, "shop_ro", "LOGIN")
    instance.su("CREATE ROLE reporting NOLOGIN")
    instance.su("GRANT reporting TO carol")
    instance.su("CREATE DATABASE crm OWNER crm_user")
    instance.su("REVOKE ALL ON DATABASE crm FROM PUBLIC")
    instance.su("CREATE DATABASE shop OWNER shop_user")
    instance.su("CREATE DATABASE crm_scratch OWNER crm_user")
    instance.su("CREATE DATABASE legacy OWNER platform_admin")
    instance.su('CREATE DATABASE "Old-Shop" OWNER shop_user')
    inside(instance, "crm_user", "crm", CRM)
    for name in ("crm_etl", "crm_ro", "platform_admin"):
        with instance.connect("crm_user", password_of("crm_user"), "crm") as owner:
            grant = sql.SQL("GRANT CONNECT ON DATABASE crm TO {}").format(sql.Identifier(name))
            owner.execute(grant)
    inside(instance, "shop_user", "shop", SHOP)
    project.write({}, secrets=True)
    project.catalog.unlink()
    return project


@pytest.mark.every_major
def test_import_then_adopt(handmade: Project, instance: Instance) -> None:
    project = handmade
    before = versions(instance, ["crm", "shop"])
    mark = instance.log_mark()
    done = project.run("import", "-e", "dev", "--out", str(project.catalog))
    assert done.code == 0, done.output
    assert versions(instance, ["crm", "shop"]) == before
    assert changing(instance.log_since(mark)) == []

    entries = load(project.catalog, display="x.tfvars").entries
    found = {e.key: (e.database_name, e.username, str(e.access_level)) for e in entries}
    assert found == {
        "crm": ("crm", "crm_user", "owner"),
        "crm_etl": ("crm", "crm_etl", "editor"),
        "crm_ro": ("crm", "crm_ro", "reader"),
        "shop": ("shop", "shop_user", "owner"),
        "shop_ro": ("shop", "shop_ro", "reader"),
    }
    shop = next(e for e in entries if e.key == "shop")
    assert (shop.createdb, shop.connection_limit) == (False, 5)

    text = " ".join(project.catalog.read_text().replace("# ", "").split())
    for words in (
        "No entry for carol in shop: what it holds fits no level",
        "No entry for dave in shop: what it holds fits no level",
        "dave holds TRUNCATE on the tables orders, prices in schema public",
        "No entry for reporting in shop: it is a group and can't log in; its members: carol",
        "No entry for crm_ro in shop: it has its entry with the database crm",
        "PUBLIC holds SELECT on the table prices",
        "Left out: the database legacy: it belongs to the admin platform_admin",
        "Left out: the database crm_scratch: its owner crm_user has its entry with crm",
        "Left out: the database platform: it is the maintenance database",
        "Left out: the database template1",
        "Left out: the database Old-Shop: its name",
        "PUBLIC loses CONNECT, TEMPORARY on database shop",
    ):
        assert words in text, words

    for entry in entries:
        user = entry.username
        project.write_secret(f"{entry.key}/postgres", user, password_of(user), entry.database_name)
    first = project.plan("--detailed-exitcode")
    assert first.code == 4, first.output
    assert first.json["changes"] == []
    assert {b["entry"] for b in first.json["blocked"]} == set(found)
    assert all("not managed by pgtenant" in b["reason"] for b in first.json["blocked"])

    adopted = project.run("adopt", "-e", "dev", "--all")
    assert adopted.code == 0, adopted.output
    then = project.plan().json
    assert then["blocked"] == []
    changed = {c["entry"] for c in then["changes"]}
    assert not changed & {"crm_etl", "crm_ro"}
    # What is left of crm is what an import said: the other database of its owner is closed.
    assert {c["database"] for c in then["changes"] if c["entry"] == "crm"} == {"crm_scratch"}
    assert {c["entry"] for c in then["changes"]} == {"crm", "shop", "shop_ro"}
    project.converge()
    assert project.plan("--detailed-exitcode").code == 0


def test_the_text_is_as_terraform_lays_it_out(handmade: Project, tmp_path: Path) -> None:
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("no terraform here")
    text = handmade.run("import", "-e", "dev").out
    file = tmp_path / "imported.tfvars"
    file.write_text(text)
    checked = subprocess.run(
        [terraform, "fmt", "-check", "-diff", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_managed_server_gives_back_its_catalog(project: Project) -> None:
    entries = {
        "orders": {"database_name": "orders", "username": "orders_user", "createdb": False},
        "orders-ro": {
            "database_name": "orders",
            "username": "orders_reader",
            "access_level": "reader",
            "connection_limit": 3,
        },
    }
    project.write(entries)
    project.converge()
    text = project.run("import", "-e", "dev").out
    file = project.root / "again.tfvars"
    file.write_text(text)
    again = {e.key: e for e in load(file, display="again.tfvars").entries}
    assert set(again) == set(entries)
    assert again["orders-ro"].connection_limit == 3
    project.write_catalog(text)
    assert project.plan("--detailed-exitcode").code == 0


def test_hostile_names_stay_comments(project: Project, instance: Instance) -> None:
    names = ['x"\n}\napplication_databases = {', "${file(1)}", "/* pwn", "MyDb"]
    for hostile in names:
        instance.su(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(hostile)))
    project.write({})
    done = project.run("import", "-e", "dev")
    assert done.code == 0, done.output
    assert "application_databases = {}" in done.out
    lines = [t for t in done.out.splitlines() if t and not t.startswith("#")]
    assert lines == ["application_databases = {}"]


def test_a_file_is_never_overwritten(project: Project) -> None:
    project.write({})
    before = project.catalog.read_text()
    refused = project.run("import", "-e", "dev", "--out", str(project.catalog))
    assert refused.code == 64
    assert project.catalog.read_text() == before


def test_it_needs_no_secret_but_the_admins(project: Project, instance: Instance) -> None:
    instance.su("CREATE ROLE shop_user LOGIN")
    instance.su("CREATE DATABASE shop OWNER shop_user")
    project.write({})
    assert not project.has_secret("shop/postgres")
    assert 'username      = "shop_user"' in project.run("import", "-e", "dev").out
    path = project.secret_path("rds/master")
    path.write_text(json.dumps({}))
    assert project.run("import", "-e", "dev").code == 1
