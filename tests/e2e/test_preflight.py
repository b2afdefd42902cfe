"""DNS and TCP are tried before the first connection, unless that is asked to be left out."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from support.instance import Instance
from support.project import Project

ENTRIES: dict[str, dict[str, Any]] = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "billing": {"database_name": "billing", "username": "billing_user"},
}
COMMANDS = (
    ("plan", "-e", "dev"),
    ("apply", "-e", "dev"),
    ("apply", "-e", "dev", "--dry-run"),
    ("adopt", "-e", "dev", "--all"),
    ("import", "-e", "dev"),
    ("bootstrap", "-e", "dev"),
)


def admin_at(project: Project, host: str, port: int) -> None:
    admin = project.instance.admin
    project.write_secret(
        "rds/master", admin.user, admin.password, admin.dbname, host=host, port=port
    )


@pytest.fixture
def closed() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_port_that_is_closed(project: Project, command: tuple[str, ...], closed: int) -> None:
    project.write(ENTRIES)
    admin_at(project, "localhost", closed)
    result = project.run(*command)
    assert result.code == 1
    assert f"cannot reach localhost:{closed} (" in result.err
    assert "and the port in goldenpath/dev/rds/master;" in result.err
    assert "Traceback" not in result.output
    skipped = project.run(*command, "--skip-preflight")
    assert skipped.code == 1
    assert f"cannot connect to localhost:{closed}/" in skipped.err
    assert "cannot reach" not in skipped.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_name_that_does_not_resolve(
    project: Project, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    project.write(ENTRIES)
    admin_at(project, "db.example.invalid", 5432)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    result = project.run(*command)
    assert result.code == 1
    assert "the host db.example.invalid does not resolve: Name or service" in result.err
    assert "check the host in the secret goldenpath/dev/rds/master" in result.err
    skipped = project.run(*command, "--skip-preflight")
    assert skipped.code == 1
    assert "the host's name does not resolve: check the secret's host" in skipped.err


def test_nobody_logs_in_where_nothing_answers(project: Project, closed: int) -> None:
    """The audit has a row for each entry, as with every run that could not begin."""
    project.write(ENTRIES)
    admin_at(project, "localhost", closed)
    assert project.apply().json["error"]["message"].startswith("cannot reach localhost")
    assert {row["status"] for row in project.audit_rows()} == {"error"}
    assert {row["username"] for row in project.audit_rows()} == {"orders_user", "billing_user"}


def test_the_setting_does_as_the_flag(project: Project, closed: int) -> None:
    project.write(ENTRIES)
    admin_at(project, "localhost", closed)
    project.environ = {"PGTENANT_SERVER_PREFLIGHT": "false"}
    assert "cannot connect to" in project.plan().err
    project.environ = {}
    project.settings = {"server": {"preflight": False}}
    project.write_settings()
    assert "cannot connect to" in project.plan().err


def test_authority_is_proven_all_the_same(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    instance.su("ALTER ROLE platform_admin NOCREATEROLE")
    result = project.apply("--skip-preflight")
    assert result.code == 1
    assert "the admin may not carry out this plan" in result.err
    assert instance.su("SELECT FROM pg_roles WHERE rolname LIKE '%%_user'") == []


def test_the_server_sees_nobody_who_did_not_come_to_work(
    project: Project, instance: Instance
) -> None:
    project.write(ENTRIES)
    mark = instance.log_mark()
    assert project.plan().code == 0
    said = instance.log_since(mark)
    assert "incomplete startup packet" not in said
    assert "invalid length of startup packet" not in said


def _led_elsewhere(project: Project, *arguments: str) -> set[str]:
    result = project.plan(*arguments)
    assert result.code == 0, result.output
    notes = [d for d in result.json["drift"] if d["kind"] == "secret"]
    assert all("may log in to another server" in note["message"] for note in notes)
    return {note["entry"] for note in notes}


def test_a_secret_that_leads_elsewhere_is_shown(project: Project, closed: int) -> None:
    project.write(ENTRIES)
    assert _led_elsewhere(project) == set()
    project.write_secret("orders/postgres", "orders_user", "x", "orders", host="127.0.0.9")
    assert _led_elsewhere(project) == {"orders"}
    assert _led_elsewhere(project, "--skip-preflight") == set()
    project.write_secret("billing/postgres", "billing_user", "x", "billing", port=closed)
    assert _led_elsewhere(project) == {"billing", "orders"}
    project.converge()  # it blocks nothing
    shown = project.run("plan", "-e", "dev").out
    assert "Secrets that lead to another server" in shown
    assert "127.0.0.9" not in shown  # people paste passwords into the wrong field


@pytest.mark.parametrize("alias", ["127.0.0.1", "LOCALHOST", "localhost."])
def test_another_name_of_the_same_server_is_none(project: Project, alias: str) -> None:
    project.write(ENTRIES)
    for key in ENTRIES:
        project.write_secret(f"{key}/postgres", f"{key}_user", "x", key, host=alias)
    assert _led_elsewhere(project) == set()
