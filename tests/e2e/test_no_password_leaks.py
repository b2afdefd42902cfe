"""No password in the server's log or in anything that pgtenant writes."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support.instance import Instance
from support.project import Project, Result, password_of

ENTRIES: dict[str, dict[str, Any]] = {
    "orders": {
        "database_name": "orders",
        "username": "orders_user",
        "initial_schema": "basic-app",
        "extensions": ["citext"],
    },
    "orders_ro": {
        "database_name": "orders",
        "username": "orders_reader",
        "access_level": "reader",
    },
    "billing": {"database_name": "billing", "username": "billing_user"},
}
USERS = ("orders_user", "orders_reader", "billing_user")
EXTRA = ("sentinel-rotated-1", "sentinel-wrong-2", "sentinel-admin-3")
LOGGING = {
    "log_min_messages": "debug1",
    "log_min_error_statement": "debug5",
    "log_parameter_max_length_on_error": "-1",
    "log_connections": "on",
    "log_duration": "on",
}


@pytest.fixture
def talkative(private_instance: Callable[..., Instance], tmp_path: Path) -> Project:
    return Project(root=tmp_path, instance=private_instance(settings=LOGGING))


def _forms(password: str) -> Iterator[str]:
    yield password
    yield password.replace("'", "''").replace("\\", "\\\\")
    yield urllib.parse.quote(password, safe="")
    yield password.replace("\\", "\\\\")


def test_no_password_leaks(talkative: Project, tmp_path: Path) -> None:
    project = talkative
    project.write(ENTRIES)
    results = list(_runs(project, tmp_path))
    assert {result.code for result in results} == {0, 1, 2, 3, 64}
    texts = {
        "server log": project.instance.log_since(0),
        "saved plan": (tmp_path / "plan.json").read_text(),
        "audit": project.audit.read_text(),
        "stdout": "".join(result.out for result in results),
        "stderr": "".join(result.err for result in results),
    }
    assert all(len(text) > 1000 for text in texts.values())
    passwords = [project.instance.admin.password, *map(password_of, USERS), *EXTRA]
    for where, text in texts.items():
        for password in passwords:
            for form in _forms(password):
                assert form not in text, f"{password} in the {where}"
    assert "SCRAM-SHA-256$" in texts["server log"]
    for where in set(texts) - {"server log"}:
        assert "SCRAM-SHA-256$" not in texts[where], where
    kinds = project.instance.su(
        "SELECT rolname, rolpassword LIKE 'SCRAM-SHA-256$%%' FROM pg_authid"
        " WHERE rolname = ANY (%s)",
        [list(USERS)],
    )
    assert sorted(kinds) == [(user, True) for user in sorted(USERS)]


def _runs(project: Project, tmp_path: Path) -> Iterator[Result]:
    """Every way to succeed and to fail that has a password near it."""
    for style in ("text", "json", "sql", "markdown"):
        yield project.run(
            "plan", "-e", "dev", "--format", style, "--out", str(tmp_path / "plan.json")
        )
    yield project.run("plan", "-e", "dev", "--sql", "--detailed-exitcode")
    yield project.apply("--dry-run")
    yield project.run("apply", "-e", "dev")
    yield project.converge()
    # The statement that sets a password fails, and the server logs it once more.
    project.write_secret("billing/postgres", "billing_user", EXTRA[0], "billing")
    with psycopg.connect(project.instance.superuser_conninfo()) as in_the_way:
        in_the_way.execute("LOCK TABLE pg_authid IN SHARE MODE")
        project.environ = {"PGTENANT_SERVER_LOCK_TIMEOUT": "200ms"}
        yield project.apply()
        yield project.run("apply", "-e", "dev", "--no-fail-fast")
    project.environ = {}
    assert "canceling statement due to lock timeout" in project.instance.log_since(0)
    yield project.converge()
    # Secrets that are wrong in ways whose messages could quote them.
    path = project.secret_path("orders/postgres")
    good = path.read_text()
    project.write_secret("orders/postgres", "orders_user", EXTRA[1], "orders", port="x")
    yield project.apply("--no-fail-fast")
    project.write_secret("orders/postgres", "somebody", EXTRA[1], "orders")
    yield project.plan()
    path.write_text(good[:-2])
    yield project.plan()
    path.write_text(good)
    admin = project.instance.admin
    project.write_secret("rds/master", admin.user, EXTRA[2], admin.dbname)
    yield project.apply()
    project.write_secret("rds/master", admin.user, admin.password, admin.dbname)
    catalog = project.catalog.read_text()
    project.write_catalog("nonsense")
    yield project.plan()
    project.write_catalog(catalog)
    project.environ = {"PGTENANT_ENVIRONMENTS_DEV_APPROVAL": "true", "PGTENANT_LOG_LEVEL": "debug"}
    yield project.apply()
    project.environ |= {"ALLOW_DB_PROVISION": "true"}
    yield project.apply()
