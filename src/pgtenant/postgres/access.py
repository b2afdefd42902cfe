"""Read an instance into `access.model`: one query for what is shared, one for each database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from pgtenant.access.model import (
    AccessModel,
    Database,
    DefaultGrant,
    EventTrigger,
    ForeignServer,
    Grant,
    Group,
    Inside,
    Kind,
    Membership,
    Role,
    Signature,
)
from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.sql.text import can_be_sent
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection, load_json
from pgtenant.postgres.queries import query

NO_CONNECTIONS = "it allows no connections"
TEMPLATE = "a template, which a session in it keeps from being copied"
NO_CONNECT = "the admin has no CONNECT there"
NO_NAME = "its name is not valid UTF-8, so that nobody here can ask for it"

_LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Shared:
    """What the shared catalogs hold.

    Attributes:
        model: the instance, with nothing in its databases.
        names: every role by its OID.
    """

    model: AccessModel
    names: Mapping[int, str]


async def read_shared(connection: Connection, *, host: str) -> Shared:
    """Read roles, memberships, databases and what else belongs to no database, in one query.

    Databases that need not or can't be entered say so already.

    Args:
        connection: the admin's, to the maintenance database.
        host: the name under which the admin reaches the instance.

    Raises:
        ServerError: the query failed.
    """
    row = await _one(connection, "access_shared", where=connection.info.dbname)
    names = {role.pop("oid"): role["name"] for role in row["roles"]}
    named = _naming(names)
    model = AccessModel(
        version=connection.info.server_version,
        admin=row["admin"],
        maintenance_database=row["maintenance_database"],
        roles={role["name"]: Role(**role) for role in row["roles"]},
        memberships=tuple(
            sorted(
                Membership(named(group), named(member), named(grantor), *options)
                for group, member, grantor, *options in row["memberships"]
            )
        ),
        databases={d["name"]: _database(d, named) for d in row["databases"]},
        shared=tuple(
            sorted(
                (
                    Group(Kind(kind), "", named(owner), (name,), _grants(grants, named))
                    for kind, name, owner, grants in row["shared"]
                ),
                key=lambda g: (g.kind, g.names),
            )
        ),
        hosts=_LOCAL | {host.lower(), row["address"] or ""},
    )
    return Shared(model, names)


async def read_inside(connection: Connection, names: Mapping[int, str]) -> Inside:
    """Read the database that `connection` is connected to, in one query.

    Args:
        connection: the admin's.
        names: every role by its OID.

    Raises:
        ServerError: the query failed.
    """
    row = await _one(connection, "access_inside", where=connection.info.dbname)
    named = _naming(names)
    return Inside(
        groups=tuple(
            sorted(
                (_group(item, named) for item in row["groups"] or ()),
                key=lambda g: (g.kind, g.schema, g.table, g.names, g.owner),
            )
        ),
        defaults=tuple(
            sorted(
                DefaultGrant(named(creator), schema, kind, named(grantee), privilege, grantable)
                for creator, schema, kind, grantee, privilege, grantable in row["defaults"] or ()
            )
        ),
        servers=tuple(
            sorted(
                ForeignServer(
                    name,
                    named(owner),
                    wrapper,
                    host.lower(),
                    database,
                    tuple(sorted((named(user), remote) for user, remote in mappings)),
                )
                for name, owner, wrapper, host, database, mappings in row["servers"] or ()
            )
        ),
        event_triggers=tuple(
            sorted(
                EventTrigger(name, named(owner), named(function_owner), extension)
                for name, owner, function_owner, extension in row["event_triggers"] or ()
            )
        ),
    )


async def _one(connection: Connection, name: str, *, where: str) -> dict[str, Any]:
    try:
        # Without parameters, yet `%%` in the text stands for one sign.
        row = await (await connection.execute(query(name), {})).fetchone()
    except psycopg.Error as error:
        raise failed(error, doing="reading who may do what", where=where) from None
    if row is None:
        msg = "a query of one row returned none"
        raise AssertionError(msg)
    found: dict[str, Any] = load_json(row[0]) if isinstance(row[0], bytes) else row[0]
    return found


def _naming(names: Mapping[int, str]) -> Callable[[int], str]:
    """Return how to name a role; one that is gone since is called as PostgreSQL calls it."""
    return lambda oid: PUBLIC if oid == 0 else names.get(oid, f"unknown (OID={oid})")


def _database(row: dict[str, Any], named: Callable[[int], str]) -> Database:
    unread = ""
    if not row["allow_connections"]:
        unread = NO_CONNECTIONS
    elif row["is_template"]:
        unread = TEMPLATE
    elif not row["enterable"]:
        unread = NO_CONNECT
    elif not can_be_sent(row["name"]):
        unread = NO_NAME
    return Database(
        name=row["name"],
        owner=named(row["owner"]),
        grants=_grants(row["grants"], named),
        allow_connections=row["allow_connections"],
        is_template=row["is_template"],
        unread=unread,
    )


def _grants(rows: Iterable[list[Any]], named: Callable[[int], str]) -> tuple[Grant, ...]:
    return tuple(
        sorted(
            Grant(named(grantee), privilege, named(grantor), *rest)
            for grantee, privilege, grantor, *rest in rows
        )
    )


def _group(row: list[Any], named: Callable[[int], str]) -> Group:
    kind, schema, table, owner, names, grants, definer, system, extension, types = row
    signatures = [Signature(tuple((s, t) for s, t in arguments)) for arguments in types or ()]
    if signatures:
        pairs = sorted(zip(names, signatures, strict=True))
        names, signatures = [n for n, _ in pairs], [s for _, s in pairs]
    elif kind == Kind.LARGE_OBJECT:
        names = sorted(names, key=int)
    else:
        names = sorted(names)
    return Group(
        kind=Kind(kind),
        schema=schema,
        owner=named(owner),
        names=tuple(names),
        grants=_grants(grants, named),
        table=table,
        signatures=tuple(signatures),
        extension=extension,
        definer=definer,
        system=system,
    )
