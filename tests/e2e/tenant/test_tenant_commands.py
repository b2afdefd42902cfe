"""`tenant list` and `tenant verify`, on a database that an application has filled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pgtenant.planning.tenants.found import Column
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.record import TenantRecord
from pgtenant.planning.tenants.statements import comment_on_schema, create_policy, enable, force
from support.oracle import versions
from support.project import Project

ENTRY: dict[str, Any] = {
    "database_name": "qualisys_master",
    "username": "app_user",
    "createdb": False,
    "tenancy": {},
}
OTHER: dict[str, Any] = {"database_name": "orders", "username": "orders_user"}
ISOLATION = Isolation("tenant_", "app.current_tenant", "tenant_id")


@pytest.fixture
def qualisys(project: Project) -> Project:
    """An applied entry with two tenants, one made by hand and one with a record."""
    project.write({"qualisys": ENTRY, "orders": OTHER})
    project.converge()
    with project.tenant("app_user", "qualisys_master") as app:
        for schema in ("tenant_acme_corp", "tenant_globex"):
            app.execute(f"CREATE SCHEMA {schema}")
            app.execute(f"CREATE TABLE {schema}.projects (tenant_id uuid PRIMARY KEY)")
            table = (schema, "projects")
            for statement in (
                enable(table),
                force(table),
                create_policy(table, ISOLATION, Column("uuid")),
            ):
                app.execute(statement)
        record = TenantRecord("dev", "qualisys", "acme-corp")
        app.execute(comment_on_schema("tenant_acme_corp", record.text()))
    return project


def test_tenants_are_listed_and_verified(qualisys: Project) -> None:
    told = qualisys.run("tenant", "list", "-e", "dev", "qualisys", "--format", "json")
    assert told.code == 0, told.output
    assert [(t["slug"], t["schema"]) for t in json.loads(told.out)["tenants"]] == [
        ("acme-corp", "tenant_acme_corp"),
        ("globex", "tenant_globex"),
    ]
    text = qualisys.run("tenant", "list", "-e", "dev", "qualisys")
    assert "2 tenants · 0 findings" in text.out
    verified = qualisys.run("tenant", "verify", "-e", "dev", "qualisys")
    assert verified.code == 0, verified.output
    assert "2 tenants · 2 tables · 0 findings" in verified.out


def test_a_finding_is_explained_with_what_mends_it(qualisys: Project) -> None:
    with qualisys.tenant("app_user", "qualisys_master") as app:
        app.execute("CREATE TABLE tenant_globex.notes (tenant_id uuid PRIMARY KEY)")
    text = qualisys.run("tenant", "verify", "-e", "dev", "qualisys")
    assert text.code == 1
    assert "tenant_globex.notes has no row security" in text.out
    assert "policies that exist are not asked" in " ".join(text.out.split())
    told = qualisys.run("tenant", "verify", "-e", "dev", "qualisys", "--format", "json")
    findings = json.loads(told.out)["findings"]
    assert [f["problem"] for f in findings] == ["no_row_security", "not_forced", "no_policy"]
    with qualisys.tenant("app_user", "qualisys_master") as app:
        for finding in findings:
            app.execute(finding["statement"])
    assert qualisys.run("tenant", "verify", "-e", "dev", "qualisys").code == 0


def test_nothing_is_changed(qualisys: Project) -> None:
    mark = qualisys.instance.log_mark()
    qualisys.run("tenant", "list", "-e", "dev", "qualisys")
    qualisys.run("tenant", "verify", "-e", "dev", "qualisys", "--no-attack")
    sent = qualisys.instance.log_since(mark)
    assert "ALTER" not in sent
    assert "advisory_lock" not in sent


def test_what_came_of_the_attack_is_told(qualisys: Project) -> None:
    before = versions(qualisys.instance, ["qualisys_master"])
    text = qualisys.run("tenant", "verify", "-e", "dev", "qualisys")
    assert text.code == 0, text.output
    assert "Attack, as app_user\n  2 tenants, 2 pairs: every tenant.\n" in text.out
    assert "  + reading another tenant's table shows no row\n" in text.out
    assert (
        "What one role can't prevent\n  * whoever can run SQL can name another tenant\n" in text.out
    )
    assert "rdsadmin: SUPERUSER or BYPASSRLS" in " ".join(text.out.split())
    assert "2 tenants · 2 tables · 0 findings · 0 attacks through" in text.out
    assert versions(qualisys.instance, ["qualisys_master"]) == before


def test_an_attack_that_gets_through_fails(qualisys: Project) -> None:
    with qualisys.tenant("app_user", "qualisys_master") as app:
        app.execute("CREATE TABLE tenant_globex.open (id int)")
        app.execute("INSERT INTO tenant_globex.open VALUES (1)")
    text = qualisys.run("tenant", "verify", "-e", "dev", "qualisys")
    assert text.code == 1
    assert "no tenant on tenant_globex: tenant_globex.open\n" in text.out
    assert "1 finding · 1 attack through" in text.out
    told = qualisys.run("tenant", "verify", "-e", "dev", "qualisys", "--format", "json")
    attack = told.json["attack"]
    assert (attack["held"], attack["unproven"], attack["pairs"]) == (False, "", 2)
    [trial] = [one for one in attack["trials"] if one["preventable"] and one["otherwise"]]
    assert trial["trick"] == "real"


def test_an_attack_that_can_not_be_made_proves_nothing(qualisys: Project) -> None:
    qualisys.instance.su("ALTER ROLE app_user PASSWORD 'another'")
    text = qualisys.run("tenant", "verify", "-e", "dev", "qualisys")
    assert text.code == 1
    assert "Nothing is proven: " in text.out
    assert "no attack made" in text.out
    assert qualisys.run("tenant", "verify", "-e", "dev", "qualisys", "--no-attack").code == 0


@pytest.mark.parametrize(("key", "says"), [("orders", "has no tenancy"), ("nothing", "is none of")])
def test_an_entry_without_tenants(qualisys: Project, key: str, says: str) -> None:
    refused = qualisys.run("tenant", "list", "-e", "dev", key)
    assert refused.code == 64
    assert says in refused.err
    assert "entries with tenants: qualisys" in refused.err


def test_a_database_that_is_not_there(project: Project) -> None:
    project.write({"qualisys": ENTRY})
    refused = project.run("tenant", "verify", "-e", "dev", "qualisys", "--format", "json")
    assert refused.code == 1
    assert "is not there" in json.loads(refused.out)["error"]["message"]
