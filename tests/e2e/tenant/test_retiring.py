"""`tenant retire` and `tenant drop`: out of reach, then gone."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from e2e.tenant.conftest import ENTRY, READER, schemas
from support.project import Project, Result


def retired(slug: str) -> str:
    return f"retired_{slug}_{datetime.now(UTC):%Y%m%d}"


def run(project: Project, command: str, *arguments: str) -> Result:
    return project.run("tenant", command, "-e", "dev", "qualisys", *arguments)


@pytest.fixture
def two(qualisys: Project) -> Project:
    """Two tenants."""
    assert run(qualisys, "add").code == 0
    return qualisys


@pytest.mark.every_major
def test_nobody_reaches_a_retired_tenant(two: Project) -> None:
    today = datetime.now(UTC).date()
    done = run(two, "retire", "acme-corp", "--format", "json")
    assert done.code == 0, done.output
    (told,) = done.json["tenants"]
    schema = told["schema"]
    if datetime.now(UTC).date() == today:
        assert schema == retired("acme_corp")
    assert schemas(two) == [schema, "tenant_globex"]
    for user in ("app_user", "report_user"):
        with (
            two.tenant(user, "qualisys_master") as session,
            pytest.raises(
                psycopg.errors.InsufficientPrivilege, match="permission denied for schema"
            ),
        ):
            session.execute(f"SELECT * FROM {schema}.projects".encode())
    plan = two.plan("--detailed-exitcode")
    assert plan.code == 0, plan.output
    assert two.run("verify", "-e", "dev").code == 0
    listed = run(two, "list", "--format", "json").json
    assert [tenant["slug"] for tenant in listed["tenants"]] == ["globex"]
    assert [(one["slug"], one["schema"]) for one in listed["retired"]] == [("acme-corp", schema)]
    assert [one["slug"] for one in listed["missing"]] == ["acme-corp"]
    again = run(two, "retire", "acme-corp", "--format", "json")
    assert again.code == 0
    assert again.json["tenants"][0]["state"] == "unchanged"
    assert run(two, "verify", "--no-attack").code == 0
    with two.tenant("app_user", "qualisys_master") as session:
        session.execute(f"GRANT USAGE ON SCHEMA {schema} TO report_user".encode())
    verified = run(two, "verify", "--no-attack")
    assert verified.code == 1
    assert f"{schema} is a retired tenant's, and open to report_user" in verified.out


def test_a_new_reader_comes_after_a_retirement(two: Project) -> None:
    assert run(two, "retire", "acme-corp").code == 0
    two.write({"qualisys": ENTRY, "reports": READER, "more": {**READER, "username": "more_user"}})
    two.converge()
    with two.tenant("more_user", "qualisys_master") as session:
        session.execute("SELECT * FROM tenant_globex.projects")


def test_who_is_not_there(two: Project) -> None:
    with two.tenant("app_user", "qualisys_master") as app:
        app.execute("CREATE SCHEMA tenant_a_b")
    assert run(two, "add", "a_b", "--assume-template").code == 0
    refused = run(two, "retire", "globex", "initech", "a-b")
    assert refused.code == 64
    assert "there is no tenant initech" in refused.err
    assert "the schema tenant_a_b" in refused.err
    assert "tenant_globex" in schemas(two)


def test_a_tenant_that_something_elsewhere_reads(two: Project) -> None:
    with two.tenant("app_user", "qualisys_master") as app:
        app.execute("CREATE VIEW public.all_projects AS SELECT * FROM tenant_globex.projects")
    refused = run(two, "retire", "acme-corp", "globex")
    assert refused.code == 1
    assert "tenant_globex is needed elsewhere: public.all_projects would still reach" in refused.err
    with two.tenant("app_user", "qualisys_master") as app:
        app.execute("DROP VIEW public.all_projects")
        app.execute("CREATE TABLE public.parent (tenant_id uuid, id bigint, name text)")
        app.execute("ALTER TABLE tenant_globex.projects INHERIT public.parent")
        app.execute("CREATE DOMAIN public.slug AS text")
        app.execute(
            "CREATE FUNCTION tenant_globex.fits(text) RETURNS boolean LANGUAGE sql AS 'SELECT true'"
        )
        app.execute("ALTER DOMAIN public.slug ADD CHECK (tenant_globex.fits(value))")
    refused = run(two, "retire", "acme-corp", "globex")
    assert refused.code == 1
    assert "needed elsewhere: public.parent, public.slug would still reach" in refused.err
    assert schemas(two) == ["tenant_acme_corp", "tenant_globex"]


def test_retired_and_made_anew(two: Project) -> None:
    assert run(two, "retire", "globex").code == 0
    assert run(two, "add", "globex").code == 0
    refused = run(two, "retire", "globex")
    if refused.code:  # not when midnight came in between
        assert refused.code == 64
        assert "was retired today already" in refused.err


def test_a_dry_run_and_an_approval(two: Project) -> None:
    before = schemas(two)
    tried = run(two, "retire", "globex", "--dry-run")
    assert tried.code == 0
    assert "a dry run" in tried.out
    two.settings["environments.dev"] = {"approval": True}
    two.write_settings()
    assert run(two, "retire", "globex").code == 3
    assert schemas(two) == before


def test_dropped_by_its_own_name_alone(two: Project) -> None:
    done = run(two, "retire", "acme-corp", "--format", "json")
    schema = done.json["tenants"][0]["schema"]
    assert run(two, "drop", schema).code == 64
    assert run(two, "drop", schema, "--confirm", "acme-corp").code == 64
    odd = "retired_\udcff_20260131"
    assert "can't be named in a statement" in run(two, "drop", odd, "--confirm", odd).err
    in_service = run(two, "drop", "tenant_globex", "--confirm", "tenant_globex")
    assert in_service.code == 64
    assert "is no retired tenant's schema" in in_service.err
    with two.tenant("app_user", "qualisys_master") as app:
        app.execute(f"GRANT USAGE ON SCHEMA {schema} TO app_user".encode())
        app.execute(f"CREATE VIEW public.everyone AS SELECT * FROM {schema}.projects".encode())
    in_use = run(two, "drop", schema, "--confirm", schema)
    assert in_use.code == 1
    assert "public.everyone would go" in in_use.err
    with two.tenant("app_user", "qualisys_master") as app:
        app.execute("DROP VIEW public.everyone")
    assert run(two, "drop", schema, "--dry-run").code == 0
    assert schema in schemas(two)
    dropped = run(two, "drop", schema, "--confirm", schema, "--format", "json")
    assert dropped.code == 0, dropped.output
    assert dropped.json["tenants"][0]["state"] == "dropped"
    assert schemas(two) == ["tenant_globex"]
    gone = run(two, "drop", schema, "--confirm", schema, "--format", "json")
    assert gone.json["tenants"][0]["state"] == "unchanged"
