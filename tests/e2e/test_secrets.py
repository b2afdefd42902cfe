"""Bad secrets, rotated passwords, and roles that somebody changed by hand."""

from __future__ import annotations

import json
from collections.abc import Callable

import psycopg
import pytest

from support.instance import Instance
from support.oracle import changing, nobody_connects
from support.project import Project, password_of

ENTRIES = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "billing": {"database_name": "billing", "username": "billing_user"},
}


def _edit(project: Project, **other: object) -> None:
    path = project.secret_path("orders/postgres")
    fields = json.loads(path.read_text()) | other
    path.write_text(
        json.dumps({name: value for name, value in fields.items() if value is not None})
    )


def _rewrite(project: Project, change: Callable[[str], str | bytes]) -> None:
    path = project.secret_path("orders/postgres")
    written = change(path.read_text())
    path.write_bytes(written.encode() if isinstance(written, str) else written)


BREAK: dict[str, Callable[[Project], object]] = {
    "missing": lambda p: p.secret_path("orders/postgres").unlink(),
    "not JSON": lambda p: p.secret_path("orders/postgres").write_text("{"),
    "no password": lambda p: _edit(p, password=None),
    "empty password": lambda p: _edit(p, password=""),
    "another user": lambda p: _edit(p, username="somebody_else"),
    "a list": lambda p: _rewrite(p, lambda text: f"[{text}]"),
    "1 MiB": lambda p: _edit(p, note="x" * 2**20),
    "byte order mark": lambda p: _rewrite(p, lambda text: f"\ufeff{text}"),
    "UTF-16": lambda p: _rewrite(p, lambda text: text.encode("utf-16")),
    "UTF-16 without a mark": lambda p: _rewrite(p, lambda text: text.encode("utf-16-le")),
    "NUL bytes": lambda p: _rewrite(p, lambda text: text + "\0"),
    "NUL in the password": lambda p: _edit(p, password=password_of("orders_user") + "\0"),
    "half a surrogate pair": lambda p: _edit(p, password=password_of("orders_user") + "\ud800"),
    "port NaN": lambda p: _edit(p, port=float("nan")),
    "port true": lambda p: _edit(p, port=True),
    "nested password": lambda p: _edit(p, password={"value": password_of("orders_user")}),
    "password twice": lambda p: _rewrite(p, lambda text: text[:-1] + ', "password": "x"}'),
    "world-readable": lambda p: p.secret_path("orders/postgres").chmod(0o644),
}


@pytest.mark.parametrize("kind", BREAK)
def test_a_bad_secret_stops_all(project: Project, kind: str) -> None:
    project.write(ENTRIES)
    BREAK[kind](project)
    with nobody_connects(project):
        for result in (project.plan(), project.apply()):
            assert result.code == 1, result.output
            assert "orders/postgres" in result.err
            assert password_of("orders_user") not in result.output
            assert result.json["error"]["message"]


def test_the_others_proceed_when_asked_to(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    BREAK["another user"](project)
    result = project.apply("--no-fail-fast")
    assert result.code == 1
    statuses = {(r["username"], r["action"], r["status"]) for r in result.json["records"]}
    assert ("orders_user", "fetch_secret", "error") in statuses
    assert {status for user, _, status in statuses if user == "billing_user"} == {"success"}
    assert instance.su("SELECT 1 FROM pg_roles WHERE rolname = 'orders_user'") == []
    with project.tenant("billing_user", "billing"):
        pass
    assert {r["status"] for r in project.audit_rows() if r["username"] == "orders_user"} == {
        "error"
    }


def test_a_rotated_password(aws_project: Project, instance: Instance) -> None:
    project = aws_project
    project.write(ENTRIES)
    project.converge()
    project.write_secret("orders/postgres", "orders_user", "rotated-'\"$", "orders")
    planned = project.plan("--detailed-exitcode")
    assert planned.code == 2
    assert [(c["kind"], c["entry"]) for c in planned.json["changes"]] == [
        ("update_password", "orders")
    ]
    with project.tenant("orders_user", "orders"):
        pass  # a plan changes nothing
    project.converge()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        project.tenant("orders_user", "orders")
    with instance.connect("orders_user", "rotated-'\"$", "orders"):
        pass
    assert project.plan("--detailed-exitcode").code == 0


def test_an_expired_role_is_reported_and_not_reset(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    project.converge()
    instance.su("ALTER ROLE orders_user VALID UNTIL '2020-01-01'")
    before = instance.su("SELECT rolpassword FROM pg_authid WHERE rolname = 'orders_user'")
    plan = project.plan("--detailed-exitcode")
    assert plan.code == 0
    assert "expired" in {item["kind"] for item in plan.json["drift"]}
    project.converge()
    assert instance.su("SELECT rolpassword FROM pg_authid WHERE rolname = 'orders_user'") == before


def test_attributes_are_repaired(project: Project, instance: Instance) -> None:
    project.write(ENTRIES | {"orders": ENTRIES["orders"] | {"connection_limit": 5}})
    project.converge()
    instance.su("ALTER ROLE orders_user NOLOGIN NOCREATEDB CREATEROLE CONNECTION LIMIT 0")
    planned = project.plan().json["changes"]
    assert [(c["kind"], c["role"]) for c in planned] == [("alter_role", "orders_user")]
    mark = instance.log_mark()
    project.converge()
    assert [s for s in changing(instance.log_since(mark)) if "PASSWORD" in s] == []
    assert instance.su(
        "SELECT rolcanlogin, rolcreatedb, rolcreaterole, rolconnlimit FROM pg_roles"
        " WHERE rolname = 'orders_user'"
    ) == [(True, True, False, 5)]
    assert project.plan("--detailed-exitcode").code == 0


def test_an_entry_may_name_its_own_secret(project: Project) -> None:
    project.write({"orders": {**ENTRIES["orders"], "secret": "elsewhere/orders"}}, secrets=False)
    admin = project.instance.admin
    project.write_secret("rds/master", admin.user, admin.password, admin.dbname)
    project.write_secret("orders/postgres", "orders_user", "not this one", "orders")
    theirs = project.secret_path("orders/postgres")
    elsewhere = project.root / ".secrets" / "elsewhere" / "orders.json"
    elsewhere.parent.mkdir()
    fields = json.loads(theirs.read_text()) | {"password": password_of("orders_user")}
    elsewhere.touch(mode=0o600)
    elsewhere.write_text(json.dumps(fields))
    project.converge()
    with project.tenant("orders_user", "orders"):
        pass
