"""A later table in a tenant's schema is found by `plan` and put behind the policy by `apply`."""

from __future__ import annotations

from typing import Any

import pytest

from support.oracle import versions
from support.project import Project

QUALISYS: dict[str, Any] = {
    "database_name": "qualisys_master",
    "username": "app_user",
    "createdb": False,
    "tenancy": {},
}
READER: dict[str, Any] = {
    "database_name": "qualisys_master",
    "username": "app_reader",
    "access_level": "reader",
}
STATE = (
    "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, p.polname, p.polcmd, p.polroles"
    " FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid"
    " WHERE c.relnamespace = 'tenant_acme'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1"
)
SECURED = (True, True, "tenant_isolation", "*", [0])


@pytest.fixture
def qualisys(project: Project) -> Project:
    """An applied entry, and one tenant of it with a table of each sort."""
    project.write({"qualisys": QUALISYS, "reading": READER})
    project.converge()
    with project.tenant("app_user", "qualisys_master") as app:
        for statement in (
            "CREATE SCHEMA tenant_acme",
            "CREATE TABLE tenant_acme.bare (tenant_id uuid PRIMARY KEY)",
            "CREATE TABLE tenant_acme.named (tenant_id varchar(40) PRIMARY KEY)",
            (
                "CREATE TABLE tenant_acme.parts"
                " (tenant_id uuid, at int, PRIMARY KEY (tenant_id, at))"
                " PARTITION BY RANGE (at)"
            ),
            "CREATE TABLE tenant_acme.part PARTITION OF tenant_acme.parts DEFAULT",
            "CREATE TABLE tenant_acme.weak (tenant_id uuid PRIMARY KEY)",
            "CREATE POLICY tenant_isolation ON tenant_acme.weak FOR SELECT USING (true)",
            "ALTER TABLE tenant_acme.weak ENABLE ROW LEVEL SECURITY",
        ):
            app.execute(statement.encode())
    return project


@pytest.mark.every_major
def test_tables_are_found_secured_and_left_alone(qualisys: Project) -> None:
    planned = qualisys.plan()
    secured = [c for c in planned.json["changes"] if c["kind"] == "secure_tables"]
    assert {(c["entry"], c["role"], c["risk"]) for c in secured} == {
        ("qualisys", "app_user", "alter")
    }
    mark = qualisys.instance.log_mark()
    done = qualisys.apply()
    assert done.code == 0, done.output
    names = ("bare", "named", "part", "parts", "weak")
    state = qualisys.instance.su(STATE, dbname="qualisys_master")
    assert [tuple(row) for row in state] == [(name, *SECURED) for name in names]
    assert "app_user@qualisys_master" in sent_by(qualisys, mark, "CREATE POLICY")
    assert "secure_tables" in {r["action"] for r in done.json["records"]}
    assert qualisys.run("tenant", "verify", "-e", "dev", "qualisys").code == 0
    before = versions(qualisys.instance, ["qualisys_master"])
    qualisys.converge()
    assert qualisys.plan().json["changes"] == []
    assert versions(qualisys.instance, ["qualisys_master"]) == before


def sent_by(project: Project, mark: Any, statement: str) -> str:
    """Return the lines of the server's log that have a statement."""
    lines = project.instance.log_since(mark).splitlines()
    return "\n".join(line for line in lines if statement in line)


def test_what_is_planted_in_the_search_path_gets_into_no_policy(qualisys: Project) -> None:
    with qualisys.tenant("app_user", "qualisys_master") as app:
        for statement in (
            (
                "CREATE FUNCTION public.yes(varchar, text) RETURNS boolean LANGUAGE sql"
                " AS 'SELECT true'"
            ),
            "CREATE OPERATOR public.= (FUNCTION = public.yes, LEFTARG = varchar, RIGHTARG = text)",
            "ALTER ROLE app_user SET search_path = public, pg_catalog",
            "ALTER DATABASE qualisys_master SET quote_all_identifiers = on",
        ):
            app.execute(statement.encode())
    done = qualisys.apply()
    assert done.code == 0, done.output
    verified = qualisys.run("tenant", "verify", "-e", "dev", "qualisys")
    assert verified.code == 0, verified.output
    assert qualisys.plan().json["changes"] == []


def test_what_takes_a_person_is_drift(qualisys: Project) -> None:
    with qualisys.tenant("app_user", "qualisys_master") as app:
        app.execute("CREATE TABLE tenant_acme.shared (id int)")
    qualisys.apply()
    again = qualisys.plan()
    assert again.json["changes"] == []
    [note] = [d for d in again.json["drift"] if d["kind"] == "tenancy"]
    assert note["message"] == "tenant_acme.shared has no column tenant_id"
    assert note["statement"] == 'ALTER TABLE "tenant_acme"."shared" ADD COLUMN "tenant_id" uuid'


def test_markers_do_not_speak_for_row_security(qualisys: Project) -> None:
    for _ in range(2):
        done = qualisys.run("apply", "-e", "dev", "--trust-markers")
        assert done.code == 0, done.output
    with qualisys.tenant("app_user", "qualisys_master") as app:
        app.execute("ALTER TABLE tenant_acme.bare DISABLE ROW LEVEL SECURITY")
    planned = qualisys.run("plan", "-e", "dev", "--trust-markers", "--format", "json")
    assert [change["kind"] for change in planned.json["changes"]] == ["secure_tables"]


def test_an_entry_that_is_not_selected_is_left_alone(qualisys: Project) -> None:
    planned = qualisys.run("plan", "-e", "dev", "--only", "reading", "--format", "json")
    assert planned.json["changes"] == []
