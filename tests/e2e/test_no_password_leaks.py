"""No password in anything that pgtenant writes, sends, starts, or lets the server remember."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

import pgtenant.usecases.plan
from support.instance import Instance
from support.leaks import files_below, leaks, started_processes
from support.project import Project, Result, password_of
from support.siege import watching

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
    "legacy": {"database_name": "legacy", "username": "legacy_user"},
}
FIRST = {key: entry for key, entry in ENTRIES.items() if key != "legacy"}
USERS = tuple(str(entry["username"]) for entry in ENTRIES.values())
EXTRA = ("sentinel-rotated-1", "sentinel-wrong-2", "sentinel-admin-3")
REMEMBERING = {
    "log_min_messages": "debug1",
    "log_min_error_statement": "debug5",
    "log_parameter_max_length_on_error": "-1",
    "log_connections": "on",
    "log_duration": "on",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "all",
    "pg_stat_statements.track_utility": "on",
    "track_activity_query_size": "65536",
}
ACTIVITY = "SELECT query FROM pg_stat_activity, pg_sleep(0.002) WHERE pid <> pg_backend_pid()"
PLANTED = "planted-'sentinel'-%/?:\\pass"


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that can be read after the runs.

    Attributes:
        places: what each place holds.
        passwords: what none of them may hold.
    """

    places: dict[str, str | bytes]
    passwords: tuple[str, ...]


@pytest.fixture
def project(private_instance: Callable[..., Instance], tmp_path: Path) -> Project:
    instance = private_instance(settings=REMEMBERING)
    instance.su("CREATE EXTENSION pg_stat_statements")
    root = tmp_path / "project"
    root.mkdir()
    return Project(root=root, instance=instance)


def test_no_password_leaks(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    seen = _everything(project, tmp_path, monkeypatch)
    for where, text in seen.places.items():
        assert leaks(text, seen.passwords) == [], f"in {where}"
    verified = "SCRAM-SHA-256$"
    servers = {"server log", "pg_stat_statements", "pg_stat_activity"}
    assert all(leaks(seen.places[where], [verified]) for where in servers)
    for where in set(seen.places) - servers:
        assert leaks(seen.places[where], [verified]) == [], where
    _assert_that_it_can_fail(project, seen)
    assert {path.suffix for path in (project.root / ".secrets").rglob("*") if path.is_file()} == {
        ".json"
    }
    kinds = project.instance.su(
        "SELECT rolname, rolpassword LIKE 'SCRAM-SHA-256$%%' FROM pg_authid"
        " WHERE rolname = ANY (%s)",
        [list(USERS)],
    )
    assert sorted(kinds) == [(user, True) for user in sorted(USERS)]


def _everything(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seen:
    instance = project.instance
    with started_processes() as started, watching(instance, ACTIVITY) as active:
        results = [
            *_applying(project),
            *_wrong_secrets(project),
            *_unexpected(project, monkeypatch),
            *_adopting(project),
            *_delegating(project),
            *_reporting(project),
        ]
    codes = [int(result.code) for result in results]
    assert set(codes) == {0, 1, 2, 3, 64}, codes
    remembered = instance.su("SELECT query FROM pg_stat_statements")
    places: dict[str, str | bytes] = {
        "server log": instance.log_since(0),
        "pg_stat_statements": "\n".join(str(query) for (query,) in remembered),
        "pg_stat_activity": "\n".join(str(query) for (query,) in active),
        "started processes": "\n".join(started),
        "stdout": "".join(result.out for result in results),
        "stderr": "".join(result.err for result in results),
    }
    delegate = json.loads(project.secret_path("rds/provisioner").read_text())["password"]
    passwords = (instance.admin.password, delegate, *map(password_of, USERS), *EXTRA)
    places |= files_below(tmp_path, but=".secrets")
    return Seen(places, passwords)


def _assert_that_it_can_fail(project: Project, seen: Seen) -> None:
    """Each place was read, of each kind: what is no secret is found there by the same search."""
    files = {"rds_provision_audit.csv", "rds_provision_audit.journal.jsonl", "plan.json"}
    files |= {"export.csv", "export.jsonl", "imported.tfvars"}
    places = {path.rpartition("/")[2]: text for path, text in seen.places.items()}
    own = {"server log", "pg_stat_statements", "pg_stat_activity", "stdout", "stderr"}
    for where in (*own, *files):
        assert leaks(places[where], ["orders_user"]), where
    assert leaks(places["started processes"], ["rev-parse"])
    _assert_that_planted_ones_are_found(project)


def _assert_that_planted_ones_are_found(project: Project) -> None:
    instance = project.instance
    comment = sql.SQL("COMMENT ON ROLE rds_iam IS {}").format(sql.Literal(PLANTED))
    waiting = sql.SQL("SELECT pg_sleep(0.5), {}").format(sql.Literal(PLANTED))
    with watching(instance, ACTIVITY) as active:
        instance.su(comment)
        instance.su(waiting)
    assert leaks(str(active), [PLANTED])
    assert leaks(str(instance.su("SELECT query FROM pg_stat_statements")), [PLANTED])
    assert leaks(instance.log_since(0), [PLANTED])
    with started_processes() as started:
        subprocess.run(["true"], env={"PATH": "/usr/bin:/bin", "P": PLANTED}, check=True)
    assert leaks("".join(started), [PLANTED])
    (project.root / "forgotten").write_text(PLANTED)
    assert leaks(files_below(project.root, but=".secrets")["forgotten"], [PLANTED])


def _applying(project: Project) -> Iterator[Result]:
    project.write(FIRST)
    plan = str(project.root / "plan.json")
    for style in ("text", "json", "sql", "markdown"):
        yield project.run("plan", "-e", "dev", "--format", style, "--out", plan)
    yield project.run("plan", "-e", "dev", "--sql", "--detailed-exitcode")
    yield project.apply("--dry-run")
    yield project.run("apply", plan)
    yield project.run("apply", "-e", "dev")
    yield project.run("apply", plan)  # stale by now
    # The statement that sets a password fails, and the server logs it once more.
    project.write_secret("billing/postgres", "billing_user", EXTRA[0], "billing")
    with psycopg.connect(project.instance.superuser_conninfo()) as in_the_way:
        in_the_way.execute("LOCK TABLE pg_authid IN SHARE MODE")
        project.environ = {"PGTENANT_SERVER_LOCK_TIMEOUT": "200ms"}
        yield project.apply()
        yield project.run("apply", "-e", "dev", "--no-fail-fast")
        yield project.run("bootstrap", "-e", "dev")  # its secret is stored, its role is not made
    project.environ = {}
    assert "canceling statement due to lock timeout" in project.instance.log_since(0)
    yield project.converge()


def _wrong_secrets(project: Project) -> Iterator[Result]:
    """Secrets that are wrong in ways whose messages could quote them."""
    path = project.secret_path("orders/postgres")
    good = path.read_text()
    for user, password, other in (
        ("orders_user", EXTRA[1], {"port": "x"}),
        ("somebody", EXTRA[1], {}),
        (EXTRA[1], EXTRA[1], {}),
        ("orders_user", EXTRA[1] + "\0", {}),
        ("orders_user", EXTRA[1] + "\ud800", {}),
        ("orders_user", EXTRA[1], {"host": f"{EXTRA[1]}, x"}),
        ("orders_user", EXTRA[1], {"host": EXTRA[1]}),
    ):
        project.write_secret("orders/postgres", user, password, "orders", **other)
        yield project.plan()
        yield project.run("apply", "-e", "dev", "--no-fail-fast", "--dry-run")
    for broken in (good[:-2], f"{good}{good}", f"[{good}]", f"\ufeff{good}"):
        path.write_text(broken)
        yield project.plan()
    path.write_text(good)
    admin = project.instance.admin
    where: tuple[dict[str, Any], ...] = ({}, {"host": "localhost.invalid"}, {"port": 1})
    for other in where:
        project.write_secret("rds/master", admin.user, EXTRA[2], admin.dbname, **other)
        yield project.apply()
        yield project.run("bootstrap", "-e", "dev", "--skip-preflight")
        yield project.run("import", "-e", "dev")
    project.write_secret("rds/master", admin.user, admin.password, admin.dbname)
    catalog = project.catalog.read_text()
    project.write_catalog("nonsense")
    yield project.plan()
    project.write_catalog(catalog)


def _unexpected(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Result]:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("nobody thought of it")

    project.environ = {"PGTENANT_LOG_LEVEL": "debug"}
    with monkeypatch.context() as patch:
        patch.setattr(pgtenant.usecases.plan, "make_plan", fail)
        yield project.plan()
    project.environ |= {"PGTENANT_SERVER_SSLROOTCERT": "nowhere.pem"}
    yield project.apply()
    project.environ = {
        "PGTENANT_ENVIRONMENTS_DEV_APPROVAL": "true",
        "PGTENANT_LOG_LEVEL": "debug",
    }
    yield project.apply()
    yield project.run("bootstrap", "-e", "dev")
    project.environ |= {"ALLOW_DB_PROVISION": "true"}
    yield project.apply()
    project.environ = {}


def _adopting(project: Project) -> Iterator[Result]:
    """Roles that a careful hand made: the password never was in a statement of ours either."""
    admin = project.instance.admin
    with project.instance.connect(admin.user, admin.password, admin.dbname) as connection:
        password = password_of("legacy_user").encode()
        verifier = connection.pgconn.encrypt_password(password, b"legacy_user", b"scram-sha-256")
        connection.execute(
            sql.SQL("CREATE ROLE legacy_user LOGIN CREATEDB PASSWORD {}").format(
                sql.Literal(verifier.decode())
            )
        )
        connection.execute("GRANT legacy_user TO CURRENT_USER")
        connection.execute("CREATE DATABASE legacy OWNER legacy_user")
    project.write(ENTRIES)
    yield project.run("import", "-e", "dev")
    yield project.run("import", "-e", "dev", "--out", str(project.root / "imported.tfvars"))
    with project.tenant("legacy_user", "legacy"):
        yield project.run("adopt", "-e", "dev", "--all", "--dry-run")
    yield project.run("adopt", "-e", "dev", "--all", "--format", "json")
    yield project.run("adopt", "-e", "dev", "legacy")
    yield project.converge()


def _delegating(project: Project) -> Iterator[Result]:
    yield project.run("bootstrap", "-e", "dev", "--dry-run")
    yield project.run("bootstrap", "-e", "dev", "--format", "json")
    project.settings["secrets"] = {"admin": "goldenpath/{env}/rds/provisioner"}
    project.write_settings()
    yield project.run("apply", "-e", "dev")
    del project.settings["secrets"]
    project.write_settings()
    yield project.run("bootstrap", "-e", "dev", "--undo")


def _reporting(project: Project) -> Iterator[Result]:
    for style, name in (("csv", "export.csv"), ("json", "export.jsonl")):
        result = project.run("audit", "export", "-e", "dev", "--format", style)
        (project.root / name).write_text(result.out)
        yield result
    yield project.run("audit", "verify", "-e", "dev")
