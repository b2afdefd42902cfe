"""Read a server into `planning.observed`.

The shared catalogs take a few queries; a database takes one where nothing differs, else two.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pgtenant.planning.desired import DesiredDatabase
from pgtenant.planning.expectation import wanted_grants
from pgtenant.planning.glance import Glanced, as_declared
from pgtenant.planning.observed import (
    Admin,
    ColumnGrant,
    Contents,
    Database,
    DatabaseGrant,
    DefaultGrant,
    ForeignGrant,
    ForeignObject,
    FunctionGrant,
    Membership,
    ObjectGrant,
    ObjectGroup,
    Observed,
    OwnGrant,
    PublicSchema,
    Role,
    Server,
)
from pgtenant.planning.privileges import ObjectKind
from pgtenant.planning.sql.text import can_be_sent
from pgtenant.planning.tenants.slugs import closed_like
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection, load_json
from pgtenant.postgres.queries import query
from pgtenant.postgres.retry import patiently
from pgtenant.postgres.tenants import inspect_tenants


async def observe_instance(
    connection: Connection, *, roles: Collection[str], extensions: Collection[str]
) -> Observed:
    """Read the shared catalogs: a constant number of queries, however many databases.

    Args:
        connection: to the maintenance database.
        roles: names to read besides all roles that carry a marker.
        extensions: names whose availability matters.

    Raises:
        ServerError: a query failed.
    """
    version = connection.info.server_version
    parameters = {
        "roles": sorted(roles),
        "set_privilege": "SET" if version >= 160000 else "MEMBER",
    }
    async with connection.cursor(row_factory=dict_row) as cursor:

        async def rows(name: str, given: dict[str, Any] | None = None) -> list[dict[str, Any]]:
            async def once() -> list[dict[str, Any]]:
                return await (await cursor.execute(query(name), given)).fetchall()

            return await patiently(once)

        try:
            (admin,) = await rows("admin")  # current_user always has a row
            role_rows = await rows("roles", parameters)
            database_rows = await rows("databases")
            offered = await rows("extensions", {"names": sorted(extensions)}) if extensions else []
        except psycopg.Error as error:
            where = connection.info.dbname
            raise failed(error, doing="reading the shared catalogs", where=where) from None
    name, iam = admin["name"], admin.pop("iam")
    roles_found = {row["name"]: _role(row, name) for row in role_rows}
    tenants = {n: role for n, role in roles_found.items() if role.marker and role.marker.tenant}
    return Observed(
        server=Server(
            version=version,
            admin=Admin(**{**admin, "rds_iam_through": tuple(admin["rds_iam_through"])}),
            maintenance_database=connection.info.dbname,
            extensions={row["name"]: row["trusted"] for row in offered},
            iam=iam,
        ),
        roles={n: role for n, role in roles_found.items() if n not in tenants},
        databases={row["name"]: _database(row) for row in database_rows},
        tenants=tenants,
    )


async def observe_contents(
    connection: Connection,
    database: DesiredDatabase,
    *,
    roles: Collection[str],
    own: Collection[str] = (),
    will_own: bool = False,
) -> Contents:
    """Read what is inside the database that `connection` is connected to.

    Where nothing differs from the catalog, one query of small cost says so. Tenants take one more.

    Args:
        connection: to the database itself.
        database: whose owner and members decide which objects come back.
        roles: every managed role: what any of them holds is of interest.
        own: further logins of the owner, whose objects are going to be the owner's.
        will_own: read it as if the database were the wanted owner's already.

    Raises:
        ServerError: a query failed.
    """
    managed = frozenset(roles)
    contents = None if will_own else await glance(connection, database, managed)
    if contents is None:
        contents = await read_whole(connection, database, managed, own=own, will_own=will_own)
    if database.isolation is None:
        return contents
    found = await inspect_tenants(connection, database.isolation, roles=database.logins)
    return replace(contents, tenants=found)


async def glance(
    connection: Connection, database: DesiredDatabase, managed: frozenset[str]
) -> Contents | None:
    """Return what is inside where nothing differs from the catalog, else None.

    Raises:
        ServerError: the connection was lost.
    """

    async def once() -> list[Glanced]:
        cursor = await connection.execute(query("glance"))
        return [Glanced(*row) for row in await cursor.fetchall()]

    try:
        rows = await patiently(once)
    except psycopg.Error as error:
        if connection.closed or error.sqlstate is None:
            raise failed(error, doing="reading the catalogs", where=database.name) from None
        return None  # such as names that are no UTF-8: `contents.sql` can do more
    return as_declared(rows, database, managed)


async def read_whole(
    connection: Connection,
    database: DesiredDatabase,
    managed: frozenset[str],
    *,
    own: Collection[str] = (),
    will_own: bool = False,
) -> Contents:
    """Read all that `Contents` has room for; see `observe_contents`.

    Raises:
        ServerError: the query failed.
    """
    wanted = [
        {"kind": kind, "role": role, "privilege": privilege}
        for kind, role, privilege in wanted_grants(database)
    ]
    parameters = {
        "owner": database.owner.name,
        "own": _written({database.owner.name, *own}),
        "roles": _array(managed),
        "wanted": json.dumps(wanted, ensure_ascii=False),
        "will_own": will_own,
        "closed": closed_like(database.isolation),
        "apart": closed_like(database.isolation) if _apart(database) else closed_like(None),
    }

    async def once() -> tuple[Any, ...] | None:
        return await (await connection.execute(query("contents"), parameters)).fetchone()

    try:
        row = await patiently(once)
    except psycopg.Error as error:
        raise failed(error, doing="reading the catalogs", where=database.name) from None
    if row is None:
        msg = "a query of one row returned none"
        raise AssertionError(msg)
    return _contents(load_json(row[0]))


def _apart(database: DesiredDatabase) -> bool:
    """Return whether each tenant's schema has an owner of its own."""
    return database.isolation is not None and database.isolation.roles_in is not None


@lru_cache(maxsize=1)
def _array(names: frozenset[str]) -> str:
    """Return names as PostgreSQL writes an array: once for all databases, they may be thousands."""
    return _written(names)


def _written(names: Iterable[str]) -> str:
    quoted = (name.replace("\\", r"\\").replace('"', r"\"") for name in sorted(names))
    return "{" + ",".join(f'"{name}"' for name in quoted) + "}"


def _role(row: dict[str, Any], admin: str) -> Role:
    own = row["own_grant"]
    # The admin may set roles that it is no member of (a superuser), and a membership of
    # its own is told apart from strangers' by `admin_can_set`.
    members = tuple(m for m in sorted(row["members"]) if m != admin or row["admin_can_set"])
    return Role(
        **{
            **row,
            "member_of": tuple(row["member_of"]),
            "revocable": tuple(sorted(row["revocable"])),
            "memberships": tuple(sorted(Membership(*row) for row in row["memberships"])),
            "members": members,
            "settings": tuple(row["settings"]),
            "own_grant": OwnGrant(inherit=own["inherit"], set=own["set"]) if own else None,
        }
    )


def _database(row: dict[str, Any]) -> Database:
    return Database(
        **{
            **row,
            "acl": tuple(sorted(DatabaseGrant(*grant) for grant in row["acl"])),
            "settings": tuple(row["settings"]),
        }
    )


def _contents(row: dict[str, Any]) -> Contents:
    unnameable: set[str] = set()

    def nameable(schema: str, names: Iterable[str]) -> tuple[str, ...]:
        """Keep the names that a statement can hold, and note the others."""
        good = {name for name in names if can_be_sent(schema, name)}
        unnameable.update(f"{schema}.{name}".lstrip(".") for name in set(names) - good)
        return tuple(sorted(good))

    groups = [
        ObjectGroup(
            kind=ObjectKind(kind),
            schema=schema,
            names=good,
            grants=tuple(sorted(ObjectGrant(*grant) for grant in grants)),
        )
        for kind, schema, names, grants in row["groups"] or ()
        if (good := nameable(schema, names))
    ]
    return Contents(
        unnameable=tuple(sorted(unnameable)),
        public=PublicSchema(**row["public"]) if row["public"] else None,
        groups=tuple(sorted(groups, key=lambda g: (g.kind, g.schema, g.names))),
        defaults=tuple(sorted(DefaultGrant(*grant) for grant in row["defaults"] or ())),
        columns=tuple(
            sorted(
                ColumnGrant(role, schema, table, privilege, tuple(sorted(names)))
                for role, schema, table, privilege, names in row["columns"] or ()
            )
        ),
        foreign=tuple(sorted(ForeignObject(*item) for item in row["foreign_objects"] or ())),
        foreign_count=row["foreign_count"],
        foreign_grants=tuple(
            sorted(
                ForeignGrant(role, kind, schema, owner, tuple(privileges), tuple(sorted(names)))
                for role, kind, schema, owner, privileges, names in row["foreign_grants"] or ()
            )
        ),
        functions=tuple(
            sorted(
                FunctionGrant(role, schema, name, tuple((s, t) for s, t in arguments))
                for role, schema, name, arguments in row["functions"] or ()
            )
        ),
        extensions=frozenset(row["extensions"]),
    )
