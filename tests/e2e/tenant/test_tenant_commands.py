"""`tenant list` and `tenant verify`, on a database that an application has filled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pgtenant.planning.tenants.found import Column
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.record import TenantRecord
from pgtenant.planning.tenants.statements import comment_on_schema, create_policy, enable, force
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
    for command in ("list", "verify"):
        qualisys.run("tenant", command, "-e", "dev", "qualisys")
    sent = qualisys.instance.log_since(mark)
    assert "ALTER" not in sent
    assert "advisory_lock" not in sent


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
