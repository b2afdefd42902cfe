"""Statements for tenants' tables, all for a login of their owner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum

from psycopg import sql

from pgtenant.planning.sql.statements.words import grantee, privileges
from pgtenant.planning.sql.text import advice
from pgtenant.planning.tenants.found import Column, Name, Policy, Relation, RelationKind
from pgtenant.planning.tenants.policy import (
    NAME,
    Isolation,
    comparable,
    expression,
    isolates,
    printed,
    type_of,
)


class Lack(StrEnum):
    """What a table lacks to be held by the policy."""

    ENABLED = "enabled"
    FORCED = "forced"
    POLICY = "policy"


def create_schema(schema: str) -> sql.Composed:
    """`CREATE SCHEMA`, owned by who logs in."""
    return sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema))


def comment_on_schema(schema: str, comment: str) -> sql.Composed:
    """`COMMENT ON SCHEMA`."""
    return sql.SQL("COMMENT ON SCHEMA {} IS {}").format(
        sql.Identifier(schema), sql.Literal(comment)
    )


def rename_schema(schema: str, name: str) -> sql.Composed:
    """`ALTER SCHEMA … RENAME TO`."""
    return sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(
        sql.Identifier(schema), sql.Identifier(name)
    )


def create_schema_of(schema: str, owner: str) -> sql.Composed:
    """`CREATE SCHEMA … AUTHORIZATION`, by whoever may `SET ROLE` to the owner."""
    return create_schema(schema) + sql.SQL(" AUTHORIZATION {}").format(sql.Identifier(owner))


def schema_owner(schema: str, owner: str) -> sql.Composed:
    """`ALTER SCHEMA … OWNER TO`."""
    return sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(
        sql.Identifier(schema), sql.Identifier(owner)
    )


def table_owner(table: Name, owner: str) -> sql.Composed:
    """`ALTER TABLE … OWNER TO`."""
    return _alter(table, sql.SQL("OWNER TO {}").format(sql.Identifier(owner)))


def create_in(database: str, role: str) -> sql.Composed:
    """Let a role make schemas in a database."""
    return sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(
        sql.Identifier(database), sql.Identifier(role)
    )


def no_create_in(database: str, role: str) -> sql.Composed:
    """Take that away."""
    return sql.SQL("REVOKE CREATE ON DATABASE {} FROM {}").format(
        sql.Identifier(database), sql.Identifier(role)
    )


def owns_nothing(role: str) -> sql.Composed:
    """Ask whether a role owns nothing that this transaction leaves, in any database."""
    return sql.SQL(
        "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_roles r"
        " ON r.oid = d.refobjid WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass"
        " AND d.deptype = 'o' AND r.rolname = {})"
    ).format(sql.Literal(role))


def let_in(schema: str, role: str) -> sql.Composed:
    """Let a role name what is in a schema."""
    return sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(
        sql.Identifier(schema), sql.Identifier(role)
    )


def shut_out(schema: str, role: str) -> sql.Composed:
    """Take that away."""
    return revoke_on_schema(schema, role, ["USAGE"])


def nothing_on_table(table: Name, role: str) -> sql.Composed:
    """Take all that a role holds on a table; only ever shown."""
    return sql.SQL("REVOKE ALL ON TABLE {} FROM {}").format(
        sql.Identifier(*table), sql.Identifier(role)
    )


def drop_schema(schema: str) -> sql.Composed:
    """`DROP SCHEMA … CASCADE`, with all that is in it."""
    return sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema))


def revoke_on_schema(schema: str, role: str, held: Iterable[str]) -> sql.Composed:
    """`REVOKE … ON SCHEMA`: these privileges."""
    return sql.SQL("REVOKE {} ON SCHEMA {} FROM {}").format(
        privileges(held), sql.Identifier(schema), grantee(role)
    )


def revoke_schema(schema: str, role: str) -> sql.Composed:
    """`REVOKE ALL ON SCHEMA`, and what the role has passed on."""
    return sql.SQL("REVOKE ALL ON SCHEMA {} FROM {} CASCADE").format(
        sql.Identifier(schema), grantee(role)
    )


def enable(table: Name) -> sql.Composed:
    """Have policies hold whoever does not own the table."""
    return _alter(table, sql.SQL("ENABLE ROW LEVEL SECURITY"))


def disable(table: Name) -> sql.Composed:
    """Have no policy hold anybody; an attack tries it on a table of its own."""
    return _alter(table, sql.SQL("DISABLE ROW LEVEL SECURITY"))


def force(table: Name) -> sql.Composed:
    """Have policies hold the table's owner as well."""
    return _alter(table, sql.SQL("FORCE ROW LEVEL SECURITY"))


def create_policy(table: Name, isolation: Isolation, column: Column) -> sql.Composed:
    """`CREATE POLICY`: for all commands and everybody, rows that are read or written."""
    holds = expression(isolation, column)
    return sql.SQL("CREATE POLICY {} ON {} USING ({}) WITH CHECK ({})").format(
        sql.Identifier(NAME), sql.Identifier(*table), holds, holds
    )


def drop_policy(table: Name, name: str) -> sql.Composed:
    """`DROP POLICY`."""
    return sql.SQL("DROP POLICY {} ON {}").format(sql.Identifier(name), sql.Identifier(*table))


def drop_rule(table: Name, name: str) -> sql.Composed:
    """`DROP RULE`; only ever shown."""
    return sql.SQL("DROP RULE {} ON {}").format(sql.Identifier(name), sql.Identifier(*table))


def comment_on_policy(table: Name, comment: str) -> sql.Composed:
    """Say on a policy who made it. The table's owner can rewrite that, so it decides nothing."""
    return sql.SQL("COMMENT ON POLICY {} ON {} IS {}").format(
        sql.Identifier(NAME), sql.Identifier(*table), sql.Literal(comment)
    )


def add_column(table: Name, name: str, like: Column) -> sql.Composed:
    """`ADD COLUMN`; only ever shown: what belongs into it, the application knows."""
    return sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
        sql.Identifier(*table), sql.Identifier(name), type_of(like)
    )


def create_index(table: Name, column: str) -> sql.Composed:
    """`CREATE INDEX` on the tenant column; only ever shown: how big the table is, nobody asked."""
    return sql.SQL("CREATE INDEX CONCURRENTLY ON {} ({})").format(
        sql.Identifier(*table), sql.Identifier(column)
    )


def invoke(view: Name) -> sql.Composed:
    """Have a view ask with the rights of whoever asks it; only ever shown."""
    return sql.SQL("ALTER VIEW {} SET (security_invoker = true)").format(sql.Identifier(*view))


def secure(
    table: Name, facts: Relation, isolation: Isolation, comment: str
) -> Iterator[sql.Composed]:
    """Yield what a table lacks, in the order in which it is never open meanwhile.

    Args:
        table: whose.
        facts: how it is.
        isolation: how it should be kept apart.
        comment: for a policy that is made.
    """
    lacks, column = lacking(facts, isolation), facts.column
    if column is None:
        return
    # Row security without a policy lets nothing through, so it comes before the policy is touched.
    if Lack.ENABLED in lacks:
        yield enable(table)
    if Lack.FORCED in lacks:
        yield force(table)
    if Lack.POLICY in lacks:
        if any(policy.name == NAME for policy in facts.policies):
            yield drop_policy(table, NAME)
        yield create_policy(table, isolation, column)
        yield comment_on_policy(table, comment)


def lacking(facts: Relation, isolation: Isolation) -> tuple[Lack, ...]:
    """Return what `secure` gives a table, in that order."""
    column = facts.column
    if column is None or not can_be_secured(facts):
        return ()
    right = any(
        policy.name == NAME
        and policy.permissive
        and policy.command == "*"
        and not policy.roles
        and isolates(policy.using, isolation, column)
        and isolates(policy.check, isolation, column)
        for policy in facts.policies
    )
    return (
        *([] if facts.row_security else [Lack.ENABLED]),
        *([] if facts.forced else [Lack.FORCED]),
        *([] if right else [Lack.POLICY]),
    )


def secured(facts: Relation, isolation: Isolation) -> Relation:
    """Return how a table is after `secure`."""
    lacks, column = lacking(facts, isolation), facts.column
    policies = facts.policies
    if column is not None and Lack.POLICY in lacks:
        holds = printed(isolation, column)
        others = (policy for policy in policies if policy.name != NAME)
        policies = tuple(sorted((*others, Policy(NAME, True, "*", (), holds, holds))))
    return replace(
        facts,
        row_security=facts.row_security or Lack.ENABLED in lacks,
        forced=facts.forced or Lack.FORCED in lacks,
        policies=policies,
    )


def qualified(table: Name) -> str:
    """Return a table's name with its schema, as SQL has it."""
    return advice(sql.Identifier(*table))


def can_be_secured(facts: Relation) -> bool:
    """Return whether a policy can hold what the relation's rows are."""
    return (
        facts.kind in {RelationKind.TABLE, RelationKind.PARTITIONED}
        and facts.column is not None
        and comparable(facts.column)
    )


def _alter(table: Name, what: sql.Composable) -> sql.Composed:
    return sql.SQL("ALTER TABLE {} {}").format(sql.Identifier(*table), what)
