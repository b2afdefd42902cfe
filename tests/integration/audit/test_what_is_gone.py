"""What an earlier run planned and what is gone since: nobody claims that it was carried out.

Each of these runs ends, for its journal, before its first change: so much of it is left as a
process leaves that is killed there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import sql

from pgtenant.audit.journal import journal_path
from support.instance import Instance
from support.project import Project, password_of
from support.siege import SHOP

Undo = Callable[[Project, Instance], None]


@pytest.fixture
def project(instance: Instance, tmp_path: Path) -> Project:
    project = Project(root=tmp_path, instance=instance)
    project.write(SHOP)
    return project


def as_owner(project: Project, *statements: str) -> None:
    with project.tenant("shop_user", "shop") as owner:
        owner.autocommit = True
        for statement in statements:
            owner.execute(statement.encode())


def table(project: Project, _: Instance) -> None:
    as_owner(project, "CREATE TABLE t (i int)", "REVOKE ALL ON t FROM shop_reader")


def dropped_table(project: Project, _: Instance) -> None:
    as_owner(project, "DROP TABLE t")


def renamed_table(project: Project, _: Instance) -> None:
    as_owner(project, "ALTER TABLE t RENAME TO u")


def own_database(project: Project, _: Instance) -> None:
    as_owner(project, "CREATE DATABASE shop_plugin")


def dropped_database(project: Project, _: Instance) -> None:
    as_owner(project, "DROP DATABASE shop_plugin")


def other_secret(project: Project, _: Instance) -> None:
    project.write_secret("shop/postgres", "shop_user", "fake-other-pass-123", "shop")


def secret_again(project: Project, instance: Instance) -> None:
    password = sql.Literal(password_of("shop_user"))
    instance.su(sql.SQL("ALTER ROLE shop_user PASSWORD {}").format(password))
    project.write_secret("shop/postgres", "shop_user", password_of("shop_user"), "shop")


@pytest.mark.parametrize(
    ("make", "undo"),
    [
        (table, dropped_table),
        (table, renamed_table),
        (own_database, dropped_database),
        (other_secret, secret_again),
    ],
)
def test_it_is_not_said_to_be_done(
    project: Project, instance: Instance, make: Undo, undo: Undo
) -> None:
    project.converge()
    make(project, instance)
    project.environ["PGTENANT_RUN_ID"] = "killed"
    without_its_changes(project, "apply", "-e", "dev")
    undo(project, instance)
    project.converge("--run-id", "next")
    assert_unknown(project)


def test_a_bootstrap_claims_nothing_of_roles_that_are_gone(
    project: Project, instance: Instance
) -> None:
    project.converge()
    project.environ["PGTENANT_RUN_ID"] = "killed"
    without_its_changes(project, "bootstrap", "-e", "dev")
    instance.su("DROP DATABASE shop WITH (FORCE)")
    instance.su("DROP ROLE shop_user, shop_reader")
    project.environ["PGTENANT_RUN_ID"] = "next"
    assert project.run("bootstrap", "-e", "dev").code == 0
    rows = [row for row in settling(project) if "shop" in row["message"]]
    assert rows
    assert all("shop" not in row["message"] for row in settling(project, "carried out by"))


def without_its_changes(project: Project, *command: str) -> None:
    """Run a command, then take from the audit what it wrote after its plan."""
    csv = project.audit.read_bytes()
    assert project.run(*command).code == 0
    journal = journal_path(project.audit)
    lines = journal.read_bytes().splitlines(keepends=True)
    mine = [json.loads(line)["run_id"] == "killed" for line in lines]
    kinds = [json.loads(line)["kind"] for line in lines]
    (end,) = (n for n, kind in enumerate(kinds) if mine[n] and kind == "settled")
    assert "planned" in kinds[mine.index(True) : end]
    journal.write_bytes(b"".join(lines[: end + 1]))
    project.audit.write_bytes(csv)


def settling(project: Project, beginning: str = "") -> list[dict[str, str]]:
    return [
        row
        for row in project.audit_rows()
        if row["run_id"] == "next"
        and "run killed, which ended before" in row["message"]
        and row["message"].startswith(beginning)
    ]


def assert_unknown(project: Project) -> None:
    rows = settling(project)
    assert rows
    for row in rows:
        assert row["status"] == "warning"
        assert "that can't be known any more" in row["message"]
    assert project.run("audit", "verify", "-e", "dev").code == 0
