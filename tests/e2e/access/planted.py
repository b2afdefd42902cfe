"""Holes to plant, one of each kind.

Longer than most files: it is a table, one entry a hole.
"""

from __future__ import annotations

from dataclasses import dataclass

from pgtenant.access import Closer, HoleKind, Severity


@dataclass(frozen=True, slots=True)
class Planted:
    """A hole.

    Attributes:
        sql: who runs what, and where; the superuser is `rdsadmin`.
        what: a part of what the finding says.
    """

    kind: HoleKind
    who: str
    database: str
    sql: tuple[tuple[str, str, str], ...]
    what: str
    closer: Closer = Closer.ADMIN
    severity: Severity = Severity.FAILURE


SU = "rdsadmin"
OWNER = ("orders_user", "orders")
DEFINER = "CREATE FUNCTION {}() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"

HOLES = {
    "public_connect": Planted(
        HoleKind.DATABASE,
        "public",
        "orders",
        ((*OWNER, "GRANT CONNECT ON DATABASE orders TO PUBLIC"),),
        "CONNECT on the database orders",
    ),
    "connect_by_name": Planted(
        HoleKind.DATABASE,
        "billing_user",
        "orders",
        ((*OWNER, "GRANT CONNECT, TEMPORARY ON DATABASE orders TO billing_user"),),
        "CONNECT, TEMPORARY on the database orders",
    ),
    "reader_may_create": Planted(
        HoleKind.DATABASE,
        "orders_reader",
        "orders",
        ((*OWNER, "GRANT CREATE ON DATABASE orders TO orders_reader WITH GRANT OPTION"),),
        "CREATE",
    ),
    "connect_to_hand_on": Planted(
        HoleKind.DATABASE,
        "orders_reader",
        "orders",
        ((*OWNER, "GRANT CONNECT ON DATABASE orders TO orders_reader WITH GRANT OPTION"),),
        "the right to grant CONNECT",
    ),
    "plugin_database": Planted(
        HoleKind.DATABASE,
        "public",
        "plugin",
        (("billing_user", "billing", "CREATE DATABASE plugin"),),
        "CONNECT, TEMPORARY",
    ),
    "maintenance_database": Planted(
        HoleKind.DATABASE,
        "public",
        "platform",
        ((SU, "platform", "GRANT CONNECT ON DATABASE platform TO PUBLIC"),),
        "CONNECT",
    ),
    "template1": Planted(
        HoleKind.DATABASE,
        "public",
        "template1",
        ((SU, "postgres", "GRANT CONNECT ON DATABASE template1 TO PUBLIC"),),
        "CONNECT",
        Closer.PROVIDER,
        Severity.WARNING,
    ),
    "template": Planted(
        HoleKind.TEMPLATE,
        "public",
        "orders",
        ((*OWNER, "ALTER DATABASE orders IS_TEMPLATE true"),),
        "can copy",
    ),
    "superuser": Planted(
        HoleKind.ATTRIBUTE,
        "orders_reader",
        "",
        ((SU, "postgres", "ALTER ROLE orders_reader SUPERUSER"),),
        "SUPERUSER",
        Closer.PROVIDER,
    ),
    "bypassrls": Planted(
        HoleKind.ATTRIBUTE,
        "billing_user",
        "",
        ((SU, "postgres", "ALTER ROLE billing_user BYPASSRLS"),),
        "BYPASSRLS",
        Closer.PROVIDER,
    ),
    "createrole": Planted(
        HoleKind.ATTRIBUTE,
        "billing_user",
        "",
        ((SU, "postgres", "ALTER ROLE billing_user CREATEROLE"),),
        "CREATEROLE",
    ),
    "createdb": Planted(
        HoleKind.ATTRIBUTE,
        "orders_reader",
        "",
        ((SU, "postgres", "ALTER ROLE orders_reader CREATEDB"),),
        "CREATEDB",
    ),
    "unknown_superuser": Planted(
        HoleKind.ATTRIBUTE,
        "root2",
        "",
        ((SU, "postgres", "CREATE ROLE root2 SUPERUSER"),),
        "SUPERUSER",
        Closer.PROVIDER,
        Severity.WARNING,
    ),
    "membership": Planted(
        HoleKind.MEMBERSHIP,
        "billing_user",
        "",
        (("platform_admin", "platform", "GRANT orders_user TO billing_user"),),
        "member of orders_user",
    ),
    "predefined_role": Planted(
        HoleKind.MEMBERSHIP,
        "billing_user",
        "",
        (
            (SU, "postgres", "CREATE ROLE dba NOLOGIN"),
            (SU, "postgres", "GRANT pg_read_all_data TO dba"),
            (SU, "postgres", "GRANT dba TO billing_user"),
        ),
        "member of dba",
        Closer.PROVIDER,
    ),
    "stranger_in_tenant": Planted(
        HoleKind.MEMBERSHIP,
        "human",
        "",
        (
            (SU, "postgres", "CREATE ROLE human LOGIN"),
            ("platform_admin", "platform", "GRANT orders_user TO human"),
        ),
        "member of orders_user",
    ),
    "stranger": Planted(
        HoleKind.DATABASE,
        "guest",
        "orders",
        (
            (SU, "postgres", "CREATE ROLE guest LOGIN"),
            (*OWNER, "GRANT CONNECT ON DATABASE orders TO guest"),
        ),
        "the catalog does not know it",
        severity=Severity.WARNING,
    ),
    "table_grant": Planted(
        HoleKind.GRANT,
        "orders_reader",
        "orders",
        ((*OWNER, "GRANT INSERT ON t TO orders_reader"),),
        "INSERT on the table t in schema public",
    ),
    "other_tenants_table_grant": Planted(
        HoleKind.GRANT,
        "billing_user",
        "orders",
        ((*OWNER, "GRANT SELECT ON t TO billing_user"),),
        "SELECT on the table t",
    ),
    "public_table_grant": Planted(
        HoleKind.GRANT,
        "public",
        "orders",
        ((*OWNER, "GRANT DELETE ON t TO PUBLIC"),),
        "DELETE on the table t",
    ),
    "public_table_grant_of_no_use": Planted(
        HoleKind.GRANT,
        "public",
        "billing",
        (
            ("billing_user", "billing", "CREATE TABLE b ()"),
            ("billing_user", "billing", "GRANT SELECT ON b TO PUBLIC"),
        ),
        "SELECT on the table b",
        severity=Severity.WARNING,
    ),
    "column_grant": Planted(
        HoleKind.COLUMN_GRANT,
        "billing_user",
        "orders",
        ((*OWNER, "GRANT SELECT (secret) ON t TO billing_user"),),
        "SELECT on the column secret of the table t in schema public",
    ),
    "column_update": Planted(
        HoleKind.COLUMN_GRANT,
        "orders_reader",
        "orders",
        ((*OWNER, "GRANT UPDATE (n, secret) ON t TO orders_reader"),),
        "UPDATE on the columns n, secret",
    ),
    "schema_create": Planted(
        HoleKind.GRANT,
        "public",
        "orders",
        ((*OWNER, "GRANT CREATE ON SCHEMA public TO PUBLIC"),),
        "CREATE on the schema public",
    ),
    "sequence_grant": Planted(
        HoleKind.GRANT,
        "orders_reader",
        "orders",
        ((*OWNER, "GRANT UPDATE ON SEQUENCE q TO orders_reader"),),
        "UPDATE on the sequence q",
    ),
    "passed_on": Planted(
        HoleKind.GRANT,
        "orders_editor",
        "orders",
        ((*OWNER, "GRANT INSERT ON t TO orders_editor WITH GRANT OPTION"),),
        "the right to grant INSERT",
    ),
    "large_object": Planted(
        HoleKind.GRANT,
        "orders_reader",
        "orders",
        (
            (*OWNER, "SELECT lo_create(4711)"),
            (*OWNER, "GRANT UPDATE ON LARGE OBJECT 4711 TO orders_reader"),
        ),
        "UPDATE on the large object 4711",
    ),
    "system_function": Planted(
        HoleKind.GRANT,
        "orders_user",
        "orders",
        ((SU, "orders", "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO orders_user"),),
        "EXECUTE on the function pg_read_file(text)",
        Closer.PROVIDER,
    ),
    "system_table": Planted(
        HoleKind.GRANT,
        "orders_user",
        "orders",
        ((SU, "orders", "GRANT SELECT ON pg_authid TO orders_user"),),
        "SELECT on the table pg_authid",
        Closer.PROVIDER,
    ),
    "parameter": Planted(
        HoleKind.GRANT,
        "billing_user",
        "",
        ((SU, "postgres", "GRANT SET, ALTER SYSTEM ON PARAMETER log_statement TO billing_user"),),
        "ALTER SYSTEM, SET on the parameter log_statement",
        Closer.PROVIDER,
    ),
    "default_privilege": Planted(
        HoleKind.DEFAULT_PRIVILEGE,
        "billing_user",
        "orders",
        ((*OWNER, "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO billing_user"),),
        "SELECT on every table that orders_user will make",
    ),
    "default_privilege_for_everyone": Planted(
        HoleKind.DEFAULT_PRIVILEGE,
        "public",
        "orders",
        ((*OWNER, "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO PUBLIC"),),
        "INSERT on every table that orders_user will make in schema public",
    ),
    "owned_by_another": Planted(
        HoleKind.OWNERSHIP,
        "billing_user",
        "orders",
        (
            (SU, "orders", "CREATE TABLE theirs ()"),
            (SU, "orders", "ALTER TABLE theirs OWNER TO billing_user"),
        ),
        "owns the table theirs",
    ),
    "definer": Planted(
        HoleKind.SECURITY_DEFINER,
        "public",
        "orders",
        (
            (SU, "orders", DEFINER.format("g")),
            (SU, "orders", "ALTER FUNCTION g() OWNER TO billing_user"),
        ),
        "can act as billing_user through the function g()",
    ),
    "definer_of_a_superuser": Planted(
        HoleKind.SECURITY_DEFINER,
        "public",
        "orders",
        ((SU, "orders", DEFINER.format("h")),),
        "can act as rdsadmin through the function h()",
        Closer.PROVIDER,
    ),
    "definer_of_the_owner": Planted(
        HoleKind.SECURITY_DEFINER,
        "public",
        "orders",
        ((*OWNER, DEFINER.format("i")),),
        "can act as orders_user",
        severity=Severity.WARNING,
    ),
    "foreign_server": Planted(
        HoleKind.FOREIGN_SERVER,
        "orders_user",
        "orders",
        (
            (SU, "orders", "CREATE FOREIGN DATA WRAPPER fdw"),
            (SU, "orders", "GRANT USAGE ON FOREIGN DATA WRAPPER fdw TO orders_user"),
            (
                *OWNER,
                (
                    "CREATE SERVER far FOREIGN DATA WRAPPER fdw"
                    " OPTIONS (host 'localhost', dbname 'billing')"
                ),
            ),
            (
                *OWNER,
                "CREATE USER MAPPING FOR orders_user SERVER far OPTIONS (user 'billing_user')",
            ),
        ),
        "the foreign server far leads to the database billing of billing_user",
    ),
    "foreign_server_elsewhere": Planted(
        HoleKind.FOREIGN_SERVER,
        "orders_user",
        "orders",
        (
            (
                *OWNER,
                (
                    "CREATE SERVER farther FOREIGN DATA WRAPPER fdw"
                    " OPTIONS (host 'x.invalid', dbname 'billing')"
                ),
            ),
            (*OWNER, "CREATE USER MAPPING FOR orders_user SERVER farther"),
        ),
        "if x.invalid is here",
        severity=Severity.WARNING,
    ),
    "event_trigger": Planted(
        HoleKind.EVENT_TRIGGER,
        "orders_user",
        "orders",
        (
            (*OWNER, "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"),
            (SU, "orders", "CREATE EVENT TRIGGER spy ON ddl_command_end EXECUTE FUNCTION e()"),
        ),
        "its code in the event trigger spy",
        Closer.PROVIDER,
    ),
}
