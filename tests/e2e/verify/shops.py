"""Two tenants, and what the tests of `verify` ask of a run."""

from __future__ import annotations

from typing import Any

from support.project import Project, Result

ENTRIES: dict[str, dict[str, Any]] = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "orders_rw": {
        "database_name": "orders",
        "username": "orders_editor",
        "access_level": "editor",
    },
    "orders_ro": {
        "database_name": "orders",
        "username": "orders_reader",
        "access_level": "reader",
    },
    "billing": {"database_name": "billing", "username": "billing_user"},
}


def provisioned(project: Project) -> None:
    """Apply, and make a table of each tenant's."""
    project.write(ENTRIES)
    project.converge()
    for user, dbname in (("orders_user", "orders"), ("billing_user", "billing")):
        with project.tenant(user, dbname) as owner:
            owner.execute("CREATE SCHEMA app")
            owner.execute("CREATE TABLE app.items (id int PRIMARY KEY, name text, price int)")
            owner.execute("INSERT INTO app.items VALUES (1, 'one', 10)")


def verify(project: Project, *arguments: str) -> Result:
    return project.run("verify", "-e", project.env, "--format", "json", *arguments)


def attempts(result: Result, *verdicts: str) -> list[dict[str, Any]]:
    """The attempts with one of these verdicts, all but the passed ones by default."""
    wanted = verdicts or ("failed", "not_proven", "warning")
    return [a for a in result.json["attempts"] if a["verdict"] in wanted]


def assert_isolated(project: Project) -> Result:
    """Insist on a run without any finding."""
    result = verify(project)
    assert attempts(result) == []
    assert result.json["holes"] == []
    assert [f for f in result.json["findings"] if f["severity"] != "note"] == []
    assert result.code == 0, result.output
    return result
