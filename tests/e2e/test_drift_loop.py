"""Break one thing by hand, see the plan show exactly that, and the apply heal it."""

from __future__ import annotations

from typing import LiteralString

import pytest

from support.instance import Instance
from support.oracle import database_powers
from support.project import Project

ENTRIES = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "orders_rw": {
        "database_name": "orders",
        "username": "orders_editor",
        "access_level": "editor",
    },
    "billing": {"database_name": "billing", "username": "billing_user"},
}
# What is broken, in which database, and the (kind, database, role) that heals it.
BREAKS: dict[str, tuple[LiteralString, str, tuple[str, str, str]]] = {
    "public may connect": (
        "GRANT CONNECT ON DATABASE orders TO PUBLIC",
        "postgres",
        ("revoke_database", "orders", "public"),
    ),
    "public may make temporary tables": (
        "GRANT TEMPORARY ON DATABASE orders TO PUBLIC",
        "postgres",
        ("revoke_database", "orders", "public"),
    ),
    "the admin can't connect": (
        "REVOKE CONNECT ON DATABASE orders FROM platform_admin",
        "postgres",
        ("grant_database", "orders", "platform_admin"),
    ),
    "the editor can't connect": (
        "REVOKE CONNECT ON DATABASE orders FROM orders_editor",
        "postgres",
        ("grant_database", "orders", "orders_editor"),
    ),
    "no default privilege": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE orders_user REVOKE UPDATE ON TABLES FROM orders_editor",
        "orders",
        ("grant_default", "orders", "orders_editor"),
    ),
    "no privilege on a table": (
        "REVOKE DELETE ON t FROM orders_editor",
        "orders",
        ("grant_objects", "orders", "orders_editor"),
    ),
    "no usage of a schema": (
        "REVOKE USAGE ON SCHEMA app FROM orders_editor",
        "orders",
        ("grant_objects", "orders", "orders_editor"),
    ),
    "public may create in public": (
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "orders",
        ("revoke_objects", "orders", "public"),
    ),
    "role attributes": (
        "ALTER ROLE orders_user NOCREATEDB CONNECTION LIMIT 1",
        "postgres",
        ("alter_role", "", "orders_user"),
    ),
    "no login": ("ALTER ROLE orders_user NOLOGIN", "postgres", ("alter_role", "", "orders_user")),
    "another password": (
        "ALTER ROLE orders_user PASSWORD 'another'",
        "postgres",
        ("update_password", "", "orders_user"),
    ),
    "no comment on the database": (
        "COMMENT ON DATABASE orders IS NULL",
        "postgres",
        ("mark_database", "orders", "orders_user"),
    ),
    "connections switched off": (
        "ALTER DATABASE orders ALLOW_CONNECTIONS false",
        "postgres",
        ("alter_database", "orders", "orders_user"),
    ),
    "limited to none": (
        "ALTER DATABASE orders CONNECTION LIMIT 0",
        "postgres",
        ("alter_database", "orders", "orders_user"),
    ),
    "a template": (
        "ALTER DATABASE orders IS_TEMPLATE true",
        "postgres",
        ("alter_database", "orders", "orders_user"),
    ),
}


@pytest.mark.every_major
def test_drift_loop(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    project.converge()
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("CREATE TABLE t (n int)")
        owner.execute("CREATE SCHEMA app")
    state = _state(instance)
    breaks = BREAKS if instance.major == 18 else dict(list(BREAKS.items())[::4])
    for name, (statement, dbname, expected) in breaks.items():
        instance.su(statement, dbname=dbname)
        broken = project.plan("--detailed-exitcode")
        assert broken.code == 2, name
        shown = {(c["kind"], c["database"], c["role"]) for c in broken.json["changes"]}
        assert shown == {expected}, name
        healed = project.converge().json["records"]
        untouched = {r["username"] for r in healed if r["status"] == "no_change"}
        assert "billing_user" in untouched, name
        assert _state(instance) == state, name  # what a plan still had would show with the next
    assert project.plan("--detailed-exitcode").code == 0


def _state(instance: Instance) -> object:
    """What matters of the result, without the versions of its rows."""
    return (
        instance.su(
            "SELECT rolname, rolcanlogin, rolcreatedb, rolconnlimit FROM pg_roles"
            " WHERE rolname ~ '^(orders|billing)_' ORDER BY 1"
        ),
        instance.su(
            "SELECT datname, datallowconn, datconnlimit, datistemplate,"
            " shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname IN ('orders', 'billing') ORDER BY 1"
        ),
        {
            role: database_powers(instance, role, "orders")
            for role in ("public", "platform_admin", "orders_user", "orders_editor")
        },
        instance.su(
            "SELECT defaclobjtype, a.grantee::regrole::text, a.privilege_type"
            " FROM pg_default_acl, aclexplode(defaclacl) a ORDER BY 1, 2, 3",
            dbname="orders",
        ),
        instance.su(
            "SELECT has_schema_privilege('public', 'public', 'CREATE'),"
            " has_schema_privilege('orders_editor', 'app', 'USAGE'),"
            " has_table_privilege('orders_editor', 't', 'DELETE')",
            dbname="orders",
        ),
    )
