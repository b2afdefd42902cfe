"""What is inside a database after a change, by PostgreSQL's rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from pgtenant.planning import acl
from pgtenant.planning.acl import RefusedError
from pgtenant.planning.changes import (
    CreateExtension,
    GiveTables,
    GrantDefault,
    GrantObjects,
    RevokeColumns,
    RevokeDefault,
    RevokeObjects,
    RunInitialSchema,
    SecureTables,
)
from pgtenant.planning.observed import Contents, DefaultGrant, ObjectGrant, ObjectGroup
from pgtenant.planning.privileges import PUBLIC, ObjectKind
from pgtenant.planning.tenants.found import Found, Name, Relation, Same
from pgtenant.planning.tenants.statements import secured

_Grants = tuple[ObjectGrant, ...]


def carry_out(  # noqa: PLR0911 - one arm for each kind of change
    change: GrantObjects
    | RevokeObjects
    | RevokeColumns
    | GrantDefault
    | RevokeDefault
    | CreateExtension
    | RunInitialSchema
    | SecureTables
    | GiveTables,
    contents: Contents,
) -> Contents:
    """Return `contents` after `change`."""
    match change:
        case GrantObjects():
            return _on_objects(change, contents, lambda grants, by: _grant(change, grants, by))
        case RevokeObjects():
            after = _on_objects(change, contents, lambda grants, by: _revoke(change, grants, by))
            return _close_public(change, contents, after)
        case RevokeColumns():
            return replace(
                contents,
                columns=tuple(
                    g
                    for g in contents.columns
                    if (g.role, g.schema, g.table, g.privilege)
                    != (change.role, change.schema, change.table, change.privilege)
                ),
            )
        case GrantDefault():
            there = {
                g.privilege
                for g in contents.defaults
                if (g.role, g.schema, g.kind) == (change.role, "", change.object_kind)
            }
            new = (
                DefaultGrant(change.role, "", str(change.object_kind), word)
                for word in set(change.privileges) - there
            )
            return replace(contents, defaults=tuple(sorted((*contents.defaults, *new))))
        case RevokeDefault():
            return replace(contents, defaults=_revoke_default(change, contents.defaults))
        case CreateExtension():
            return replace(contents, extensions=contents.extensions | {change.extension})
        case RunInitialSchema():
            # What it makes gets its grants from the default privileges, which stand by
            # then; so no group of it differs from the catalog.
            return contents
        case SecureTables():
            tenants = contents.tenants or Found()
            return replace(contents, tenants=_secure(change, tenants))
        case GiveTables():
            return replace(contents, tenants=_give(change, contents.tenants or Found()))
        case _:
            assert_never(change)


def _give(change: GiveTables, found: Found) -> Found:
    """Give tables to whoever owns their schemas."""
    left = set(change.tables)
    relations: dict[Relation, list[Name]] = {}
    for group in found.relations:
        for name in group.names:
            facts = replace(group.facts, owner="") if name in left else group.facts
            relations.setdefault(facts, []).append(name)
    groups = (Same(facts, tuple(sorted(names))) for facts, names in relations.items())
    return replace(found, relations=tuple(sorted(groups, key=lambda same: same.names)))


def _secure(change: SecureTables, found: Found) -> Found:
    """Put the named tables behind the policy; a group of which only some are named is split."""
    left = set(change.tables)
    relations: list[Same[Relation]] = []
    for group in found.relations:
        named = tuple(name for name in group.names if name in left)
        rest = tuple(name for name in group.names if name not in left)
        left.difference_update(named)
        if named and group.facts.owner not in {change.owner, change.before.owner}:
            raise RefusedError(f'must be owner of table "{named[0][1]}"')
        if named and group.facts != change.before:
            raise RefusedError(f'table "{named[0][1]}" is another than when it was looked at')
        if named:
            relations.append(Same(secured(group.facts, change.isolation), named))
        if rest:
            relations.append(Same(group.facts, rest))
    if left:
        raise RefusedError(f'relation "{min(left)[1]}" does not exist')
    return replace(found, relations=tuple(sorted(relations, key=lambda same: same.names)))


def _on_objects(
    change: GrantObjects | RevokeObjects,
    contents: Contents,
    carry: Callable[[_Grants, str], _Grants],
) -> Contents:
    """Apply `carry` to the named objects; a group of which only some are named is split."""
    groups: list[ObjectGroup] = []
    for group in contents.groups:
        named = tuple(n for n in group.names if n in change.names)
        if (group.kind, group.schema) != (change.object_kind, change.schema) or not named:
            groups.append(group)
            continue
        for grantor, names in _by_grantor(named, group.kind, change.owner, contents):
            grants = carry(group.grants, grantor)
            groups.append(replace(group, names=names, grants=grants))
        if rest := tuple(n for n in group.names if n not in change.names):
            groups.append(replace(group, names=rest))
    groups.sort(key=lambda g: (g.kind, g.schema, g.names))
    return replace(contents, groups=tuple(groups))


def _by_grantor(
    names: tuple[str, ...], kind: ObjectKind, owner: str, contents: Contents
) -> list[tuple[str, tuple[str, ...]]]:
    """Tell the schema `public`, which a group role owns, from what the owner has itself."""
    other = contents.public.owner if contents.public is not None else owner
    of_other = tuple(n for n in names if kind is ObjectKind.SCHEMA and n == "public")
    own = tuple(n for n in names if n not in of_other)
    return [(by, some) for by, some in ((owner, own), (other, of_other)) if some]


def _grant(change: GrantObjects, grants: _Grants, by: str) -> _Grants:
    there = {g.privilege for g in grants if (g.role, g.grantor) == (change.role, by)}
    new = (ObjectGrant(change.role, word, by) for word in set(change.privileges) - there)
    return tuple(sorted((*grants, *new)))


def _revoke(change: RevokeObjects, grants: _Grants, by: str) -> _Grants:
    return acl.revoke(
        grants,
        change.role,
        change.privileges,
        by=frozenset({by}),
        option_only=change.grant_option_only,
        cascade=change.cascade,
    )


def _close_public(change: RevokeObjects, before: Contents, after: Contents) -> Contents:
    """Note that `PUBLIC` can no longer create in the schema `public`.

    Where the reading named who had opened it, it is closed once none of those is left.
    """
    about = change.object_kind is ObjectKind.SCHEMA and "public" in change.names
    if after.public is None or not about or "CREATE" not in change.privileges:
        return after
    known = bool(_openers(before))
    is_open = bool(_openers(after)) if known else after.public.open and change.role != PUBLIC
    return replace(after, public=replace(after.public, open=is_open))


def _openers(contents: Contents) -> list[ObjectGrant]:
    return [
        g
        for group in contents.groups
        if group.kind is ObjectKind.SCHEMA and "public" in group.names
        for g in group.grants
        if g.role == PUBLIC and g.privilege == "CREATE"
    ]


def _revoke_default(
    change: RevokeDefault, defaults: tuple[DefaultGrant, ...]
) -> tuple[DefaultGrant, ...]:
    left: list[DefaultGrant] = []
    for item in defaults:
        meant = item.privilege in change.privileges and (item.role, item.schema, item.kind) == (
            change.role,
            change.schema,
            change.object_kind,
        )
        if not meant:
            left.append(item)
        elif change.grant_option_only:
            left.append(replace(item, grantable=False))
    return tuple(sorted(left))
