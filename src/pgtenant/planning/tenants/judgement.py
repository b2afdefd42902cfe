"""Judge what an inspection found: everything that keeps tenants less apart than they should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from psycopg import sql

from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.sql.statements.roles import revoke_membership, without_powers
from pgtenant.planning.sql.text import advice
from pgtenant.planning.tenants import statements
from pgtenant.planning.tenants.findings import Finding, Problem, rank
from pgtenant.planning.tenants.found import (
    Column,
    Found,
    Function,
    Name,
    Preset,
    Same,
    Schema,
    View,
    Way,
)
from pgtenant.planning.tenants.policy import Isolation, comparable
from pgtenant.planning.tenants.tables import judge_relations

_OWN_ROLE: Final = "the tenant's own role"


def judged(found: Found, isolation: Isolation, *, owner: str, database: str) -> tuple[Finding, ...]:
    """Return what is wrong, sorted.

    Args:
        found: the inspection of `database`.
        isolation: how its tenants should be kept apart.
        owner: the role that owns it.
        database: its name, for statements.
    """
    usual = usual_column(found)
    findings = [
        *_schemas(found.schemas, isolation, owner),
        *(f for same in found.relations for f in judge_relations(same, isolation, owner, usual)),
        *(f for group in found.views for f in _views(group, found)),
        *(f for group in found.functions for f in _functions(group, found, isolation)),
        *_unheld(found),
        *(_preset(preset, isolation, database) for preset in found.presets),
    ]
    return tuple(sorted(findings, key=rank))


def usual_column(found: Found) -> Column | None:
    """Return the tenant column of most tables, or None where none has a comparable one."""
    counted: Counter[Column] = Counter()
    for group in found.relations:
        if group.facts.column is not None and comparable(group.facts.column):
            counted[group.facts.column] += len(group.names)
    return max(counted, key=lambda column: (counted[column], column.type)) if counted else None


def _schemas(schemas: Iterable[Schema], isolation: Isolation, owner: str) -> Iterator[Finding]:
    owners: dict[str, list[Name]] = {}
    shared: dict[tuple[str, tuple[str, ...]], list[Name]] = {}
    open_to_owner: list[Name] = []
    for schema in schemas:
        if schema.owner != (isolation.role_of(schema.name) or owner):
            owners.setdefault(schema.owner, []).append(("", schema.name))
        for held in schema.held:
            if isolation.roles_in is not None and held.role == owner:
                open_to_owner.append(("", schema.name))
            # What a level of the catalog gives is `USAGE`.
            words = tuple(p for p in held.privileges if p != "USAGE" or held.role == PUBLIC)
            if words:
                shared.setdefault((held.role, words), []).append(("", schema.name))
    for other, names in sorted(owners.items()):
        first = min(names)[1]
        role = isolation.role_of(first)
        change = statements.schema_owner(first, role or owner)
        message = f"belongs to {other}, not to {_OWN_ROLE if role else owner}"
        yield Finding(Problem.SCHEMA_OWNER, message, tuple(sorted(names)), advice(change))
    if open_to_owner:
        names = sorted(open_to_owner)
        revoke = statements.shut_out(names[0][1], owner)
        message = f"is open to {owner} without its role"
        yield Finding(Problem.NOT_ENTERED, message, tuple(names), advice(revoke))
    for (role, words), names in sorted(shared.items()):
        revoke = statements.revoke_on_schema(min(names)[1], role, words)
        message = f"gives {'everybody' if role == PUBLIC else role} {', '.join(words)}"
        yield Finding(Problem.SCHEMA_OPEN, message, tuple(sorted(names)), advice(revoke))


def _views(group: Same[View], found: Found) -> Iterator[Finding]:
    if group.facts.invoker:
        return
    owner = group.facts.owner
    bypasses = owner in found.bypassing
    problem = Problem.VIEW_BYPASSES if bypasses else Problem.VIEW_OWNER
    message = f"is a view without security_invoker that belongs to {owner or _OWN_ROLE}"
    yield Finding(problem, message, group.names, advice(statements.invoke(group.names[0])))


def _functions(group: Same[Function], found: Found, isolation: Isolation) -> Iterator[Finding]:
    facts = group.facts
    if facts.definer and facts.owner in found.bypassing:
        message = f"is a SECURITY DEFINER function of {facts.owner}"
        yield Finding(Problem.FUNCTION_BYPASSES, message, group.names)
    if facts.definer and not facts.pinned_path:
        message = "is a SECURITY DEFINER function that sets no search_path"
        yield Finding(Problem.FUNCTION_PATH, message, group.names)
    if facts.sets_tenant:
        message = f"is a function that sets {isolation.setting}"
        yield Finding(Problem.FUNCTION_SETS_TENANT, message, group.names)


def _unheld(found: Found) -> Iterator[Finding]:
    for one in sorted(found.unheld):
        word = "SUPERUSER" if one.superuser else "BYPASSRLS"
        name: tuple[Name, ...] = (("", one.role),)
        if one.way is Way.ITSELF:
            mend = without_powers(one.role, [word])
            yield Finding(Problem.ROLE_BYPASSES, f"has {word}", name, advice(mend))
        else:
            mend = revoke_membership(one.becomes, one.role)
            message = f"is a member of {one.becomes}, which has {word}"
            yield Finding(Problem.ROLE_BECOMES, message, name, advice(mend))


def _preset(preset: Preset, isolation: Isolation, database: str) -> Finding:
    setting = sql.Identifier(*isolation.setting.split(".", 1))
    here = sql.SQL(" IN DATABASE {}").format(sql.Identifier(database))
    whose = sql.Identifier(preset.role) if preset.role else sql.SQL("ALL")
    mend = sql.SQL("ALTER ROLE {}{} RESET {}").format(
        whose, sql.SQL("") if preset.everywhere else here, setting
    )
    if not (preset.role or preset.everywhere):
        mend = sql.SQL("ALTER DATABASE {} RESET {}").format(sql.Identifier(database), setting)
    where = "everywhere" if preset.everywhere else f"in {database}"
    message = f"starts sessions {where} with a value of {isolation.setting}"
    return Finding(Problem.PRESET, message, (("", preset.role or PUBLIC),), advice(mend))
