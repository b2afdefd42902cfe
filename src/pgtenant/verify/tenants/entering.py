"""What is tried where each tenant has a role of its own, which the application enters.

The stand-ins belong to the roles of the tenants that they stand for: so there are none for nobody,
and less than two tenants have nobody to attack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from psycopg import sql

from pgtenant.planning.sql.statements import set_local_role
from pgtenant.planning.tenants import statements
from pgtenant.planning.tenants.found import Column
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.verify.tenants.ground import (
    ID,
    ROWS,
    Ground,
    StandIn,
    become,
    filling_of,
    ground,
    table_of,
    tools,
)
from pgtenant.verify.tenants.powers import on_tables
from pgtenant.verify.tenants.targets import Target
from pgtenant.verify.tenants.tricks import (
    REFUSED,
    Attempt,
    Trick,
    attacks,
    copies,
)

BACK: Final = sql.SQL("RESET ROLE")
_READ_ONLY: Final = sql.SQL("SET LOCAL transaction_read_only = on")
_MISSING: Final = "42P01"
"""What a `search_path` leads to is not there for whoever may not use the schema."""


def entered_ground(
    isolation: Isolation, column: Column, schemas: Sequence[str], mark: str
) -> Ground:
    """Return stand-ins for some tenants; see `ground`."""
    place = ground(isolation, column, schemas, mark)
    return replace(place, stand_ins=tuple(one for one in place.stand_ins if one.tenant))


def making(place: Ground) -> Iterator[sql.Composable]:
    """Yield the statements that make the stand-ins, each its tenant's role's, with a row."""
    yield from tools(place)
    yield sql.SQL("GRANT USAGE ON SCHEMA {} TO PUBLIC").format(sql.Identifier(place.tools))
    yield sql.SQL("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {} TO PUBLIC").format(
        sql.Identifier(place.tools)
    )
    for stand_in in place.stand_ins:
        role = role_of(place, stand_in.tenant)
        yield statements.create_schema_of(stand_in.schema, role)
        yield set_local_role(role)
        yield from table_of(place, stand_in, ROWS, key=(place.isolation.column, ID))
        yield from filling_of(place, stand_in)
        yield BACK


def role_of(place: Ground, tenant: str) -> str:
    """Return the role of a tenant, by its schema."""
    role = place.isolation.role_of(tenant)
    if role is None:
        msg = "tenants have no roles of their own"
        raise AssertionError(msg)
    return role


def entered(place: Ground, own: StandIn, other: StandIn) -> Iterator[Attempt]:
    """Yield what `own`, in its role, tries on `other`: all of it is refused, not only empty."""
    for attempt in attacks(place, own, other):
        yield replace(attempt, answer=_MISSING if attempt.trick is Trick.PATH else REFUSED)
    theirs = sql.Identifier(other.schema, ROWS)
    named = become(place.isolation, other.value)
    yield Attempt(Trick.NO_SETTING, _all(named, sql.SQL("SELECT FROM {}").format(theirs)), REFUSED)
    yield from on_tables(place, own, other)


def entered_copies(own: StandIn, other: StandIn) -> Iterator[Attempt]:
    """Yield the same of what only the client can try."""
    out, into = copies(own, other)
    yield replace(out, answer=REFUSED)
    yield into


def outside(place: Ground, other: StandIn) -> Iterator[Attempt]:
    """Yield what the application's login tries on a tenant without having entered it."""
    theirs = sql.Identifier(other.schema, ROWS)
    named = become(place.isolation, other.value)
    for text in ("SELECT FROM {}", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"):
        yield Attempt(Trick.NO_ENTRY, _all(named, sql.SQL(text).format(theirs)), REFUSED)


def really_outside(target: Target) -> Iterator[Attempt]:
    """Yield the same of a tenant's own tables, which are read."""
    for table in (*target.same, *target.others):
        read = sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(*table))
        yield Attempt(Trick.NO_ENTRY, _all(_READ_ONLY, read), REFUSED)


def really_entered(place: Ground, target: Target, slug: str | None) -> Attempt:
    """Return what another tenant, in its role, tries on the first of a tenant's own tables.

    Args:
        place: where.
        target: the tenant that is attacked.
        slug: its slug, where the tenant column is a text and may hold it.
    """
    first = (*target.same, *target.others)[0]
    read = sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(*first))
    named = become(place.isolation, slug)
    return Attempt(Trick.NO_SETTING, _all(_READ_ONLY, named, read), REFUSED)


def shown_entered(place: Ground) -> Iterator[Attempt]:
    """Yield what can't be prevented; the second stand-in tries it on the first."""
    other = place.stand_ins[0]
    switch = set_local_role(role_of(place, other.tenant))
    read = sql.SQL("SELECT FROM {}").format(sql.Identifier(other.schema, ROWS))
    named = become(place.isolation, other.value)
    yield Attempt(Trick.ANOTHERS_ROLE, _all(switch, named, read), "1")


def _all(*texts: sql.Composable) -> sql.Composed:
    return sql.SQL("; ").join(texts)
