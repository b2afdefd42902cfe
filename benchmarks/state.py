"""What is there, asked from the catalogs: that a tool has done its work, and all of it."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from benchmarks.workload import App

_ROLES = """
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
       rolbypassrls, rolconnlimit, rolpassword LIKE 'SCRAM-SHA-256$%%'
FROM pg_catalog.pg_authid WHERE rolname = ANY (%s)
"""
_DATABASE = """
SELECT pg_catalog.pg_get_userbyid(datdba), datallowconn, datconnlimit, datistemplate,
       ARRAY(SELECT grantee::regrole::text || ' ' || privilege_type || ' ' || grantor::regrole::text
             FROM pg_catalog.aclexplode(datacl) ORDER BY 1)
FROM pg_catalog.pg_database WHERE datname = current_database()
"""
_INSIDE = """
SELECT kind, name, ARRAY(SELECT grantee::regrole::text || ' ' || privilege_type
                         FROM pg_catalog.aclexplode(acl) ORDER BY 1)
FROM (SELECT 'schema', nspname::text, nspacl FROM pg_catalog.pg_namespace
      WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
      UNION ALL
      SELECT 'default ' || defaclobjtype::text, defaclrole::regrole::text, defaclacl
      FROM pg_catalog.pg_default_acl) AS objects (kind, name, acl)
ORDER BY 1, 2
"""
_MEMBERS = """
SELECT roleid::regrole::text, member::regrole::text FROM pg_catalog.pg_auth_members
WHERE member = %s::regrole AND {able}
"""
_READERS = """
SELECT r.rolname FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
WHERE n.nspname = 'public' AND a.privilege_type = 'USAGE'
"""

Rows = list[tuple[object, ...]]


def snapshot(conninfo: str, admin: str, apps: Sequence[App]) -> dict[str, Rows]:
    """Everything of these applications that W(N) speaks of, markers and other comments left out.

    Args:
        conninfo: of a superuser.
        admin: whose powers over the roles are part of it.
        apps: which applications.
    """
    found: dict[str, Rows] = {}
    with psycopg.connect(conninfo) as connection:
        names = [role.name for app in apps for role in app.roles]
        able = "set_option" if connection.info.server_version >= 160000 else "true"
        found["roles"] = sorted(connection.execute(_ROLES, [names]).fetchall())
        found["members"] = connection.execute(_MEMBERS.format(able=able), [admin]).fetchall()
    for app in apps:
        with psycopg.connect(conninfo, dbname=app.database) as connection:
            found[app.database] = [
                *connection.execute(_DATABASE).fetchall(),
                *connection.execute(_INSIDE).fetchall(),
            ]
    return found


def lacking(conninfo: str, apps: Sequence[App]) -> str | None:
    """What a tool that has ended well has not done in these databases; None if nothing is seen."""
    for app in apps:
        with psycopg.connect(conninfo, dbname=app.database) as connection:
            names = [role.name for role in app.roles]
            (roles,) = connection.execute(
                "SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname = ANY (%s)", [names]
            ).fetchone() or (0,)
            if roles != len(names):
                return f"{roles} of {len(names)} roles of {app.database} are there"
            granted = {row[0] for row in connection.execute(_READERS)}
            if app.reader.name not in granted:
                return f"{app.reader.name} has no USAGE on schema public"
    return None


def written(conninfo: str) -> None:
    """Have the server write what earlier runs left in memory, so that no later run pays for it."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def drift(conninfo: str, apps: Sequence[App]) -> None:
    """Take `USAGE` on schema `public` from these applications' readers."""
    for app in apps:
        with psycopg.connect(conninfo, dbname=app.database, autocommit=True) as connection:
            connection.execute(f"REVOKE USAGE ON SCHEMA public FROM {app.reader.name}")
