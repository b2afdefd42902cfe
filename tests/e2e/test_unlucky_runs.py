"""Runs that fail halfway, saved plans without approval, databases that their owner took away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.instance import Instance
from support.oracle import assert_allowed, assert_denied, assert_refused, changing
from support.project import Project, render_catalog

ENTRIES: dict[str, dict[str, Any]] = {
    "alpha": {
        "database_name": "alpha",
        "username": "alpha_user",
        "initial_schema": "broken.sql",
    },
    "alpha_ro": {"database_name": "alpha", "username": "alpha_reader", "access_level": "reader"},
    "beta": {"database_name": "beta", "username": "beta_user"},
}
PLAIN = {"orders": {"database_name": "orders", "username": "orders_user"}}


@pytest.fixture
def broken(project: Project) -> Project:
    (project.root / "schemas").mkdir()
    (project.root / "schemas" / "broken.sql").write_text("CREATE TABLE made (); SELECT 1/0;")
    project.write(ENTRIES)
    return project


def _mend(project: Project) -> None:
    (project.root / "schemas" / "broken.sql").write_text("CREATE TABLE made ();")
    project.converge()
    assert_allowed(project, "alpha_reader", "alpha", "SELECT * FROM made")
    assert_allowed(project, "beta_user", "beta", "CREATE TABLE t ()")
    assert project.plan("--detailed-exitcode").code == 0


def test_the_first_error_stops_the_run(broken: Project) -> None:
    broken.settings = {"server": {"connections": 2}}  # one worker: alpha, then beta
    broken.write(ENTRIES)
    result = broken.apply()
    assert result.code == 1
    assert "division by zero" in result.err
    told = {(r["username"], r["status"]) for r in result.json["records"]}
    assert ("alpha_user", "success") in told  # what was done stays recorded
    assert ("alpha_user", "error") in told
    [said] = [r["message"] for r in result.json["records"] if r["status"] == "error"]
    assert said.count("initial schema broken.sql") == 1
    assert said in result.err  # word for word, and the columns of a list are no part of it
    assert ("beta_user", "success") not in told
    assert {r["username"] for r in broken.audit_rows()} == {e["username"] for e in ENTRIES.values()}
    _mend(broken)


def test_the_others_go_on_when_asked_to(broken: Project) -> None:
    result = broken.apply("--no-fail-fast")
    assert result.code == 1
    told = {(r["username"], r["status"]) for r in result.json["records"]}
    assert ("alpha_user", "error") in told
    assert ("beta_user", "success") in told
    assert ("beta_user", "error") not in told
    assert_allowed(broken, "beta_user", "beta")
    _mend(broken)


def test_a_saved_plan_needs_approval_as_well(
    project: Project, instance: Instance, tmp_path: Path
) -> None:
    project.env = "prod"
    project.write(PLAIN)
    saved = tmp_path / "plan.json"
    assert project.plan("--out", str(saved)).code == 0
    mark = instance.log_mark()
    assert project.run("apply", str(saved)).code == 3
    assert project.run("apply", str(saved), "-e", "dev").code == 64  # it is not for dev
    assert changing(instance.log_since(mark)) == []
    project.environ = {"ALLOW_DB_PROVISION": "true"}
    assert project.run("apply", str(saved)).code == 0


@pytest.mark.parametrize("how", ["dropped", "renamed"])
def test_a_database_that_its_owner_took_away(project: Project, how: str) -> None:
    project.write(PLAIN)
    project.converge()
    project.instance.su("GRANT CONNECT ON DATABASE postgres TO orders_user")
    with project.tenant("orders_user", "postgres") as owner:
        if how == "dropped":
            owner.execute("DROP DATABASE orders")
        else:
            owner.execute("ALTER DATABASE orders RENAME TO orders_elsewhere")
    plan = project.plan("--detailed-exitcode")
    assert plan.code == 2
    (note,) = [i["message"] for i in plan.json["drift"] if i["kind"] == "missing_database"]
    assert ("orders_elsewhere" in note) is (how == "renamed")  # what else the role owns
    project.converge()
    assert_allowed(project, "orders_user", "orders", "CREATE TABLE t ()")
    if how == "renamed":
        assert_allowed(project, "orders_user", "orders_elsewhere")
    assert project.plan("--detailed-exitcode").code == 0


@pytest.mark.parametrize("suffix", ["tfvars.json", "yaml"])
def test_other_notations(project: Project, suffix: str) -> None:
    text = {
        "tfvars.json": '{"application_databases": {"orders": {"database_name": "orders",'
        ' "username": "orders_user"}}}',
        "yaml": "application_databases:\n  orders:\n    database_name: orders\n"
        "    username: orders_user\n",
    }
    project.settings = {"project": {"catalog": f"envs/{{env}}.{suffix}"}}
    project.write(PLAIN)
    project.catalog.unlink()
    (project.root / "envs" / f"dev.{suffix}").write_text(text[suffix])
    project.converge()
    assert_allowed(project, "orders_user", "orders", "CREATE TABLE t ()")


def test_an_empty_catalog_is_one(project: Project) -> None:
    project.write({})
    project.write_catalog(render_catalog({}))
    result = project.converge()
    assert result.json["records"] == []


def test_the_maintenance_database_is_reserved(project: Project) -> None:
    project.write({"orders": {"database_name": "platform", "username": "orders_user"}})
    result = project.apply()
    assert result.code == 64
    assert "platform" in result.err


def test_a_reader_of_one_database_is_nobody_in_another(project: Project) -> None:
    """Two databases, a reader in each: neither sees the other's."""
    project.write(
        {
            f"{name}{suffix}": {"database_name": name, "username": f"{name}_{level}"}
            | ({"access_level": level} if level != "owner" else {})
            for name in ("left", "right")
            for suffix, level in (("", "owner"), ("_ro", "reader"))
        }
    )
    project.converge()
    for name in ("left", "right"):
        with project.tenant(f"{name}_owner", name) as owner:
            owner.execute("CREATE TABLE t ()")
    for mine, other in (("left", "right"), ("right", "left")):
        assert_allowed(project, f"{mine}_reader", mine, "SELECT * FROM t")
        assert_denied(project, f"{mine}_reader", mine, "CREATE TEMPORARY TABLE x ()")
        assert_refused(project, f"{mine}_reader", other)
