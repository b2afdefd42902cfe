"""What is wrong with relations in tenants' schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from psycopg import sql

from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.sql.text import advice
from pgtenant.planning.tenants import statements
from pgtenant.planning.tenants.findings import Finding, Problem
from pgtenant.planning.tenants.found import Column, Policy, Relation, RelationKind, Same
from pgtenant.planning.tenants.policy import (
    NAME,
    Isolation,
    comparable,
    isolates,
    weaknesses,
)

_BEYOND: Final = frozenset({"TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"})
_COMMANDS: Final = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


def judge_relations(
    group: Same[Relation], isolation: Isolation, owner: str, usual: Column | None
) -> Iterator[Finding]:
    """Find what is wrong with relations of which the same is true.

    Args:
        group: the relations.
        isolation: how tenants should be kept apart.
        owner: the role that owns the database.
        usual: the tenant column that most tables have, or None.
    """
    facts = group.facts
    match facts.kind:
        case RelationKind.MATERIALIZED:
            yield _of(group, Problem.MATERIALIZED_VIEW, "is a materialized view")
        case RelationKind.FOREIGN:
            yield _of(group, Problem.FOREIGN_TABLE, "is a foreign table")
        case RelationKind.TABLE | RelationKind.PARTITIONED:
            yield from _row_security(group, isolation, owner, usual)
            yield from _keys(group, isolation)
    role = isolation.role_of(group.names[0][0])
    if facts.owner != owner_there(isolation, owner):
        change = statements.table_owner(group.names[0], role or owner)
        said = f"belongs to {facts.owner}, not to {'whoever owns its schema' if role else owner}"
        mends = facts.owner == owner and facts.kind is not RelationKind.FOREIGN
        yield _of(group, Problem.TABLE_OWNER, said, change, ours=mends)
    for held in facts.held:
        if isolation.roles_in is not None and held.role == owner:
            revoke = statements.nothing_on_table(group.names[0], owner)
            said = f"gives {owner} {', '.join(held.privileges)} without its role"
            yield _of(group, Problem.NOT_ENTERED, said, revoke)
        if beyond := sorted(_BEYOND.intersection(held.privileges)):
            who = "everybody" if held.role == PUBLIC else held.role
            yield _of(group, Problem.BEYOND_POLICIES, f"gives {who} {', '.join(beyond)}")
    yield from _elsewhere(group)


def owner_there(isolation: Isolation, owner: str) -> str:
    """Return what `Relation.owner` is to be, where `owner` has the database."""
    return owner if isolation.roles_in is None else ""


def _elsewhere(group: Same[Relation]) -> Iterator[Finding]:
    """Find by what rows, or what tells about them, leave their table."""
    facts = group.facts
    for relative in facts.relatives:
        shares = "shows its rows in" if relative.above else "has rows in"
        said = f"{shares} {relative.name}, outside of its schema"
        yield _of(group, Problem.INHERITANCE, said)
    for sequence in facts.sequences:
        yield _of(group, Problem.SEQUENCE, f"takes numbers from {sequence}")
    for default in facts.by_name:
        said = f"takes numbers from a sequence by its name: {default}"
        yield _of(group, Problem.SEQUENCE_BY_NAME, said)
    for trigger in facts.triggers:
        said = f"has the trigger {trigger.name} with the function {trigger.function}, which belongs"
        yield _of(group, Problem.TRIGGER, f"{said} to {trigger.owner}")
    for rule in facts.rules:
        drop = statements.drop_rule(group.names[0], rule)
        yield _of(group, Problem.RULE, f"has the rule {rule}", drop)


def _row_security(
    group: Same[Relation], isolation: Isolation, owner: str, usual: Column | None
) -> Iterator[Finding]:
    facts, table, column = group.facts, group.names[0], group.facts.column
    # What is the owner's goes to the tenant's own role first.
    mends = facts.owner in {owner, owner_there(isolation, owner)}
    mends = mends and statements.can_be_secured(facts)
    if column is None:
        add = statements.add_column(table, isolation.column, usual) if usual else None
        yield _of(group, Problem.NO_COLUMN, f"has no column {isolation.column}", add)
        return
    if not comparable(column):
        loose = " with a collation that takes different texts for equal" if column.loose else ""
        said = f"has {isolation.column} of the type {column.type}{loose}"
        yield _of(group, Problem.COLUMN_TYPE, said)
        return
    if not facts.row_security:
        enable = statements.enable(table)
        yield _of(group, Problem.NO_ROW_SECURITY, "has no row security", enable, ours=mends)
    if not facts.forced:
        force = statements.force(table)
        said = "has row security that does not hold its owner"
        yield _of(group, Problem.NOT_FORCED, said, force, ours=mends)
    yield from _policies(group, isolation, column, ours=mends)
    if not facts.indexed:
        index = statements.create_index(table, isolation.column)
        said = f"has no index that begins with {isolation.column}"
        yield _of(group, Problem.NO_INDEX, said, index)


def _policies(
    group: Same[Relation], isolation: Isolation, column: Column, *, ours: bool
) -> Iterator[Finding]:
    permissive = [policy for policy in group.facts.policies if policy.permissive]
    named = [policy for policy in group.facts.policies if policy.name == NAME]
    table = group.names[0]
    if not named:
        create = statements.create_policy(table, isolation, column)
        yield _of(group, Problem.NO_POLICY, f"has no policy {NAME}", create, ours=ours)
    for policy in named:
        yield from _ours(group, policy, isolation, column, ours=ours)
    for policy in permissive:
        if policy.name == NAME:
            continue
        drop = statements.drop_policy(table, policy.name)
        said = f"has another permissive policy, {policy.name}"
        yield _of(group, Problem.POLICY_BESIDE, said, drop)


def _ours(
    group: Same[Relation], policy: Policy, isolation: Isolation, column: Column, *, ours: bool
) -> Iterator[Finding]:
    partial = [
        *([] if policy.permissive else ["is restrictive, and lets nothing through by itself"]),
        *([] if policy.command == "*" else [f"is for {_COMMANDS[policy.command]} alone"]),
        *([f"is for {', '.join(policy.roles)} alone"] if policy.roles else []),
        *(["has no USING"] if policy.using is None else []),
        *(["has no WITH CHECK"] if policy.check is None else []),
    ]
    for what in partial:
        yield _of(group, Problem.POLICY_PARTIAL, f"has a policy {NAME} that {what}", ours=ours)
    for clause, text in (("USING", policy.using), ("WITH CHECK", policy.check)):
        if text is None or isolates(text, isolation, column):
            continue
        if weak := weaknesses(text, isolation, column):
            said = f"has a policy {NAME} whose {clause} {', and '.join(weak)}"
            yield _of(group, Problem.POLICY_WEAK, said, ours=ours)
        else:
            said = f"has a policy {NAME} whose {clause} is {text}"
            yield _of(group, Problem.POLICY_UNKNOWN, said, ours=ours)


def _keys(group: Same[Relation], isolation: Isolation) -> Iterator[Finding]:
    for key in group.facts.keys:
        if not key.has_column:
            what = "primary key" if key.primary else "unique key"
            said = f"has the {what} {key.name} without {isolation.column}"
            yield _of(group, Problem.KEY, said)
    for foreign in group.facts.foreign_keys:
        if foreign.other_tenant:
            said = f"refers to another tenant's table, {foreign.target}, by {foreign.name}"
            yield _of(group, Problem.FOREIGN_KEY_OTHER_TENANT, said)
        elif foreign.target:
            said = f"refers to {foreign.target}, outside of its schema, by {foreign.name}"
            yield _of(group, Problem.FOREIGN_KEY_OUTSIDE, said)
        elif not foreign.paired:
            said = f"has the foreign key {foreign.name} without {isolation.column}"
            yield _of(group, Problem.FOREIGN_KEY, said)


def _of(
    group: Same[Relation],
    problem: Problem,
    message: str,
    statement: sql.Composable | None = None,
    *,
    ours: bool = False,
) -> Finding:
    return Finding(problem, message, group.names, advice(statement) if statement else "", ours)
