"""Tenants' own roles are made with their schemas, and go with them, wherever a run ends."""

from __future__ import annotations

import contextlib

import psycopg
import pytest

from e2e.retire.shop import days_pass
from e2e.tenant.conftest import schemas
from e2e.tenant.own_roles import (
    ACME,
    DATABASE,
    GLOBEX,
    drift,
    members,
    mended,
    refused,
    tenant,
)
from pgtenant.tenancy import tenant_role
from support.faults.guillotine import Guillotine, Killed
from support.project import Project, Result


@pytest.mark.slow
@pytest.mark.every_major
def test_a_tenant_leaves_with_its_role(apart: Project) -> None:
    done = tenant(apart, "retire", "acme-corp", "--format", "json")
    assert done.code == 0, done.output
    (retired,) = [one["schema"] for one in done.json["tenants"]]
    role = tenant_role(retired, DATABASE)
    assert members(apart) == [(GLOBEX, "app_user")]
    with apart.tenant("app_user", DATABASE) as app:
        refused(app, f'SET ROLE "{role}"')
    mended(apart)
    assert tenant(apart, "retire", "acme-corp").code == 0
    # Another one of that name has a role of its own.
    assert tenant(apart, "add", "acme-corp").code == 0
    mended(apart)
    apart.instance.su(f'GRANT USAGE ON SCHEMA public TO "{role}"', dbname=DATABASE)
    kept = tenant(apart, "drop", retired, "--confirm", retired)
    assert kept.code == 1
    assert "was granted something on schema public" in kept.output
    apart.instance.su(f'REVOKE USAGE ON SCHEMA public FROM "{role}"', dbname=DATABASE)
    gone = tenant(apart, "drop", retired, "--confirm", retired)
    assert gone.code == 0, gone.output
    assert schemas(apart) == ["tenant_acme_corp", "tenant_globex"]
    assert members(apart) == [(ACME, "app_user"), (GLOBEX, "app_user")]
    assert apart.instance.su("SELECT FROM pg_roles WHERE rolname = %s", [role]) == []
    mended(apart)
    assert apart.run("audit", "verify", "-e", "dev").code == 0


@pytest.mark.slow
def test_a_run_that_ended_between_schema_and_role_is_gone_on_with(apart: Project) -> None:
    su = apart.instance.su
    admin = apart.instance.admin
    with apart.instance.connect(admin.user, admin.password, admin.dbname) as by_admin:
        # As a run leaves it that was killed when the role was made.
        comment = su(
            "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s", [ACME]
        )
        marker = comment[0][0].replace("acme_corp", "initech")
        by_admin.execute('CREATE ROLE "tenant_initech@qualisys_master"')
        by_admin.execute(
            psycopg.sql.SQL('COMMENT ON ROLE "tenant_initech@qualisys_master" IS {}').format(marker)
        )
    assert "the next one for that tenant goes on" in drift(apart)
    assert tenant(apart, "add", "initech").code == 0
    mended(apart)
    # And as one that was killed when the schema was retired.
    retired = "retired_initech_20260101"
    su(f"ALTER SCHEMA tenant_initech RENAME TO {retired}", dbname=DATABASE)
    assert "a `pgtenant tenant` command was ended" in drift(apart)
    assert tenant(apart, "add", "initech").code == 0
    owner = "SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = %s"
    assert su(owner, [retired], dbname=DATABASE) == [(tenant_role(retired, DATABASE),)]
    mended(apart)


def test_a_role_of_that_name_that_is_nobodys_stays(apart: Project) -> None:
    apart.instance.su('CREATE ROLE "tenant_initech@qualisys_master"')
    told = tenant(apart, "add", "initech")
    assert told.code == 64
    assert "was not made for it" in told.output
    assert schemas(apart) == ["tenant_acme_corp", "tenant_globex"]


@pytest.mark.slow
def test_the_roles_go_with_their_entry(apart: Project) -> None:
    def retire(*flags: str) -> Result:
        return apart.run("retire", "-e", "dev", "qualisys", *flags)

    disabled = retire("--stage", "disable")
    assert disabled.code == 0, disabled.output
    days_pass(apart.instance, 30, ("app_user", "report_user"))
    apart.write({})
    dumped = retire("--stage", "drop", "--confirm", DATABASE, "--dump-to", str(apart.root))
    assert dumped.code == 4, dumped.output
    assert "its tenants' tables belong to roles of their own" in dumped.output
    gone = retire("--stage", "drop", "--confirm", DATABASE, "--no-backup")
    assert gone.code == 0, gone.output
    assert apart.instance.su("SELECT rolname FROM pg_roles WHERE rolname LIKE '%qualisys%'") == []
    assert apart.plan().json["drift"] == []


@pytest.mark.slow
def test_a_run_that_dies_at_any_statement_is_gone_on_with(
    apart: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the roles, and of retiring and dropping; a tenant's own transaction is one."""
    guillotine = Guillotine(monkeypatch)

    def through(command: str, *arguments: str) -> None:
        """Have the command die before each of its statements, one after the other."""
        number = 0
        while True:
            number += 1
            guillotine.before(number)
            with contextlib.suppress(Killed, BaseExceptionGroup):
                result = tenant(apart, command, *arguments)
                assert result.code == 0, result.output
                break
            assert guillotine.count == number
        guillotine.before(0)
        mended(apart)

    through("add", "initech")
    with apart.tenant("app_user", DATABASE) as app:
        app.execute(f'SET ROLE "{tenant_role("tenant_initech", DATABASE)}"'.encode())
        app.execute("SELECT FROM tenant_initech.projects")
    through("retire", "initech", "globex")
    retired = [name for name in schemas(apart) if name.startswith("retired_")]
    assert len(retired) == 2
    assert members(apart) == [(ACME, "app_user")]
    for schema in retired:
        through("drop", schema, "--confirm", schema)
    assert schemas(apart) == ["tenant_acme_corp"]
    assert members(apart) == [(ACME, "app_user")]
    left = "SELECT rolname::text FROM pg_roles WHERE rolname LIKE '%@qualisys_master'"
    assert apart.instance.su(left) == [(ACME,)]
