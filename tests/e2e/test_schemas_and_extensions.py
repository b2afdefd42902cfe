"""Initial schemas and extensions: made once, as the owner's own login."""

from __future__ import annotations

from typing import Any

import pytest

from support.instance import Instance
from support.oracle import assert_allowed, assert_denied, changing
from support.project import Project

OWNER = {"database_name": "orders", "username": "orders_user"}
MEMBERS: dict[str, dict[str, Any]] = {
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
}


def _entries(**owner: Any) -> dict[str, dict[str, Any]]:
    return {"orders": OWNER | owner} | MEMBERS


def _own_schema(project: Project, text: str, name: str = "orders.sql") -> None:
    path = project.root / "schemas" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_extensions(project: Project, instance: Instance) -> None:
    offered = instance.su(
        "SELECT name, bool_or(trusted) FROM pg_available_extension_versions"
        " WHERE name IN ('citext', 'dblink') GROUP BY 1 ORDER BY 1"
    )
    assert offered == [("citext", True), ("dblink", False)]
    project.write(_entries(extensions=["citext", "dblink", "postgis_nowhere"]))
    project.converge()
    assert instance.su(
        "SELECT extname, pg_get_userbyid(extowner) FROM pg_extension"
        " WHERE extname <> 'plpgsql' ORDER BY 1",
        dbname="orders",
    ) == [("citext", "orders_user")]
    plan = project.plan("--detailed-exitcode")
    assert plan.code == 0
    notes = {i["message"]: i["statement"] for i in plan.json["drift"] if i["kind"] == "extension"}
    assert len(notes) == 2
    assert {text for text in notes.values() if text} == {'CREATE EXTENSION "dblink"'}
    assert any("postgis_nowhere" in message for message in notes)


@pytest.mark.every_major
def test_basic_app(project: Project, instance: Instance) -> None:
    project.write(_entries(initial_schema="basic-app"))
    project.converge()
    insert = "INSERT INTO app.users (email) VALUES ('someone@example.com')"
    assert_allowed(
        project,
        "orders_editor",
        "orders",
        insert,
        "INSERT INTO app.settings (key, value) VALUES ('a.b', '1')",
        "INSERT INTO app.audit_log (action, entity_type, entity_id) VALUES ('a', 'b', 'c')",
    )
    read = ("SELECT * FROM app.users", "SELECT * FROM app.settings", "SELECT * FROM app.audit_log")
    assert_allowed(project, "orders_reader", "orders", *read)
    assert_denied(project, "orders_reader", "orders", insert)
    assert instance.su(
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class"
        " WHERE relnamespace = 'app'::regnamespace",
        dbname="orders",
    ) == [("orders_user",)]
    # Once means once: not with the database's comment lost, not with its tables gone.
    assert project.plan("--detailed-exitcode").code == 0
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("COMMENT ON DATABASE orders IS NULL")
        owner.execute("DROP SCHEMA app CASCADE")
    assert "apply_schema" not in {c["kind"] for c in project.plan().json["changes"]}
    project.converge()
    assert instance.su("SELECT to_regnamespace('app')", dbname="orders") == [(None,)]


def test_event_sourcing(project: Project) -> None:
    project.write(_entries(initial_schema="event-sourcing"))
    project.converge()
    append = """SELECT es.append('order-1', 'order', 0, '[{"type": "placed", "data": {}}]')"""
    assert_allowed(project, "orders_editor", "orders", append)
    with project.tenant("orders_reader", "orders") as reader:
        events = reader.execute("SELECT event_type, version FROM es.events").fetchall()
        assert events == [("placed", 1)]
        read = reader.execute("SELECT count(*) FROM es.read_after('0', 0, 10)").fetchone()
        assert read == (1,)
    assert_denied(project, "orders_reader", "orders", append.replace("order-1", "order-2"))
    assert project.plan("--detailed-exitcode").code == 0


def test_a_schema_of_the_project(project: Project, instance: Instance) -> None:
    _own_schema(
        project, "CREATE TABLE made (n int DEFAULT 1);\nINSERT INTO made VALUES (1); -- end"
    )
    project.write(_entries(initial_schema="orders.sql"))
    project.converge()
    assert_allowed(project, "orders_reader", "orders", "SELECT * FROM made")
    _own_schema(project, "CREATE TABLE another ()")
    mark = instance.log_mark()
    assert project.plan("--detailed-exitcode").code == 0
    project.converge()
    assert changing(instance.log_since(mark)) == []
    project.write(_entries(initial_schema="basic-app"))
    plan = project.plan("--detailed-exitcode")
    assert (plan.code, [i["kind"] for i in plan.json["drift"]]) == (0, ["initial_schema"])


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE first (); SELECT 1/0;",
        "CREATE TABLE first (); COMMIT; SELECT 1;",
        "CREATE TABLE first (); SYNTAX ERROR",
        "CREATE TABLE first (); CREATE ROLE sneaky SUPERUSER;",
    ],
)
def test_a_failing_schema_leaves_nothing(project: Project, instance: Instance, text: str) -> None:
    _own_schema(project, text)
    project.write(_entries(initial_schema="orders.sql"))
    failed = project.apply()
    assert failed.code == 1
    errors = [r for r in failed.json["records"] if r["status"] == "error"]
    assert [(r["action"], r["username"]) for r in errors] == [("apply_schema", "orders_user")]
    if "COMMIT" not in text:
        assert instance.su("SELECT to_regclass('first')", dbname="orders") == [(None,)]
    # It stays due, and runs when it is mended.
    instance.su("DROP TABLE IF EXISTS first", dbname="orders")
    _own_schema(project, "CREATE TABLE first ();")
    project.converge()
    assert_allowed(project, "orders_reader", "orders", "SELECT * FROM first")
    assert project.plan("--detailed-exitcode").code == 0


def test_a_missing_schema_is_a_catalog_error(project: Project) -> None:
    project.write(_entries(initial_schema="nowhere.sql"))
    result = project.apply()
    assert result.code == 64
    assert "nowhere.sql" in result.err


def test_copy_to_the_client_is_refused_by_name(project: Project, instance: Instance) -> None:
    schema = project.root / "schemas" / "copy.sql"
    schema.parent.mkdir()
    schema.write_text("CREATE TABLE t (n int); COPY t TO STDOUT")
    project.write(
        {"shop": {"database_name": "shop", "username": "shop_user", "initial_schema": "copy.sql"}}
    )
    applied = project.apply()
    assert applied.code == 1
    assert "load rows with INSERT" in applied.err
    assert "connection was lost" not in applied.err
    assert instance.su("SELECT 1 FROM pg_class WHERE relname = 't'", dbname="shop") == []
