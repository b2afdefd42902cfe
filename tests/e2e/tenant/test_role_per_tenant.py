"""`role_per_tenant`: the application enters one tenant, and has nothing of any without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from e2e.tenant.conftest import OWN, READER, schemas
from e2e.tenant.own_roles import (
    ACME,
    COUNT,
    DATABASE,
    GLOBEX,
    drift,
    kinds,
    members,
    mended,
    refused,
    tenant,
    uuid_of,
)
from pgtenant.tenancy import Tenant
from pgtenant.tenancy.psycopg import for_tenant
from support.project import Project, password_of


@pytest.fixture
def app(apart: Project) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The application's login, with a project of each tenant's."""
    with apart.tenant("app_user", DATABASE) as connection:
        for number, (role, schema) in enumerate(((ACME, "acme_corp"), (GLOBEX, "globex")), 1):
            with for_tenant(connection, Tenant(uuid_of(number), [f"tenant_{schema}"], role=role)):
                connection.execute(
                    "INSERT INTO projects VALUES (%s, 1, 'secret')", [uuid_of(number)]
                )
        yield connection


@pytest.mark.every_major
def test_the_application_has_nothing_of_a_tenant_without_its_role(
    apart: Project, app: psycopg.Connection[tuple[Any, ...]]
) -> None:
    su = apart.instance.su
    for role, schema in ((ACME, "acme_corp"), (GLOBEX, "globex")):
        assert su(
            "SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = %s",
            [f"tenant_{schema}"],
            dbname=DATABASE,
        ) == [(role,)]
        for word in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"):
            held = "SELECT has_table_privilege(%s, %s, %s)"
            table = f"tenant_{schema}.projects"
            assert su(held, ["app_user", table, word], dbname=DATABASE) == [(False,)]
            assert su(held, [role, table, word], dbname=DATABASE) == [(True,)]
        assert su("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", [role]) == [(False,)]
        refused(app, COUNT.format(schema))
        app.execute("SELECT set_config('app.current_tenant', %s, false)", [uuid_of(1)])
        refused(app, COUNT.format(schema))
        app.execute("RESET app.current_tenant")
    # In a tenant's role not even the other's setting helps.
    with for_tenant(app, Tenant(uuid_of(2), ["tenant_acme_corp"], role=ACME)):
        assert app.execute("SELECT count(*) FROM projects").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
            app.execute(COUNT.format("globex"))
        with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
            app.execute("DROP SCHEMA tenant_globex CASCADE")
    with for_tenant(app, Tenant(uuid_of(2), ["tenant_globex"], role=GLOBEX)):
        assert app.execute("SELECT count(*) FROM projects").fetchone() == (1,)
    # What is not the tenants' is the application's as before.
    app.execute("CREATE TABLE public.shared (id int); DROP TABLE public.shared")
    mended(apart)
    verified = tenant(apart, "verify")
    assert verified.code == 0, verified.output
    assert "without SET ROLE the application's login reaches no tenant's table" in verified.out
    assert "What a role for each tenant can't prevent" in verified.out
    listed = tenant(apart, "list", "--format", "json").json
    assert [one["findings"] for one in listed["tenants"]] == [0, 0]
    assert apart.run("verify", "-e", "dev").code == 0
    assert apart.run("access", "-e", "dev").code == 0
    assert tenant(apart, "add", "acme-corp", "globex").code == 0


@pytest.mark.slow
@pytest.mark.every_major
def test_tenants_attack_each_other_in_their_roles(apart: Project) -> None:
    assert tenant(apart, "add", "initech").code == 0
    relations = "SELECT oid, relname FROM pg_class ORDER BY 1"
    before = apart.instance.su(relations, dbname=DATABASE)
    found = tenant(apart, "verify", "--format", "json")
    assert found.code == 0, found.output
    attack = found.json["attack"]
    tried = {trial["trick"]: trial for trial in attack["trials"]}
    assert [trial for trial in attack["trials"] if trial["otherwise"]] == []
    assert (attack["tenants"], attack["pairs"]) == (3, 6)
    # Two tables of each tenant and four statements on its stand-in, without a role.
    assert tried["no_entry"]["tried"] == 3 * (2 + 4)
    assert tried["no_setting"]["tried"] == 6 * 2
    assert tried["read"]["tried"] == 6
    assert {trick for trick, trial in tried.items() if not trial["preventable"]} == {
        "session",
        "anothers_role",
    }
    assert apart.instance.su(relations, dbname=DATABASE) == before
    # What reads every tenant without SET ROLE gets through.
    if apart.instance.major >= 16:
        apart.instance.su(f'GRANT "{ACME}" TO app_user WITH INHERIT TRUE')
    else:
        apart.instance.su("ALTER ROLE app_user INHERIT")
    worse = tenant(apart, "verify", "--format", "json")
    assert worse.code == 1
    through = {trial["trick"] for trial in worse.json["attack"]["trials"] if trial["otherwise"]}
    assert "no_entry" in through


@pytest.mark.slow
def test_one_tenant_has_nobody_to_attack(project: Project) -> None:
    project.write({"qualisys": {**OWN, "tenancy": {"role_per_tenant": True}}})
    project.converge()
    assert tenant(project, "verify").code == 0
    assert tenant(project, "add", "acme-corp").code == 0
    assert tenant(project, "verify").code == 0


@pytest.mark.every_major
def test_what_is_broken_by_hand_is_shown_and_mended(apart: Project, pg_major: int) -> None:
    su = apart.instance.su
    admin = apart.instance.admin
    if pg_major >= 16:
        with apart.instance.connect(admin.user, admin.password, admin.dbname) as by_admin:
            by_admin.execute(f'GRANT "{ACME}" TO app_user WITH INHERIT TRUE')
            by_admin.execute(f'GRANT "{GLOBEX}" TO app_user WITH SET FALSE')
        kind = "join_tenants"
    else:
        su("ALTER ROLE app_user INHERIT")
        kind = "hold_apart"
        refusal = tenant(apart, "add", "initech")
        assert refusal.code == 1
        assert "would read every tenant" in refusal.output
    with apart.tenant("app_user", DATABASE) as app:
        app.execute(COUNT.format("acme_corp"))
        assert kinds(apart) == [kind]
        mended(apart)
        refused(app, COUNT.format("acme_corp"))
    with apart.instance.connect(admin.user, admin.password, admin.dbname) as by_admin:
        by_admin.execute(f'REVOKE "{ACME}" FROM app_user')
    assert kinds(apart) == ["join_tenants"]
    mended(apart)
    su("ALTER TABLE tenant_acme_corp.tasks OWNER TO app_user", dbname=DATABASE)
    su("ALTER TABLE tenant_globex.tasks DISABLE ROW LEVEL SECURITY", dbname=DATABASE)
    found = tenant(apart, "verify", "--no-attack")
    assert found.code == 1
    assert "tenant_acme_corp.tasks belongs to app_user, not to whoever owns its schema" in found.out
    assert kinds(apart) == ["give_tables", "secure_tables"]
    mended(apart)
    assert members(apart) == [(ACME, "app_user"), (GLOBEX, "app_user")]


@pytest.mark.slow
def test_what_is_not_ours_to_mend_is_shown(apart: Project) -> None:
    su = apart.instance.su
    su(f'GRANT "{ACME}" TO app_user WITH INHERIT TRUE')
    su(f'GRANT "{ACME}" TO report_user')
    su(f'ALTER ROLE "{GLOBEX}" LOGIN')
    su("ALTER SCHEMA tenant_globex OWNER TO app_user", dbname=DATABASE)
    su("GRANT USAGE ON SCHEMA tenant_acme_corp TO app_user", dbname=DATABASE)
    su("GRANT SELECT ON tenant_acme_corp.tasks TO app_user", dbname=DATABASE)
    told = drift(apart)
    assert f"reads as {ACME} without SET ROLE, by a grant of rdsadmin" in told
    assert f"is a member of {ACME}" in told
    assert "is a tenant's role, and has LOGIN" in told
    assert "tenant_acme_corp is open to app_user without its role" in told
    assert "tenant_acme_corp.tasks gives app_user SELECT without its role" in told
    assert "tenant_globex belongs to app_user, not to the tenant's own role" in told
    assert "is the role of the tenant in tenant_globex, and owns no such schema" in told
    isolation = apart.run("verify", "-e", "dev")
    assert isolation.code == 1
    assert f"member of {ACME}" in isolation.out


def test_a_template_that_fails_leaves_no_role(apart: Project) -> None:
    template = apart.root / "schemas" / "tenants"
    (template / "002_out.sql").write_text("CREATE TABLE public.mine (id int);")
    failed = tenant(apart, "add", "initech")
    assert failed.code == 64, failed.output
    (template / "002_out.sql").write_text(
        "RESET ROLE; GRANT USAGE ON SCHEMA tenant_acme_corp TO PUBLIC;"
    )
    assert tenant(apart, "add", "initech").code == 64
    (template / "002_out.sql").write_text(
        f'RESET ROLE; SET ROLE "{ACME}"; DELETE FROM tenant_acme_corp.projects;'
    )
    assert tenant(apart, "add", "initech").code == 64
    assert schemas(apart) == ["tenant_acme_corp", "tenant_globex"]
    assert [role for role, _ in members(apart)] == [ACME, GLOBEX]
    (template / "002_out.sql").unlink()
    assert tenant(apart, "add", "initech", "--dry-run").code == 0
    assert [role for role, _ in members(apart)] == [ACME, GLOBEX]
    assert tenant(apart, "add", "initech").code == 0
    mended(apart)


@pytest.mark.major(min=16)
def test_a_delegated_admin_can_take_the_tenants_over(apart: Project) -> None:
    made = apart.run("bootstrap", "-e", "dev", "--dry-run")
    assert ACME in made.output, made.output


@pytest.mark.slow
@pytest.mark.every_major
def test_a_second_login_enters_tenants_as_well(apart: Project) -> None:
    apart.write({"qualisys": OWN | {"rotation": "alternate"}, "reports": READER})
    apart.converge()
    second, secret = "app_user_b", password_of("app_user_b")
    apart.instance.su(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(second), secret))
    apart.write_secret("qualisys/postgres", second, secret, DATABASE)
    assert tenant(apart, "add", "initech").code == 0
    with apart.tenant(second, DATABASE) as app:
        refused(app, COUNT.format("acme_corp"))
        acme = Tenant(uuid_of(1), ["tenant_acme_corp"], role=ACME)
        with for_tenant(app, acme):
            app.execute("INSERT INTO projects VALUES (%s, 2, 'mine')", [uuid_of(1)])
        with for_tenant(app, acme):
            assert app.execute("SELECT count(*) FROM projects").fetchone() == (1,)
        refused(app, COUNT.format("acme_corp"))
    verified = tenant(apart, "verify")
    assert verified.code == 0, verified.output
    mended(apart)
