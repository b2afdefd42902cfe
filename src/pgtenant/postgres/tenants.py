"""Read how the tenants of one database are kept apart: one query, however many there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from pgtenant.planning.tenants.found import (
    Column,
    ForeignKey,
    Found,
    Function,
    Held,
    Key,
    Name,
    Policy,
    Preset,
    Relation,
    RelationKind,
    Relative,
    Same,
    Schema,
    Trigger,
    Unheld,
    View,
    Way,
)
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.postgres.failures import failed
from pgtenant.postgres.libpq import Connection, load_json
from pgtenant.postgres.queries import query
from pgtenant.postgres.retry import patiently

_KINDS: Final = {
    "r": RelationKind.TABLE,
    "p": RelationKind.PARTITIONED,
    "m": RelationKind.MATERIALIZED,
    "f": RelationKind.FOREIGN,
}


async def inspect_tenants(
    connection: Connection,
    isolation: Isolation,
    *,
    roles: Collection[str],
    only: str | None = None,
) -> Found:
    """Read the database that `connection` is connected to.

    Args:
        connection: anybody's who may enter it, with no schema but `pg_catalog` in its
            `search_path`: the expressions of policies are compared as they are printed for that.
        isolation: how tenants should be kept apart.
        roles: the database's owner, editors and readers.
        only: one tenant's schema, or None for all.

    Raises:
        ServerError: the query failed.
    """

    async def once() -> Found:
        return await read_tenants(connection, isolation, roles=roles, only=only)

    # Inside of a transaction that has failed nothing can be asked again.
    idle = connection.info.transaction_status == TransactionStatus.IDLE
    try:
        return await (patiently(once) if idle else once())
    except psycopg.Error as error:
        where = connection.info.dbname
        raise failed(error, doing="reading how tenants are kept apart", where=where) from None


async def read_tenants(
    connection: Connection,
    isolation: Isolation,
    *,
    roles: Collection[str],
    only: str | None = None,
) -> Found:
    """Do the same inside of a transaction, whose errors are its own.

    Raises:
        psycopg.Error: the query failed.
    """
    parameters = {
        "prefix": isolation.prefix,
        "column": isolation.column,
        "setting": isolation.setting,
        "roles": sorted(roles),
        "only": only,
        "by_schema": isolation.roles_in is not None,
        "set_privilege": "SET" if connection.info.server_version >= 160000 else "MEMBER",
    }
    row = await (await connection.execute(query("tenants"), parameters)).fetchone()
    if row is None:
        msg = "a query of one row returned none"
        raise AssertionError(msg)
    return _found(load_json(row[0]))


def _found(row: dict[str, Any]) -> Found:
    return Found(
        schemas=tuple(
            sorted(
                (
                    Schema(name, owner, comment, _held(held))
                    for name, owner, comment, held in row["schemas"] or ()
                ),
                key=lambda schema: schema.name,
            )
        ),
        relations=_relations(row["relations"] or ()),
        views=tuple(
            sorted(
                (Same(View(*facts), _names(names)) for *facts, names in row["views"] or ()),
                key=lambda same: same.names,
            )
        ),
        functions=tuple(
            sorted(
                (Same(Function(*facts), _names(names)) for *facts, names in row["functions"] or ()),
                key=lambda same: same.names,
            )
        ),
        unheld=tuple(
            sorted(
                Unheld(role, Way(way), becomes, superuser)
                for role, way, becomes, superuser in row["unheld"] or ()
            )
        ),
        presets=tuple(sorted(Preset(*item) for item in row["presets"] or ())),
        bypassing=frozenset(row["bypassing"] or ()),
    )


def _relations(items: Iterable[dict[str, Any]]) -> tuple[Same[Relation], ...]:
    """Return one group for equal facts: what was written differently may print the same."""
    found: dict[Relation, list[Name]] = {}
    for item in items:
        found.setdefault(_relation(item), []).extend(_names(item["names"]))
    groups = (Same(facts, tuple(sorted(names))) for facts, names in found.items())
    return tuple(sorted(groups, key=lambda same: same.names))


def _relation(item: dict[str, Any]) -> Relation:
    return Relation(
        kind=_KINDS[item["kind"]],
        owner=item["owner"],
        row_security=item["row_security"],
        forced=item["forced"],
        column=None if item["type"] is None else Column(item["type"], item["loose"]),
        indexed=item["indexed"],
        policies=tuple(
            Policy(name, permissive, command, tuple(roles), using, check)
            for name, permissive, command, roles, using, check in item["policies"] or ()
        ),
        keys=tuple(Key(*key) for key in item["keys"] or ()),
        foreign_keys=tuple(ForeignKey(*key) for key in item["foreign_keys"] or ()),
        held=_held([*(item["held"] or ()), *(item["column_grants"] or ())]),
        sequences=tuple(item["sequences"] or ()),
        by_name=tuple(item["by_name"] or ()),
        triggers=tuple(Trigger(*trigger) for trigger in item["triggers"] or ()),
        rules=tuple(item["rules"] or ()),
        relatives=tuple(sorted(Relative(*one) for one in item["relatives"] or ())),
    )


def _held(rows: Iterable[tuple[str, str]] | None) -> tuple[Held, ...]:
    by_role: dict[str, set[str]] = {}
    for role, privilege in rows or ():
        by_role.setdefault(role, set()).add(privilege)
    return tuple(Held(role, tuple(sorted(words))) for role, words in sorted(by_role.items()))


def _names(rows: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((schema, name) for schema, name in rows))
