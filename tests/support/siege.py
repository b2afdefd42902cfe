"""What attacks have in common: tenants' own sessions, and what a superuser sees meanwhile."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from support.project import password_of

if TYPE_CHECKING:
    from psycopg.abc import QueryNoTemplate

    from support.instance import Instance

SHOP = {
    "shop": {"database_name": "shop", "username": "shop_user"},
    "shop_reader": {
        "database_name": "shop",
        "username": "shop_reader",
        "access_level": "reader",
    },
}
"""An owner and a reader of one database."""

Rows = list[tuple[Any, ...]]

_MEMBERSHIPS = """
SELECT g.rolname::text, m.rolname::text, b.rolname::text, a.admin_option,
       coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, true) AS inherit,
       coalesce((to_jsonb(a) ->> 'set_option')::boolean, true) AS set
  FROM pg_auth_members a
  JOIN pg_roles g ON g.oid = a.roleid
  JOIN pg_roles m ON m.oid = a.member
  JOIN pg_roles b ON b.oid = a.grantor
 ORDER BY 1, 2, 3
"""

_SHARED = """
SELECT 'role', r.rolname::text, concat_ws(' ', rolsuper, rolinherit, rolcreaterole, rolcreatedb,
       rolcanlogin, rolreplication, rolbypassrls, rolconnlimit),
       regexp_replace(d.description, '"inside":"[0-9a-f]+"', '"inside":"a fingerprint"')
  FROM pg_roles r LEFT JOIN pg_shdescription d ON d.objoid = r.oid
   AND d.classoid = 'pg_authid'::regclass
UNION ALL
SELECT 'database', b.datname::text, concat_ws(' ', pg_get_userbyid(datdba), datallowconn,
       datconnlimit, datistemplate,
       (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(datacl) x)), d.description
  FROM pg_database b LEFT JOIN pg_shdescription d ON d.objoid = b.oid
   AND d.classoid = 'pg_database'::regclass
 ORDER BY 1, 2
"""

_INSIDE = """
SELECT 'defaults', pg_get_userbyid(defaclrole)::text, defaclobjtype::text,
       (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(defaclacl) x)
  FROM pg_default_acl
UNION ALL
SELECT 'schema', nspname::text, pg_get_userbyid(nspowner)::text,
       (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(nspacl) x)
  FROM pg_namespace WHERE nspname !~ '^pg_'
UNION ALL
SELECT 'relation', c.oid::regclass::text, pg_get_userbyid(relowner)::text,
       (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(relacl) x)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY 1, 2, 3
"""


def ask(instance: Instance, query: QueryNoTemplate, dbname: str, *params: Any) -> Rows:
    """Ask as the superuser, untouched by settings that the database's owner has made."""
    options = (
        "-c local_preload_libraries= -c role=none -c search_path=public,pg_catalog"
        " -c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=0"
        " -c idle_session_timeout=0 -c default_transaction_deferrable=off"
        " -c default_transaction_isolation=read\\ committed -c exit_on_error=off"
    )
    if instance.major >= 17:
        options += " -c transaction_timeout=0"
    conninfo = instance.superuser_conninfo(dbname, options=options, client_encoding="utf8")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        cursor = connection.execute(query, params or None)
        return cursor.fetchall() if cursor.description else []


def memberships(instance: Instance) -> Rows:
    """Every membership: group, member, grantor, ADMIN, INHERIT, SET."""
    return instance.su(_MEMBERSHIPS)


def standing(instance: Instance) -> Rows:
    """The memberships of the admin that give it power: all but bare ADMIN rows."""
    return [m for m in memberships(instance) if m[1] == instance.admin.user and (m[4] or m[5])]


def state(instance: Instance, *databases: str) -> Rows:
    """Everything that a run decides about, without OIDs and what is computed from them."""
    rows = [*instance.su(_SHARED), *memberships(instance)]
    for dbname in databases:
        rows += [(dbname, *row) for row in ask(instance, _INSIDE, dbname)]
    return rows


def as_tenant(
    instance: Instance, user: str, dbname: str, *statements: QueryNoTemplate, **extra: Any
) -> Rows:
    """Run statements on a login of an application's role; the last one's rows."""
    rows: Rows = []
    with instance.connect(user, password_of(user), dbname, **extra) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
    return rows


def can_log_in(instance: Instance, user: str, dbname: str) -> bool:
    """Whether a real login with the role's stored password succeeds."""
    try:
        instance.connect(user, password_of(user), dbname).close()
    except psycopg.OperationalError:
        return False
    return True


def holds(instance: Instance, role: str, table: str, privilege: str, dbname: str) -> bool:
    """What PostgreSQL itself says about a privilege on a relation."""
    query = "SELECT has_table_privilege(%s, %s, %s)"
    return bool(ask(instance, query, dbname, role, table, privilege)[0][0])


def name(text: str) -> sql.Identifier:
    """Quote a name."""
    return sql.Identifier(text)


@contextlib.contextmanager
def watching(instance: Instance, query: QueryNoTemplate) -> Iterator[set[tuple[Any, ...]]]:
    """Repeat a query as the superuser during the block; the set collects all rows ever seen.

    Each repetition is a transaction of its own, so it sees what was committed at that moment.
    """
    seen: set[tuple[Any, ...]] = set()
    over = threading.Event()
    rounds = 0

    with psycopg.connect(instance.superuser_conninfo(), autocommit=True) as connection:

        def look() -> None:
            nonlocal rounds
            while not over.is_set():
                seen.update(connection.execute(query).fetchall())
                rounds += 1

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            thread.join()
    assert rounds > 10, "the watcher hardly looked"
