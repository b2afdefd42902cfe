"""What there is to try in a database, and what of it is not tried one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pgtenant.planning.desired import DesiredDatabase, DesiredRole
from pgtenant.verify.facts import Ground
from pgtenant.verify.findings import Finding, FindingKind, Severity

MOST: Final = 50
"""Tables, columns and functions that one role tries in one database; the analysis knows all."""


@dataclass(frozen=True, slots=True)
class Definer:
    """A `SECURITY DEFINER` function.

    Attributes:
        callable: whether an `EXPLAIN` of a call can be trusted to call nothing.
        arguments: the schema and name of each argument's type.
    """

    schema: str
    name: str
    owner: str
    oid: int
    callable: bool
    arguments: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What there is to try in a database.

    Attributes:
        event_triggers: the names of those that would fire: then no DDL is attempted.
        schemas: those that the access levels speak of.
        tables: schema, name and a column that can be updated (or None), one for each ACL.
        columns: schema, table, column: those with privileges of their own.
        definers: those that cross tenants.
        default_schemas: schemas with default privileges of their own.
        large_acls: schema, table, column (or empty) and size in bytes.
        totals: how many tables, columns and definers there are; above are at most `MOST` of each.
    """

    event_triggers: tuple[str, ...]
    schemas: tuple[str, ...]
    tables: tuple[tuple[str, str, str | None], ...]
    columns: tuple[tuple[str, str, str], ...]
    definers: tuple[Definer, ...]
    default_schemas: tuple[str, ...]
    large_acls: tuple[tuple[str, str, str, int], ...]
    totals: Mapping[str, int]


def at_home(database: DesiredDatabase, ground: Ground) -> tuple[str, ...]:
    """Return whose `SECURITY DEFINER` functions in `database` cross no border, sorted."""
    owner = ground.observed.databases[database.name].owner
    return tuple(
        name
        for name in sorted(ground.facts.roles)
        if name == owner or ground.provider(name) or ground.tenant(name) == database.name
    )


def left_out(role: DesiredRole, database: DesiredDatabase, found: Inventory) -> Iterator[Finding]:
    """Yield a note for each kind of thing of which `role` tries a part only."""
    totals = {"SECURITY DEFINER functions of others": found.totals["definers"]}
    if role is database.owner:
        totals["schemas with default privileges of their own"] = len(found.default_schemas)
    else:
        totals["columns with privileges of their own"] = found.totals["columns"]
        totals["kinds of tables (same schema, same privileges)"] = found.totals["tables"]
        totals["schemas to create in"] = len(found.schemas)
    for said, total in sorted(totals.items()):
        if total > MOST:
            yield Finding(
                Severity.NOTE,
                FindingKind.SAMPLED,
                database.name,
                role.name,
                f"tried {MOST} of {total:,} {said}; the catalogs were asked about all",
            )
