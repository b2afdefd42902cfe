"""`tenancy.runtime_role`: the owner migrates, and the application logs in without its powers."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from e2e.tenant.conftest import ENTRY, TABLES, schemas
from pgtenant.verify.tenants.ground import MARK
from support.oracle import versions
from support.project import Project, Result, password_of

OWNER, APP, DATABASE = "app_user", "app_user_runtime", "qualisys_master"
WITH: dict[str, Any] = ENTRY | {"tenancy": {"template": "tenants", "runtime_role": True}}
TABLE = "tenant_globex.projects"
POWERS = (
    f"ALTER TABLE {TABLE} DISABLE ROW LEVEL SECURITY",
    f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY",
    f"DROP POLICY tenant_isolation ON {TABLE}",
    f"TRUNCATE {TABLE}",
    (
        f"CREATE TRIGGER mine BEFORE UPDATE ON {TABLE}"
        " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    ),
    f"ALTER TABLE {TABLE} ADD COLUMN x int",
    "CREATE TABLE tenant_globex.mine (id int)",
    "CREATE TABLE public.mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA tenant_mine",
    f"SET ROLE {OWNER}",
    f"SET SESSION AUTHORIZATION {OWNER}",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT ALL ON TABLES TO PUBLIC",
    f"GRANT {APP} TO {OWNER}",
)


@pytest.fixture
def qualisys(project: Project) -> Project:
    """The entry with a runtime role, applied, and no tenant."""
    template = project.root / "schemas" / "tenants"
    template.mkdir(parents=True)
    (template / "001_tables.sql").write_text(TABLES)
    project.write({"qualisys": WITH})
    early = project.apply()
    assert early.code == 1
    assert "qualisys_runtime/postgres" in early.output
    assert "it is that of qualisys_runtime (made by tenancy.runtime_role of" in early.output
    project.write_secret("qualisys_runtime/postgres", APP, password_of(APP), DATABASE)
    planned = project.plan()
    assert {change["entry"] for change in planned.json["changes"]} == {
        "qualisys",
        "qualisys_runtime",
    }
    project.converge()
    assert project.plan().json["changes"] == []
    return project


def add(project: Project, *slugs: str) -> None:
    made = project.run("tenant", "add", "-e", "dev", "qualisys", *slugs)
    assert made.code == 0, made.output


def verify(project: Project, *arguments: str) -> Result:
    return project.run("tenant", "verify", "-e", "dev", "qualisys", *arguments)


def through(result: Result) -> set[str]:
    """Return the tricks that gave something else than they had to."""
    trials = result.json["attack"]["trials"]
    return {one["trick"] for one in trials if one["otherwise"] and one["preventable"]}


@pytest.mark.every_major
def test_the_application_works_with_its_tenants_and_can_switch_nothing_off(
    qualisys: Project,
) -> None:
    add(qualisys, "acme-corp", "globex")
    after = qualisys.plan()
    assert (after.json["changes"], after.json["drift"]) == ([], [])
    one, other = str(uuid4()), str(uuid4())
    with qualisys.tenant(APP, DATABASE) as app:
        for tenant in (one, other):
            app.execute("SELECT set_config('app.current_tenant', %s, false)", [tenant])
            app.execute(f"INSERT INTO {TABLE} VALUES (%s, 1, 'x')".encode(), [tenant])
            app.execute(f"UPDATE {TABLE} SET name = 'y'".encode())
        seen = app.execute(f"SELECT tenant_id::text, name FROM {TABLE}".encode()).fetchall()
        assert seen == [(other, "y")]
        for statement in POWERS:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement.encode())
        app.execute(f"DELETE FROM {TABLE}".encode())
    with qualisys.tenant(OWNER, DATABASE) as migrating:
        migrating.execute("CREATE TABLE tenant_acme_corp.later (tenant_id uuid, id bigserial)")
    qualisys.converge()
    with qualisys.tenant(APP, DATABASE) as app:
        app.execute("SELECT set_config('app.current_tenant', %s, false)", [one])
        app.execute("INSERT INTO tenant_acme_corp.later VALUES (%s)", [one])
        assert app.execute("SELECT id FROM tenant_acme_corp.later").fetchall() == [(1,)]
    assert qualisys.plan().json["changes"] == []
    assert qualisys.run("verify", "-e", "dev").code == 0


@pytest.mark.every_major
def test_the_application_attacks_and_nothing_of_it_stays(qualisys: Project) -> None:
    add(qualisys, "acme-corp", "globex")
    left = f"{MARK}0123456789ab_1"
    theirs = f"{MARK}of_somebody"
    with qualisys.tenant(OWNER, DATABASE) as app:
        for statement in (f"CREATE SCHEMA {left}", f"CREATE TABLE {left}.rows (id int)"):
            app.execute(statement.encode())
        app.execute(f"CREATE SCHEMA {theirs}".encode())
    text = verify(qualisys)
    assert text.code == 0, text.output
    assert f"Attack, as {APP}\n  2 tenants, 2 pairs: every tenant.\n" in text.out
    assert "  + the application's login can't switch row security off\n" in text.out
    assert "What row security can't prevent\n  * whoever can run SQL can name" in text.out
    assert schemas(qualisys) == [theirs, "tenant_acme_corp", "tenant_globex"]
    told = verify(qualisys, "--format", "json")
    assert told.json["attack"]["login"] == APP
    tricks = {trial["trick"] for trial in told.json["attack"]["trials"]}
    assert tricks > {"no_disable", "no_policy", "no_truncate", "no_owner", "no_bypass", "become"}
    assert not tricks & {"disable", "truncate", "foreign_key"}
    with qualisys.instance.connect(*_admin(qualisys)) as other:
        other.execute(
            "SELECT pg_advisory_lock(x'6174636b'::int, oid::bigint::bit(32)::int)"
            f" FROM pg_database WHERE datname = '{DATABASE}'".encode()
        )
        text = verify(qualisys)
    assert text.code == 1
    said = " ".join(text.out.split())
    assert f"Nothing is proven: the tenants of {DATABASE} are under another attack" in said


def _admin(project: Project) -> tuple[str, str, str]:
    admin = project.instance.admin
    return admin.user, admin.password, admin.dbname


def test_what_gives_it_the_owners_powers_is_found(qualisys: Project) -> None:
    add(qualisys, "globex")
    su = qualisys.instance.su
    with qualisys.tenant(OWNER, DATABASE) as app:
        app.execute(f"GRANT TRUNCATE ON {TABLE} TO {APP}".encode())
    found = verify(qualisys, "--no-attack", "--format", "json")
    assert [one["problem"] for one in found.json["findings"]] == ["beyond_policies"]
    assert any("TRUNCATE" in note["message"] for note in qualisys.plan().json["drift"])
    su(f"REVOKE TRUNCATE ON {TABLE} FROM {APP}", dbname=DATABASE)

    su(f"GRANT {OWNER} TO {APP}")
    attacked = verify(qualisys, "--format", "json")
    assert attacked.code == 1
    assert "no_owner" in through(attacked)
    [note] = qualisys.plan().json["drift"]
    assert (note["kind"], note["role"], note["message"]) == (
        "membership",
        APP,
        f"is a member of {OWNER}",
    )
    su(f"REVOKE {OWNER} FROM {APP}")

    su(f"ALTER TABLE {TABLE} OWNER TO {APP}", dbname=DATABASE)
    found = verify(qualisys, "--no-attack", "--format", "json")
    assert [one["message"] for one in found.json["findings"]] == [
        f"belongs to {APP}, not to {OWNER}"
    ]
    su(f"ALTER TABLE {TABLE} OWNER TO {OWNER}", dbname=DATABASE)
    # Its own privileges went to the owner with the table.
    assert through(verify(qualisys, "--format", "json")) == {"real"}
    qualisys.converge()
    assert verify(qualisys).code == 0


def test_without_its_secret_nothing_is_proven(qualisys: Project) -> None:
    add(qualisys, "globex")
    qualisys.instance.su(f"ALTER ROLE {APP} PASSWORD 'another'")
    text = verify(qualisys)
    assert text.code == 1
    assert "Nothing is proven: " in text.out
    assert schemas(qualisys) == ["tenant_globex"]


def test_one_that_is_not_asked_for_any_more_is_retired(qualisys: Project) -> None:
    before = versions(qualisys.instance, [DATABASE])
    qualisys.converge()
    assert versions(qualisys.instance, [DATABASE]) == before
    leaving = ("retire", "-e", "dev", "qualisys_runtime", "--stage")
    still = qualisys.run(*leaving, "drop", "--no-backup")
    said = " ".join(still.output.split())
    assert "declares qualisys_runtime (made by tenancy.runtime_role of qualisys)" in said
    qualisys.write({"qualisys": ENTRY | {"tenancy": {"template": "tenants"}}})
    planned = qualisys.plan()
    assert planned.json["changes"] == []
    assert APP in json.dumps(planned.json["drift"])
    gone = qualisys.run(*leaving, "disable")
    assert gone.code == 0, gone.output
    with pytest.raises(psycopg.OperationalError):
        qualisys.tenant(APP, DATABASE)
