"""The entry that tenants live in: its database, and a role that can do no more than it has to."""

from __future__ import annotations

import pytest

from support.project import Project


@pytest.mark.every_major
def test_the_role_makes_schemas_and_nothing_else(qualisys: Project) -> None:
    su = qualisys.instance.su
    powers = "rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication"
    found = su(f"SELECT {powers} FROM pg_roles WHERE rolname = 'app_user'".encode())
    assert found == [(True, False, False, False, False, False)]
    asked = (
        "SELECT d.datdba::regrole::text, has_database_privilege('app_user', d.oid, 'CREATE'),"
        " has_database_privilege('public', d.oid, 'CONNECT')"
        " FROM pg_database d WHERE datname = 'qualisys_master'"
    )
    assert su(asked) == [("app_user", True, False)]
    with qualisys.tenant("app_user", "qualisys_master") as app:
        app.execute("CREATE SCHEMA tenant_mine")
        refused = app.execute(
            "SELECT count(*) FROM pg_roles r WHERE (r.rolsuper OR r.rolbypassrls)"
            " AND pg_has_role('app_user', r.oid, 'MEMBER')"
        ).fetchone()
    assert refused == (0,)
