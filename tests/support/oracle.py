"""What PostgreSQL itself says about a server: the judge, which shares nothing with pgtenant."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterable, Iterator
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql
from psycopg.abc import QueryNoTemplate

from support.instance import Instance
from support.project import Project

Row = tuple[Any, ...]

_SHARED: Final[tuple[str, ...]] = (
    "pg_authid",
    "pg_auth_members",
    "pg_database",
    "pg_db_role_setting",
    "pg_shdescription",
)
_INSIDE: Final[tuple[str, ...]] = (
    "pg_default_acl",
    "pg_class",
    "pg_namespace",
    "pg_attribute",
    "pg_extension",
    "pg_description",
)
_SENT: Final = re.compile(r"(?:statement|execute [^:\n]*): +([^\n]*)")
_CHANGING: Final = re.compile(
    r"(?:CREATE|ALTER|DROP|GRANT|REVOKE|COMMENT|SET\b(?! TRANSACTION)|INSERT|UPDATE|DELETE"
    r"|TRUNCATE|DO|CALL|REASSIGN)\b",
    re.IGNORECASE,
)


def versions(instance: Instance, databases: Iterable[str]) -> dict[str, set[Row]]:
    """Where each catalog row is and which transaction wrote it: any change shows."""
    places = [("postgres", _SHARED), *((dbname, _INSIDE) for dbname in databases)]
    found: dict[str, set[Row]] = {}
    for dbname, tables in places:
        found |= {f"{dbname}.{table}": set() for table in tables}
        for table, *version in instance.su(_versions(tables), dbname=dbname):
            found[f"{dbname}.{table}"].add(tuple(version))
    return found


def _versions(tables: Iterable[str]) -> sql.Composed:
    each = (
        sql.SQL("SELECT {}, xmin::text, ctid::text FROM {}").format(
            sql.Literal(table), sql.Identifier(table)
        )
        for table in tables
    )
    return sql.SQL(" UNION ALL ").join(each)


def sent(log: str) -> list[str]:
    """The first line of each statement in a server log with log_statement=all."""
    return [match[1].strip() for match in _SENT.finditer(log)]


def changing(log: str) -> list[str]:
    """The statements in a server log that can change something."""
    return [statement for statement in sent(log) if _CHANGING.match(statement)]


def connections(log: str, user: str) -> int:
    """How many sessions of a role a server log with log_connections=on shows."""
    return len(re.findall(rf"connection authorized: user={re.escape(user)}\b", log))


@contextlib.contextmanager
def nobody_connects(project: Project) -> Iterator[None]:
    """Send pgtenant to a port where we listen, and insist that it never knocks."""
    admin = project.instance.admin
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        port = trap.getsockname()[1]
        project.write_secret("rds/master", admin.user, admin.password, admin.dbname, port=port)
        yield
        with pytest.raises(BlockingIOError):
            trap.accept()


def assert_refused(project: Project, user: str, dbname: str) -> None:
    """Log in as an application would, and insist that the database lets nobody in."""
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        project.tenant(user, dbname)


def assert_allowed(project: Project, user: str, dbname: str, *queries: QueryNoTemplate) -> None:
    """Run each query in a session of the role; all of them have to work."""
    with project.tenant(user, dbname) as session:
        for query in queries:
            session.execute(query)


def assert_denied(project: Project, user: str, dbname: str, *queries: QueryNoTemplate) -> None:
    """Run each query in a session of the role; PostgreSQL has to refuse every one."""
    with project.tenant(user, dbname) as session:
        for query in queries:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(query)


def database_powers(instance: Instance, role: str, dbname: str) -> set[str]:
    """What a role (or `public`) may do to a database, as PostgreSQL works it out."""
    ((connect, create, temporary),) = instance.su(
        "SELECT has_database_privilege(%(role)s, %(db)s, 'CONNECT'),"
        " has_database_privilege(%(role)s, %(db)s, 'CREATE'),"
        " has_database_privilege(%(role)s, %(db)s, 'TEMPORARY')",
        {"role": role, "db": dbname},
    )
    held = {"CONNECT": connect, "CREATE": create, "TEMPORARY": temporary}
    return {privilege for privilege, has in held.items() if has}


def table_powers(instance: Instance, role: str, dbname: str, table: str) -> set[str]:
    """What a role may do to a table."""
    privileges = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    rows = instance.su(
        "SELECT p FROM unnest(%s::text[]) p WHERE has_table_privilege(%s, %s, p)",
        [list(privileges), role, table],
        dbname,
    )
    return {privilege for (privilege,) in rows}
