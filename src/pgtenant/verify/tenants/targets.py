"""Which of the tenants' own tables an attack reads, and as whom: it writes to none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from pgtenant.planning.sql.text import can_be_sent
from pgtenant.planning.tenants.found import Column, Found, Name, Relation, RelationKind
from pgtenant.planning.tenants.policy import Isolation, type_of
from pgtenant.planning.tenants.tables import owner_there

_MOST: Final = 50
"""Tables of one tenant: each is locked against `DROP` for as long as the query takes."""

_NOBODY: Final = {
    "uuid": "ffffffff-ffff-4fff-bfff-ffffffffffff",
    "bigint": "-9223372036854775808",
    "integer": "-2147483648",
    "smallint": "-32768",
}


@dataclass(frozen=True, slots=True)
class Target:
    """One tenant's tables.

    Attributes:
        tenant: its schema.
        same: those whose tenant column is of the usual type.
        others: those with another one, or without.
    """

    tenant: str
    same: tuple[Name, ...]
    others: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """One reading of a tenant's tables.

    Attributes:
        by: the tenant that the session says it is, by its schema; empty for none.
        value: what the setting is; None where it was never set.
        tables: that are read.
    """

    by: str
    value: str | None
    tables: tuple[Name, ...]

    @property
    def query(self) -> sql.Composed:
        """Which of the tables show a row: their places, in one text."""
        each = (
            sql.SQL("CASE WHEN EXISTS (SELECT FROM {}) THEN {} END").format(
                sql.Identifier(*table), sql.Literal(str(place))
            )
            for place, table in enumerate(self.tables)
        )
        return sql.SQL("SELECT pg_catalog.concat_ws(' ', {})").format(sql.SQL(", ").join(each))


def targets(
    found: Found,
    sample: Sequence[str],
    owner: str,
    column: Column,
    isolation: Isolation | None = None,
) -> tuple[tuple[Target, ...], int]:
    """Return the tables of some tenants, and how many of them are left out.

    Reading one that row security hides takes an index: without one all of it would be read, each
    time. What row security does not hide shows a row at once.

    Args:
        found: the inspection.
        sample: the tenants, by their schemas.
        owner: of the database.
        column: the tenant column of most tables.
        isolation: names the owners of schemas where each tenant has a role of its own.
    """
    roles = {s.name: isolation.role_of(s.name) if isolation else None for s in found.schemas}
    own = {s.name for s in found.schemas if s.owner == (roles[s.name] or owner)}
    owner = owner_there(isolation, owner) if isolation else owner
    same: dict[str, list[Name]] = {tenant: [] for tenant in sample}
    others: dict[str, list[Name]] = {tenant: [] for tenant in sample}
    left = 0
    for group in found.relations:
        facts = group.facts
        alike = facts.column is not None and _type(facts.column) == _type(column)
        for name in group.names:
            if name[0] not in same:
                continue
            if name[0] in own and can_be_sent(*name) and _is_quick(facts, owner):
                (same if alike else others)[name[0]].append(name)
            else:
                left += 1
    chosen = []
    for tenant in sample:
        first, second = sorted(same[tenant]), sorted(others[tenant])
        left += max(0, len(first) + len(second) - _MOST)
        room = max(0, _MOST - len(first))
        chosen.append(Target(tenant, tuple(first[:_MOST]), tuple(second[:room])))
    return tuple(one for one in chosen if one.same or one.others), left


def visits(target: Target, column: Column, slugs: Sequence[tuple[str, str]]) -> Iterator[Visit]:
    """Yield all readings of a tenant's tables, the one without a setting first.

    Args:
        target: the tenant's.
        column: of its tables.
        slugs: of the tenants that attack, by their schemas; only a text can hold one.
    """
    yield Visit("", None, (*target.same, *target.others))
    yield Visit("", "", (*target.same, *target.others))
    if not target.same:
        return
    text = _type(column) == "text"
    yield Visit("", "pgtenant: nobody" if text else _NOBODY[_type(column)], target.same)
    for schema, slug in slugs if text else ():
        if schema != target.tenant:
            yield Visit(schema, slug, target.same)


def _is_quick(facts: Relation, owner: str) -> bool:
    kinds = {RelationKind.TABLE, RelationKind.PARTITIONED}
    hidden = facts.row_security and facts.forced
    return facts.kind in kinds and facts.owner == owner and (facts.indexed or not hidden)


def _type(column: Column) -> str:
    return type_of(column).as_string(None)
