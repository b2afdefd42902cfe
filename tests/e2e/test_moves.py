"""Entries that change: keys, databases, and names that would be SQL elsewhere."""

from __future__ import annotations

from psycopg import sql

from support.instance import Instance
from support.oracle import assert_allowed, assert_denied, assert_refused, table_powers
from support.project import Project

ORDERS = {"database_name": "orders", "username": "orders_user"}
BILLING = {"database_name": "billing", "username": "billing_user"}
READER = {"database_name": "orders", "username": "report_reader", "access_level": "reader"}
HOSTILE = (
    'x"; DROP ROLE billing_user; --',
    "pwn SUPERUSER --",
    "50%s %(x)s",
    "\u212aelvin",
    "\ttab",
)


def test_a_key_may_change(project: Project, instance: Instance) -> None:
    project.write({"orders": ORDERS, "report": READER})
    project.converge()
    before = instance.su("SELECT oid FROM pg_database WHERE datname = 'orders'")
    project.write({"orders_new": ORDERS, "report": READER})
    planned = project.plan().json["changes"]
    assert {change["kind"] for change in planned} <= {"mark_role", "mark_database"}
    project.converge()
    assert instance.su("SELECT oid FROM pg_database WHERE datname = 'orders'") == before
    assert project.plan("--detailed-exitcode").code == 0


def test_a_reader_moves_to_another_database(project: Project, instance: Instance) -> None:
    project.write({"orders": ORDERS, "billing": BILLING, "report": READER})
    project.converge()
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("CREATE TABLE t ()")
    with project.tenant("billing_user", "billing") as owner:
        owner.execute("CREATE TABLE t ()")
    moved = READER | {"database_name": "billing"}
    project.write({"orders": ORDERS, "billing": BILLING, "report": moved})
    project.converge()
    assert_allowed(project, "report_reader", "billing", "SELECT * FROM t")
    left_behind = {
        i["database"] for i in project.plan().json["drift"] if i["role"] == "report_reader"
    }
    assert "orders" in left_behind
    project.converge("--authoritative")
    assert_refused(project, "report_reader", "orders")
    assert table_powers(instance, "report_reader", "orders", "t") == set()
    assert (
        instance.su(
            "SELECT 1 FROM pg_default_acl, aclexplode(defaclacl) a"
            " WHERE a.grantee = 'report_reader'::regrole",
            dbname="orders",
        )
        == []
    )
    assert_allowed(project, "report_reader", "billing", "SELECT * FROM t")
    assert project.plan("--authoritative", "--detailed-exitcode").code == 0


def test_an_owner_gets_another_database(project: Project) -> None:
    project.write({"orders": ORDERS})
    project.converge()
    project.write({"orders": ORDERS | {"database_name": "orders_v2"}})
    project.converge()
    assert_allowed(project, "orders_user", "orders_v2", "CREATE TABLE t ()")
    assert_allowed(project, "orders_user", "orders", "CREATE TABLE t ()")  # nothing is dropped
    plan = project.plan("--detailed-exitcode")
    assert plan.code == 0
    assert [i["database"] for i in plan.json["drift"] if i["kind"] == "undeclared_database"] == [
        "orders"
    ]


def test_another_owner_is_blocked(project: Project) -> None:
    project.write({"orders": ORDERS})
    project.converge()
    project.write({"orders": ORDERS | {"username": "orders_other"}})
    project.secret_path("orders/postgres").unlink()
    project.write({"orders": ORDERS | {"username": "orders_other"}})
    result = project.apply()
    assert result.code == 4
    assert_allowed(project, "orders_user", "orders", "CREATE TABLE t ()")


def test_hostile_names_of_objects(project: Project, instance: Instance) -> None:
    project.write({"orders": ORDERS, "billing": BILLING})
    project.converge()
    with project.tenant("orders_user", "orders") as owner:
        for name in HOSTILE:
            owner.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
            for schema in ("public", name):
                table = sql.Identifier(schema, name)
                owner.execute(sql.SQL("CREATE TABLE {} (n int)").format(table))
    project.write({"orders": ORDERS, "billing": BILLING, "report": READER})
    for style in ("text", "markdown", "sql"):
        assert project.run("plan", "-e", "dev", "--format", style).code == 0
    project.converge()
    for name in HOSTILE:
        hostile = sql.Identifier(name, name)
        select = sql.SQL("SELECT * FROM {}").format(hostile)
        assert_allowed(project, "report_reader", "orders", select)
        delete = sql.SQL("DELETE FROM {}").format(hostile)
        assert_denied(project, "report_reader", "orders", delete)
    assert instance.su("SELECT rolsuper FROM pg_roles WHERE rolname = 'billing_user'") == [(False,)]
    assert project.plan("--detailed-exitcode").code == 0


def test_an_object_of_somebody_else_stops_nothing(project: Project, instance: Instance) -> None:
    project.write({"orders": ORDERS})
    project.converge()
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("CREATE TABLE a (); CREATE TABLE b (); CREATE TABLE c ();")
    instance.su("ALTER TABLE b OWNER TO rds_superuser", dbname="orders")
    project.write({"orders": ORDERS, "report": READER})
    project.converge()
    assert_allowed(project, "report_reader", "orders", "SELECT * FROM a", "SELECT * FROM c")
    assert_denied(project, "report_reader", "orders", "SELECT * FROM b")
    notes = [i for i in project.plan().json["drift"] if i["kind"] == "foreign_object"]
    assert ["ALTER TABLE" in note["statement"] for note in notes] == [True]
    assert "public.b" in notes[0]["message"]
    instance.su(notes[0]["statement"], dbname="orders")  # what it prints does mend it
    project.converge()
    assert_allowed(project, "report_reader", "orders", "SELECT * FROM b")
