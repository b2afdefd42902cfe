"""`pgtenant access`: who can do what, and through which path."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from pgtenant.access.model import Kind
from pgtenant.access.path import Via
from pgtenant.report.schema import schema
from support.instance import Instance
from support.oracle import connections, nobody_connects
from support.project import Project, password_of
from support.siege import as_tenant

ODD = "=cmd, \x1b[31m\u202ered"


@pytest.fixture
def crowded(converged: Project, instance: Instance) -> Project:
    """Strangers, chains of memberships, a column grant, a function that runs as its owner."""
    with converged.tenant("orders_user", "orders") as owner:
        owner.execute("GRANT SELECT (secret) ON t TO billing_user")
        owner.execute("CREATE FUNCTION g() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'")
        owner.execute(f'CREATE TABLE "{ODD}" ()')
        owner.execute("ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO orders_reader")
        owner.execute("CREATE PUBLICATION changes")
    for statement in (
        "CREATE ROLE dba NOINHERIT",
        "CREATE ROLE human LOGIN",
        "GRANT orders_user TO dba",
        "GRANT dba TO human",
        "GRANT pg_read_all_data TO human",
        "GRANT SET ON PARAMETER log_statement TO human",
    ):
        instance.su(statement)
    return converged


def _rows(project: Project, *arguments: str) -> list[dict[str, Any]]:
    result = project.run("access", "-e", "dev", "--format", "json", *arguments)
    assert result.code == 0, result.output
    jsonschema.Draft202012Validator(schema("access")).validate(result.json)
    rows: list[dict[str, Any]] = result.json["access"]
    return rows


def _can(rows: list[dict[str, Any]], role: str, name: str) -> dict[str, tuple[str, ...]]:
    """By path: what a role can do with an object."""
    return {
        row["through"]: tuple(row["privileges"])
        for row in rows
        if row["role"] == role and name in row["names"]
    }


@pytest.mark.every_major
def test_everything_is_said_with_its_path(crowded: Project) -> None:
    rows = _rows(crowded)
    assert _can(rows, "orders_editor", "t") == {
        "granted by orders_user": ("DELETE", "INSERT", "SELECT", "UPDATE")
    }
    assert _can(rows, "orders_reader", "t") == {"granted by orders_user": ("SELECT",)}
    assert _can(rows, "billing_user", "secret") == {"granted by orders_user": ("SELECT",)}
    assert "OWNER" in _can(rows, "orders_user", "t")["owner"]
    assert _can(rows, "orders_user", "changes") == {"owner": ("OWNER",)}
    chained = _can(rows, "human", "t")
    assert chained["pg_read_all_data"] == ("SELECT",)
    assert "OWNER" in chained["SET ROLE orders_user → owner"]
    assert _can(rows, "human", "dba") == {"member of dba": ("USAGE", "SET")}
    assert _can(rows, "human", "orders_user") == {"member of dba → member of orders_user": ("SET",)}
    assert _can(rows, "human", "log_statement") == {"granted by rdsadmin": ("SET",)}
    assert next(r for r in rows if r["kind"] == "instance")["role"] == "rdsadmin"
    to_come = [r for r in rows if r["kind"] == "new_table" and r["role"] == "orders_editor"]
    assert to_come[0]["through"] == "default privileges of orders_user"
    definer = next(r for r in rows if r["names"] == ["g()"] and r["role"] == "public")
    assert definer["runs_as"] == "orders_user"
    secret = next(r for r in rows if r["kind"] == "column" and r["role"] == "billing_user")
    assert secret["usable"] is False  # it can't connect


def test_the_admin_can_make_itself_a_member(crowded: Project, instance: Instance) -> None:
    row = _can(_rows(crowded, "--role", instance.admin.user), instance.admin.user, "orders_user")
    assert row == {"can make itself a member of orders_user": ("ADMIN",)}


def test_one_role_with_what_everyone_has(crowded: Project) -> None:
    rows = _rows(crowded, "--role", "orders_reader")
    assert {row["role"] for row in rows} == {"orders_reader"}
    assert _can(rows, "orders_reader", "f(int4)") == {"PUBLIC": ("EXECUTE",)}


def test_each_database_takes_one_connection(crowded: Project, instance: Instance) -> None:
    instance.su("ALTER SYSTEM SET log_connections = on")
    instance.su("SELECT pg_reload_conf()")
    try:
        mark = instance.log_mark()
        rows = _rows(crowded, "--database", "orders")
        assert connections(instance.log_since(mark), instance.admin.user) == 2
        mark = instance.log_mark()
        looked_into = {row["database"] for row in _rows(crowded) if row["kind"] == "language"}
        assert looked_into == {"platform", "orders", "billing"}
        assert connections(instance.log_since(mark), instance.admin.user) == len(looked_into)
    finally:
        instance.su("ALTER SYSTEM RESET log_connections")
        instance.su("SELECT pg_reload_conf()")
    assert {row["database"] for row in rows} == {"", "orders"}
    assert {row["role"] for row in rows if not row["database"]} == {"rdsadmin"}


@pytest.mark.parametrize("name", ["t", "public.t"])
def test_one_table(crowded: Project, name: str) -> None:
    rows = [row for row in _rows(crowded, "--table", name) if row["database"]]
    assert {row["kind"] for row in rows} == {"table", "column"}
    assert all(row["names"] == ["t"] for row in rows if row["kind"] == "table")
    assert {row["role"] for row in rows} >= {"orders_user", "orders_reader", "billing_user"}


def test_csv_has_a_line_for_each_object_and_no_formula(crowded: Project) -> None:
    result = crowded.run("access", "-e", "dev", "--format", "csv")
    assert result.code == 0, result.output
    lines = list(csv.DictReader(io.StringIO(result.out)))
    assert len({tuple(line) for line in lines}) == 1
    mine = [line for line in lines if (line["role"], line["kind"]) == ("orders_reader", "table")]
    assert {line["name"] for line in mine} == {"t", "'=cmd, \\x1b[31m\\u202ered"}
    assert all(line["privileges"] == "SELECT" and line["usable"] == "true" for line in mine)
    assert result.out.isprintable() or "\x1b" not in result.out


def test_text_is_for_people(crowded: Project) -> None:
    result = crowded.run("access", "-e", "dev")
    assert result.code == 0, result.output
    assert "Database orders, owned by orders_user" in result.out
    assert "* SELECT on the column secret of the table t in schema public" in result.out
    assert "template1: a template" in result.out
    assert "\x1b" not in result.out


def test_what_is_not_there(crowded: Project) -> None:
    for arguments, says in (
        (("--role", "nobody"), "has no role nobody"),
        (("--database", "nothing"), "has no database nothing"),
        (("--table", "nothing"), "has a table nothing"),
    ):
        result = crowded.run("access", "-e", "dev", *arguments)
        assert result.code == 64
        assert says in result.err


@pytest.mark.every_major
def test_names_in_other_bytes(converged: Project, instance: Instance) -> None:
    as_tenant(
        instance,
        "orders_user",
        "orders",
        "CREATE DATABASE scratch TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'",
        "REVOKE ALL ON DATABASE scratch FROM PUBLIC",
        "GRANT CONNECT ON DATABASE scratch TO platform_admin",
    )
    with instance.connect(
        "orders_user", password_of("orders_user"), "scratch", client_encoding="SQL_ASCII"
    ) as session:
        session.execute(b'CREATE TABLE "odd_\xff" ()')
        session.execute(b'GRANT SELECT ON "odd_\xff" TO billing_user')
        session.execute(b'CREATE DATABASE "rev_\xff"')
    try:
        rows = _rows(converged)
        assert {row["database"] for row in rows} >= {"scratch", "rev_\\udcff"}
        assert "SELECT" in _can(rows, "billing_user", "odd_\\udcff")["granted by orders_user"]
        assert converged.run("access", "-e", "dev").code == 0
        assert converged.run("access", "-e", "dev", "--format", "csv").code == 0
    finally:
        with instance.connect(
            "orders_user", password_of("orders_user"), "scratch", client_encoding="SQL_ASCII"
        ) as session:
            session.execute(b'DROP DATABASE "rev_\xff"')


def test_it_needs_the_admins_secret_only(crowded: Project) -> None:
    for secret in (crowded.root / ".secrets").rglob("postgres.json"):
        secret.unlink()
    assert crowded.run("access", "-e", "dev").code == 0
    with nobody_connects(crowded):
        crowded.secret_path("rds/master").unlink()
        result = crowded.run("access", "-e", "dev", "--format", "json")
    assert result.code == 1
    document = json.loads(result.out)
    jsonschema.Draft202012Validator(schema("access")).validate(document)
    assert document["error"]["message"]


def test_the_schema_knows_every_kind_and_hop() -> None:
    row, hop = (schema("access")["$defs"][name]["properties"] for name in ("row", "hop"))
    assert {str(kind) for kind in Kind} <= set(row["kind"]["enum"])
    assert set(hop["via"]["enum"]) == {str(via) for via in Via}
