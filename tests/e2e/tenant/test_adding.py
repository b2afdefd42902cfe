"""`tenant add`: made whole, by their owner, once, and nothing where one of them can't be."""

from __future__ import annotations

import json
import os
import subprocess
from uuid import uuid4

import pytest

from e2e.tenant.conftest import ENTRY, READER, schemas
from pgtenant.audit.journal import journal_path
from support.processes import finish, start
from support.project import Project, Result

BOTH = ["tenant_acme_corp", "tenant_globex"]


def add(project: Project, *arguments: str) -> Result:
    return project.run("tenant", "add", "-e", "dev", "qualisys", *arguments)


def states(result: Result) -> dict[str, str]:
    return {tenant["slug"]: tenant["state"] for tenant in result.json["tenants"]}


def actions(project: Project) -> list[tuple[str, str]]:
    return [(row["action"], row["status"]) for row in project.audit_rows()]


@pytest.mark.every_major
def test_tenants_are_made_from_the_template(qualisys: Project) -> None:
    made = add(qualisys, "acme-corp", "globex", "--format", "json")
    assert made.code == 0, made.output
    assert states(made) == {"acme-corp": "added", "globex": "added"}
    assert made.json["tenants"][0]["files"] == ["001_tables.sql"]
    assert made.json["findings"] == []
    assert schemas(qualisys) == BOTH
    assert actions(qualisys)[-2:] == [("add_tenant", "success")] * 2
    verified = qualisys.run("tenant", "verify", "-e", "dev", "qualisys")
    assert verified.code == 0, verified.output
    one, other = str(uuid4()), str(uuid4())
    with qualisys.tenant("app_user", "qualisys_master") as app:
        for tenant in (one, other):
            app.execute("SELECT set_config('app.current_tenant', %s, false)", [tenant])
            app.execute("INSERT INTO tenant_globex.projects VALUES (%s, 1, 'x')", [tenant])
        assert app.execute("SELECT tenant_id::text FROM tenant_globex.projects").fetchall() == [
            (other,)
        ]
    assert qualisys.plan("--detailed-exitcode").json["changes"] == []
    again = add(qualisys, "acme-corp", "globex", "--format", "json")
    assert again.code == 0
    assert set(states(again).values()) == {"unchanged"}
    assert actions(qualisys)[-1] == ("check", "no_change")
    assert qualisys.run("audit", "verify", "-e", "dev").code == 0


def test_the_journal_has_what_was_sent(qualisys: Project) -> None:
    assert add(qualisys, "acme-corp").code == 0
    journal = journal_path(qualisys.audit).read_text()
    records = [json.loads(line) for line in journal.splitlines()]
    (record,) = [one for one in records if one.get("action") == "add_tenant"]
    assert record["sql"][0] == 'CREATE SCHEMA "tenant_acme_corp"'
    assert any("FORCE ROW LEVEL SECURITY" in text for text in record["sql"])


def test_the_declared_ones_are_made_where_none_is_named(qualisys: Project) -> None:
    told = qualisys.run("tenant", "list", "-e", "dev", "qualisys")
    assert "Declared and not there: acme-corp, globex" in told.out
    assert add(qualisys).code == 0
    assert schemas(qualisys) == BOTH
    assert add(qualisys, "initech").code == 0
    told = qualisys.run("tenant", "list", "-e", "dev", "qualisys", "--format", "json")
    declared = {tenant["slug"]: tenant["declared"] for tenant in told.json["tenants"]}
    assert declared == {"acme-corp": True, "globex": True, "initech": False}
    assert told.json["missing"] == []


@pytest.mark.slow
def test_five_hundred_from_standard_input(qualisys: Project) -> None:
    slugs = [f"org-{number:03}" for number in range(500)]
    command = qualisys.command("tenant", "add", "-e", "dev", "qualisys", "--file", "-")
    done = subprocess.run(
        command,
        input="\n".join(slugs),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | qualisys.variables(),
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert "500 tenants made" in done.stdout
    assert len(schemas(qualisys)) == 500
    assert [row["action"] for row in qualisys.audit_rows()].count("add_tenant") == 500
    assert qualisys.run("tenant", "verify", "-e", "dev", "qualisys").code == 0


BAD = """ok-then
Acme
caf\u00e9
-dash
public
pg_x
a-b
a_b
{long}
"""


def test_bad_slugs_are_all_told_and_nothing_is_made(qualisys: Project) -> None:
    (qualisys.root / "bad.txt").write_text(BAD.replace("{long}", "x" * 64), "utf-8")
    refused = add(qualisys, "", "--file", "bad.txt")
    assert refused.code == 64
    for said in (
        'the slug "" is empty',
        'bad.txt:2: the slug "Acme" must be written as "acme"',
        "bad.txt:3:",
        "bad.txt:4:",
        "bad.txt:5:",
        "bad.txt:6:",
        "bad.txt:8:",
        "bad.txt:9:",
    ):
        assert said in refused.err
    assert schemas(qualisys) == []


def test_a_file_that_is_no_list(qualisys: Project) -> None:
    assert "can't be read" in add(qualisys, "--file", "nothing.txt").err
    (qualisys.root / "odd.txt").write_bytes(b"acme\n\xff\n")
    refused = add(qualisys, "--file", "odd.txt")
    assert refused.code == 64
    assert "odd.txt:2: byte 0xff is no UTF-8" in refused.err
    (qualisys.root / "empty.txt").write_text("# nobody\n")
    assert add(qualisys, "--file", "empty.txt").code == 64
    assert schemas(qualisys) == []


def test_what_is_in_the_way(qualisys: Project) -> None:
    assert add(qualisys, "a_b").code == 0
    su = qualisys.instance.su
    su("CREATE SCHEMA tenant_foreign", dbname="qualisys_master")
    with qualisys.tenant("app_user", "qualisys_master") as app:
        app.execute("CREATE SCHEMA tenant_by_hand CREATE TABLE t (tenant_id uuid)")
    refused = add(qualisys, "fine", "a-b", "foreign", "by-hand")
    assert refused.code == 64
    assert '"a-b" and "a_b" would both have the schema tenant_a_b' in refused.err
    assert "tenant_foreign of foreign is there, and belongs to" in refused.err
    assert "no record says which of the template's files have run there" in refused.err
    assert "tenant_fine" not in schemas(qualisys)
    assert actions(qualisys)[-1] == ("run", "error")
    assert add(qualisys, "by-hand", "--assume-template").code == 0
    assert states(add(qualisys, "by-hand", "--format", "json")) == {"by-hand": "unchanged"}


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("CREATE TABLE t (tenant_id uuid); SELECT 1 / 0", "division by zero"),
        ("CREATE TABLE public.t (id int)", "leaves its schema: relation public.t"),
    ],
)
def test_a_template_that_fails(qualisys: Project, sql: str, says: str) -> None:
    (qualisys.root / "schemas" / "tenants" / "002_more.sql").write_text(sql)
    for flags in ((), ("--dry-run",)):
        refused = add(qualisys, *flags)
        assert refused.code == 64
        assert says in refused.err
        assert "002_more.sql" in refused.err
        assert actions(qualisys)[-1] == ("add_tenant", "error")
    assert schemas(qualisys) == []
    (qualisys.root / "schemas" / "tenants" / "002_more.sql").unlink()
    assert add(qualisys).code == 0


def test_what_fails_later_leaves_what_was_made(qualisys: Project) -> None:
    picky = "DO $$ BEGIN IF current_schema = 'tenant_globex' THEN RAISE 'no'; END IF; END $$"
    (qualisys.root / "schemas" / "tenants" / "002_picky.sql").write_text(picky)
    failed = add(qualisys, "--format", "json")
    assert failed.code == 1
    assert states(failed) == {"acme-corp": "added"}
    assert "what is done stays: 1 tenant" in failed.json["error"]["message"]
    assert schemas(qualisys) == BOTH[:1]


def test_new_files_run_where_they_have_not(qualisys: Project) -> None:
    assert add(qualisys).code == 0
    template = qualisys.root / "schemas" / "tenants"
    (template / "002_notes.sql").write_text("CREATE TABLE notes (tenant_id uuid PRIMARY KEY)")
    first = add(qualisys, "globex", "--format", "json")
    assert first.json["tenants"][0]["files"] == ["002_notes.sql"]
    every = add(qualisys, "initech", "--all", "--format", "json")
    assert states(every) == {"acme-corp": "brought_up", "globex": "unchanged", "initech": "added"}
    assert qualisys.run("tenant", "verify", "-e", "dev", "qualisys").code == 0
    (template / "001_tables.sql").write_text("SELECT 1")
    refused = add(qualisys, "--all")
    assert refused.code == 64
    assert "001_tables.sql" in refused.err
    assert "has changed since it ran in tenant_acme_corp" in refused.err


def test_a_dry_run_tries_it_and_leaves_nothing(qualisys: Project) -> None:
    tried = add(qualisys, "--dry-run", "--format", "json")
    assert tried.code == 0, tried.output
    assert states(tried) == {"acme-corp": "added", "globex": "added"}
    assert schemas(qualisys) == []
    assert actions(qualisys)[-2:] == [("add_tenant", "dry_run")] * 2
    assert "a dry run" in add(qualisys, "--dry-run").out


def test_a_second_login_makes_them_for_the_role(qualisys: Project) -> None:
    qualisys.write({"qualisys": {**ENTRY, "rotation": "alternate"}, "reports": READER})
    qualisys.converge()
    second, password = "app_user_b", "not-a-real-password"
    qualisys.instance.su(f"ALTER ROLE {second} PASSWORD '{password}'".encode())
    qualisys.write_secret("qualisys/postgres", second, password, "qualisys_master")
    assert add(qualisys, "acme-corp").code == 0
    owners = qualisys.instance.su(
        "SELECT DISTINCT c.relowner::regrole::text, n.nspowner::regrole::text FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'tenant_acme_corp'",
        dbname="qualisys_master",
    )
    assert owners == [("app_user", "app_user")]
    assert qualisys.run("tenant", "retire", "-e", "dev", "qualisys", "acme-corp").code == 0


def test_two_runs_at_once_make_each_tenant_once(qualisys: Project) -> None:
    command = ("tenant", "add", "-e", "dev", "qualisys", "--format", "json")
    results = finish(*(start(qualisys, *command) for _ in range(2)))
    assert [result.code for result in results] == [0, 0], results
    made = [state for result in results for state in states(result).values()]
    assert sorted(made) == ["added", "added", "unchanged", "unchanged"]


def test_an_approval_is_needed(qualisys: Project) -> None:
    qualisys.settings["environments.dev"] = {"approval": True}
    qualisys.write_settings()
    assert add(qualisys).code == 3
    assert add(qualisys, "--dry-run").code == 0
    qualisys.environ["ALLOW_DB_PROVISION"] = "true"
    assert add(qualisys).code == 0


def test_an_entry_that_is_not_there_yet(project: Project) -> None:
    project.write({"qualisys": {**ENTRY, "tenancy": {}}})
    refused = add(project, "acme")
    assert refused.code == 1
    assert "qualisys is not provisioned" in refused.err
    assert "pgtenant apply -e dev --only qualisys" in refused.err
    assert add(project).code == 64


def test_a_role_that_is_not_ours(qualisys: Project) -> None:
    qualisys.instance.su("COMMENT ON ROLE app_user IS NULL")
    for flags in ((), ("--dry-run",)):
        refused = add(qualisys, *flags)
        assert refused.code == 1
        assert "qualisys is blocked" in refused.err
    assert schemas(qualisys) == []


def test_an_owner_that_may_make_no_schema(qualisys: Project) -> None:
    qualisys.instance.su("REVOKE CREATE ON DATABASE qualisys_master FROM app_user")
    refused = add(qualisys)
    assert refused.code == 1
    assert "permission denied for database qualisys_master" in refused.err
    assert "`pgtenant apply` gives the owner back what it lacks" in refused.err
    qualisys.converge()
    assert add(qualisys).code == 0


def test_without_a_template(qualisys: Project) -> None:
    qualisys.write({"qualisys": {**ENTRY, "tenancy": {}}})
    made = add(qualisys, "acme")
    assert made.code == 0
    assert "acme  schema tenant_acme" in made.out
    assert "1 tenant made" in made.out


def test_a_template_of_nothing(qualisys: Project) -> None:
    (qualisys.root / "schemas" / "tenants" / "001_tables.sql").rename(qualisys.root / "x.sql")
    refused = add(qualisys)
    assert refused.code == 64
    assert "no `.sql` file is in it" in refused.err
