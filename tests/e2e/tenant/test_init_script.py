"""`render sql`: a script that psql runs, again and again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgtenant.cli import main
from support.instance import Instance
from support.project import Project, Result, password_of
from support.psql import run_script
from support.qualisys import ENTRY, USER

PASSWORD = password_of(USER)


def _script(project: Project, **other: Any) -> Path:
    project.write({"qualisys": ENTRY | other})
    script = project.root / "infrastructure" / "scripts" / "db-init.sql"
    script.parent.mkdir(parents=True)
    made = project.run("render", "sql", "-e", "dev", "qualisys", "--out", str(script))
    assert made.code == 0, made.output
    return script


def _run(project: Project, script: Path, password: str = PASSWORD) -> Result:
    return run_script(project.instance, script, environ={"APP_USER_PASSWORD": password})


@pytest.mark.every_major
def test_twice_and_then_nothing_is_left_to_do(project: Project, instance: Instance) -> None:
    script = _script(project)
    for _ in range(2):
        done = _run(project, script)
        assert (done.code, done.err) == (0, ""), done.output
    plan = project.plan("--detailed-exitcode")
    assert plan.code == 0, plan.output
    assert instance.su(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles"
        " WHERE rolname = 'app_user'"
    ) == [(False, False, False, False)]
    assert instance.su(
        "SELECT count(*) FROM pg_auth_members WHERE roleid = 'app_user'::regrole"
        " AND (member = 'platform_admin'::regrole AND grantor = member)"
    ) == [(0,)]
    with project.tenant("app_user", "qualisys_master") as app:
        assert app.execute(
            "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'pgtenant%'"
        ).fetchone() == (0,)


def test_init_lays_the_same_script_out(project: Project) -> None:
    script = _script(project).read_text()
    assert main(["init", str(project.root / "platform")]) == 0
    laid_out = project.root / "platform" / "infrastructure" / "scripts" / "db-init.sql"
    assert laid_out.read_text().endswith(f"\n--\n{script}")


def test_with_a_verifier_in_the_passwords_place(project: Project) -> None:
    script = _script(project, connection_limit=7)
    with project.instance.connect(*dataclasses.astuple(project.instance.admin)) as admin:
        hidden = admin.pgconn.encrypt_password(PASSWORD.encode(), b"app_user", b"scram-sha-256")
    mark = project.instance.log_mark()
    done = _run(project, script, hidden.decode())
    assert done.code == 0, done.output
    assert "Not checked: row security" in done.err
    assert project.plan("--detailed-exitcode").code == 0
    assert PASSWORD not in project.instance.log_since(mark)


def test_behind_an_apply_and_an_apply_behind_it(project: Project, instance: Instance) -> None:
    script = _script(project, initial_schema="basic-app")
    project.converge()
    done = _run(project, script)
    assert done.code == 0, done.output
    assert project.plan("--detailed-exitcode").code == 0
    comments = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    ((comment,),) = instance.su(comments, ["qualisys_master"])
    assert '"initial_schema":"basic-app"' in comment


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("CREATE ROLE app_user LOGIN", "was not made for the entry qualisys of dev"),
        ("CREATE DATABASE qualisys_master", "belongs to another role than app_user"),
    ],
)
def test_what_is_somebody_elses_stays_so(project: Project, before: str, says: str) -> None:
    script = _script(project)
    project.instance.su(before)
    done = _run(project, script)
    assert done.code == 3
    assert says in done.err


def test_powers_are_found(project: Project, instance: Instance) -> None:
    script = _script(project)
    assert _run(project, script).code == 0
    for power in ("BYPASSRLS", "CREATEDB", "NOLOGIN"):
        instance.su(f"ALTER ROLE app_user {power}")
        assert _run(project, script).code == 3
        instance.su("ALTER ROLE app_user NOBYPASSRLS NOCREATEDB LOGIN")
    instance.su("CREATE ROLE backup BYPASSRLS")
    instance.su("GRANT backup TO app_user")
    assert "a member of one with such powers" in _run(project, script).err


@pytest.mark.parametrize("password", ["", None])
def test_without_a_password_nothing_is_made(
    project: Project, password: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("APP_USER_PASSWORD", raising=False)
    script = _script(project)
    environ = {} if password is None else {"APP_USER_PASSWORD": password}
    done = run_script(project.instance, script, environ=environ)
    assert done.code == 3
    assert "password" in done.err
    assert project.instance.su("SELECT FROM pg_roles WHERE rolname = 'app_user'") == []


def test_what_is_out_of_service_stays_so(project: Project) -> None:
    script = _script(project)
    project.converge()
    retired = project.run("retire", "-e", "dev", "qualisys", "--stage", "disable")
    assert retired.code == 0, retired.output
    done = _run(project, script)
    assert done.code == 3
    assert "out of service" in done.err


def test_where_it_ended_it_goes_on(project: Project, instance: Instance) -> None:
    text = (script := _script(project)).read_text()
    end = text.index("-- The admin is a member")
    script.write_text(text[:end])
    assert _run(project, script).code == 0
    with pytest.raises(psycopg.OperationalError):
        instance.su("SELECT", dbname="qualisys_master")
    script.write_text(text)
    assert _run(project, script).code == 0
    assert project.plan("--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"access_level": "reader", "tenancy": None}, "has no database to make"),
        ({"auth": "iam"}, "no password to set"),
        ({"rotation": "alternate"}, "two logins"),
    ],
)
def test_entries_that_no_script_can_make(
    project: Project, other: dict[str, Any], says: str
) -> None:
    fields = {key: value for key, value in (ENTRY | other).items() if value is not None}
    owner = {"database_name": "qualisys_master", "username": "owner_user"}
    others = {"owner": owner} if other.get("access_level") else {}
    project.write({"qualisys": fields} | others, secrets=False)
    refused = project.run("render", "sql", "-e", "dev", "qualisys")
    assert refused.code == 64, refused.output
    assert says in refused.err


def test_an_entry_that_is_not_there(project: Project) -> None:
    project.write({"qualisys": ENTRY}, secrets=False)
    refused = project.run("render", "sql", "-e", "dev", "nothing")
    assert refused.code == 64
    assert "has no entry nothing" in refused.err
