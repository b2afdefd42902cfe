"""Gives a shared server back its first state, or finds that this cannot be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from support.instance import Instance

    Rows = list[tuple[Any, ...]]

BASELINE_DATABASES = ("platform", "postgres", "template1")

_CLUSTER = """
SELECT 'roles', md5(string_agg(r::text, ' ' ORDER BY oid)) FROM pg_authid r
UNION ALL SELECT 'members', md5(string_agg(m::text, ' ' ORDER BY roleid, member, grantor))
    FROM pg_auth_members m
UNION ALL SELECT 'databases', md5(string_agg(concat_ws(' ', oid, datname, datdba, datistemplate,
    datallowconn, datconnlimit, datacl), ' ' ORDER BY oid)) FROM pg_database
UNION ALL SELECT 'settings', md5(string_agg(s::text, ' ' ORDER BY setdatabase, setrole))
    FROM pg_db_role_setting s
UNION ALL SELECT 'comments', md5(string_agg(c::text, ' ' ORDER BY objoid, classoid))
    FROM pg_shdescription c
UNION ALL SELECT 'parameters', md5(string_agg(p::text, ' ' ORDER BY oid)) FROM pg_parameter_acl p
UNION ALL SELECT 'tablespaces', md5(string_agg(t::text, ' ' ORDER BY oid)) FROM pg_tablespace t
UNION ALL SELECT 'files', md5(string_agg(name || setting, ' ' ORDER BY seqno))
    FROM pg_file_settings
UNION ALL SELECT 'slots', count(*)::text FROM pg_replication_slots
UNION ALL SELECT 'prepared', count(*)::text FROM pg_prepared_xacts
"""

_DATABASE = """
SELECT 'schemas', md5(string_agg(n::text, ' ' ORDER BY oid)) FROM pg_namespace n
    WHERE nspname !~ '^pg_(toast_)?temp_'
UNION ALL SELECT 'relations', md5(string_agg(concat_ws(' ', oid, relowner, relacl), ' '
    ORDER BY oid)) FROM pg_class
UNION ALL SELECT 'functions', md5(string_agg(concat_ws(' ', oid, proowner, proacl), ' '
    ORDER BY oid)) FROM pg_proc
UNION ALL SELECT 'types', count(*)::text FROM pg_type
UNION ALL SELECT 'extensions', count(*)::text FROM pg_extension
UNION ALL SELECT 'triggers', count(*)::text FROM pg_event_trigger
UNION ALL SELECT 'defaults', count(*)::text FROM pg_default_acl
UNION ALL SELECT 'languages', md5(string_agg(l::text, ' ' ORDER BY oid)) FROM pg_language l
UNION ALL SELECT 'large objects', count(*)::text FROM pg_largeobject_metadata
"""


def fingerprint(instance: Instance) -> Rows:
    """What a test may have changed in the cluster and in the databases that were there before."""
    rows = instance.su(_CLUSTER)
    for dbname in BASELINE_DATABASES:
        rows += [(dbname, *row) for row in instance.su(_DATABASE, dbname=dbname)]
    return rows


def clean(instance: Instance, roles: Rows, databases: Rows) -> None:
    """Ends every other session and drops the databases and roles that are not in the baseline.

    Raises:
        psycopg.Error: something is in the way.
    """
    with psycopg.connect(instance.superuser_conninfo(), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        for (name,) in _extra(connection.execute("SELECT datname FROM pg_database"), databases):
            database = sql.Identifier(name)
            connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(database))
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
        extra = _extra(connection.execute("SELECT rolname FROM pg_roles"), roles)
        if extra:
            names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in extra)
            try:
                connection.execute(sql.SQL("DROP ROLE {}").format(names))
            except psycopg.errors.DependentObjectsStillExist:
                for dbname in BASELINE_DATABASES:
                    instance.su(sql.SQL("DROP OWNED BY {}").format(names), dbname=dbname)
                connection.execute(sql.SQL("DROP ROLE {}").format(names))


def baseline(instance: Instance) -> tuple[Rows, Rows]:
    """The roles and databases that `clean` leaves alone."""
    return (
        instance.su("SELECT rolname FROM pg_roles"),
        instance.su("SELECT datname FROM pg_database"),
    )


def _extra(cursor: psycopg.Cursor[tuple[Any, ...]], known: Rows) -> Rows:
    return sorted(set(cursor.fetchall()) - set(known))
