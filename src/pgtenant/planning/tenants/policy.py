"""The policy that isolates: its expression, and how the server prints it and weaker ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

from psycopg import sql

from pgtenant.catalog.model import Tenancy
from pgtenant.planning.tenants.found import Column
from pgtenant.tenancy import tenant_role

NAME: Final = "tenant_isolation"

_TEXTS: Final = ("text", "character varying")
_OTHERS: Final = ("uuid", "bigint", "integer", "smallint")


@dataclass(frozen=True, slots=True)
class Isolation:
    """How the tenants of one database are kept apart.

    Attributes:
        prefix: what the schema of every tenant starts with.
        setting: holds the current tenant.
        column: of every tenant table, holds the row's.
        roles_in: the database, where each tenant's schema has an owner of its own; else None.
    """

    prefix: str
    setting: str
    column: str
    roles_in: str | None = None

    @classmethod
    def of(cls, tenancy: Tenancy, database: str) -> Isolation:
        """Return what the `tenancy` of an entry asks for that owns `database`."""
        roles_in = database if tenancy.role_per_tenant else None
        return cls(tenancy.schema_prefix, tenancy.setting, tenancy.column, roles_in)

    def role_of(self, schema: str) -> str | None:
        """Return the role that owns a tenant's schema; None where that is the database's owner."""
        return None if self.roles_in is None else tenant_role(schema, self.roles_in)


def comparable(column: Column) -> bool:
    """Return whether values of the column can be told apart for certain, and typed.

    A cast to `varchar(5)` or `name` cuts what is too long, so that it would be another tenant's;
    `character` ignores spaces at the end, and a loose collation says of different texts that they
    are equal. So texts are compared whole, and all but these types are left out.
    """
    return not column.loose and (_is_text(column) or column.type in _OTHERS)


def type_of(column: Column) -> sql.SQL:
    """Return the type of a column that is `comparable`, without a length."""
    return sql.SQL("text") if _is_text(column) else sql.SQL(_cast(column))


def expression(isolation: Isolation, column: Column) -> sql.Composed:
    """Return what holds for the current tenant's rows, and for no row without one.

    Without the setting `current_setting` gives NULL, and an empty one, which is what a setting is
    after the transaction that had it first, becomes NULL. As a scalar subquery it is read once for
    a statement, and an index can serve it.

    Args:
        isolation: names the setting and the column.
        column: of a type that is `comparable`.
    """
    cast = sql.SQL("") if _is_text(column) else sql.SQL(f"::{_cast(column)}")
    return sql.SQL("{} = (SELECT NULLIF(pg_catalog.current_setting({}, true), ''){})").format(
        sql.Identifier(isolation.column), sql.Literal(isolation.setting), cast
    )


def printed(isolation: Isolation, column: Column) -> str:
    """Return `expression` as the server prints it."""
    return _printed(isolation, column, once=True, nullif=True, missing_ok=True)[0]


def isolates(text: str | None, isolation: Isolation, column: Column) -> bool:
    """Return whether an expression, as the server prints it, is that of `expression`."""
    return text in _printed(isolation, column, once=True, nullif=True, missing_ok=True)


def weaknesses(text: str | None, isolation: Isolation, column: Column) -> tuple[str, ...]:
    """Return what is weaker about an expression of a known form; nothing for an unknown one."""
    for once, nullif, missing_ok in product((True, False), repeat=3):
        if text in _printed(isolation, column, once=once, nullif=nullif, missing_ok=missing_ok):
            found = []
            if not missing_ok:
                found.append("is an error where the setting is missing")
            if not nullif and _is_text(column):
                found.append("takes an empty setting for a tenant")
            elif not nullif:
                found.append("is an error where the setting is empty")
            if not once:
                found.append("reads the setting for each row")
            return tuple(found)
    return ()


def _printed(
    isolation: Isolation, column: Column, *, once: bool, nullif: bool, missing_ok: bool
) -> tuple[str, ...]:
    """Return how PostgreSQL 15 to 18 print it, with `search_path` at `pg_catalog`.

    With that, a function or operator of anybody's own has its schema before it.
    """
    ok = ", true" if missing_ok else ""
    value = f"current_setting('{isolation.setting}'::text{ok})"
    if nullif:
        value = f"NULLIF({value}, ''::text)"
    if not _is_text(column):
        value = f"({value})::{_cast(column)}"
    if once:
        called = '"nullif"' if nullif else "current_setting"
        value = f"( SELECT {value} AS {called})"
    # A column whose name is a keyword is printed in quotes.
    names = (isolation.column, f'"{isolation.column}"')
    if column.type == "text" or not _is_text(column):
        return tuple(f"({name} = {value})" for name in names)
    return tuple(f"(({name})::text = {value})" for name in names)


def _is_text(column: Column) -> bool:
    return column.type.split("(", 1)[0] in _TEXTS


def _cast(column: Column) -> str:
    # Other types have no expression here, and must not get into one.
    return next((name for name in _OTHERS if name == column.type), "text")
