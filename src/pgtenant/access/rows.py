"""Who can do what, and through which path, as rows.

A row says what one role can do with objects that are alike. What everyone can do is said once, of
`PUBLIC`, unless one role is asked for; a superuser may everything and has one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pgtenant.access.belonging import belonging
from pgtenant.access.effective import held
from pgtenant.access.model import AccessModel, Database, Grant, Group, Kind
from pgtenant.access.path import Hop, Path, Via
from pgtenant.access.view import Filters, View
from pgtenant.access.wording import labels
from pgtenant.planning.privileges import PUBLIC

OWNER: Final = "OWNER"
"""Beside PostgreSQL's privileges: the right to alter, drop and grant, which no list holds."""

EVERYTHING: Final = "ALL"
"""What a superuser may."""

_CONTAINED: Final = frozenset({Kind.TABLE, Kind.COLUMN, Kind.SEQUENCE, Kind.FUNCTION, Kind.TYPE})


@dataclass(frozen=True, slots=True)
class Row:
    """What one role can do with objects that are alike.

    Attributes:
        role: the role, or `privileges.PUBLIC` for everyone.
        database: where they are; empty for what belongs to the instance.
        kind: a `Kind`'s value, `new_` and a kind for what will be made, `role`, `attribute`
            or `instance`.
        names: what they are called; empty for what will be made and for the instance.
        privileges: sorted; of a role `USAGE`, `SET` and `ADMIN`.
        usable: whether the role can get there: connect, and use the schema.
        runs_as: for functions that run as their owner, the owner.
    """

    role: str
    database: str
    kind: str
    schema: str
    table: str
    names: tuple[str, ...]
    privileges: tuple[str, ...]
    path: Path
    usable: bool = True
    runs_as: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The answer.

    Attributes:
        rows: by database, role and object.
        not_looked_into: databases, each with the reason.
    """

    model: AccessModel
    filters: Filters
    rows: tuple[Row, ...]
    not_looked_into: tuple[tuple[str, str], ...]


def listing(model: AccessModel, filters: Filters) -> Listing:
    """Return who can do what, as far as it is asked for."""
    view = View.of(model, filters)
    rows: list[Row] = []
    if filters.database is None and filters.table is None:
        rows += _of_instance(view)
    else:
        rows += (row for row in _of_instance(view) if row.kind == "instance")
    chosen = [d for n, d in sorted(model.databases.items()) if filters.database in {None, n}]
    for database in chosen:
        rows += _of_database(view, database)
    return Listing(
        model=model,
        filters=filters,
        rows=tuple(rows),
        not_looked_into=tuple((d.name, d.unread) for d in chosen if d.inside is None),
    )


def _of_instance(view: View) -> Iterator[Row]:
    for name in view.subjects:
        if view.graph.superuser(name):
            yield Row(
                name, "", "instance", "", "", (), (EVERYTHING,), (Hop(Via.SUPERUSER),), usable=True
            )
        yield from (
            Row(name, "", kind, "", "", names, privileges, path)
            for kind, names, privileges, path in belonging(view.graph, name)
        )
    for group in view.graph.model.shared:
        yield from _rows(view, group, None, frozenset())


def _of_database(view: View, database: Database) -> Iterator[Row]:
    groups = database.inside.groups if database.inside is not None else ()
    if view.filters.table is not None:
        groups = tuple(_only(groups, view.filters.table))
        if not groups:
            return
    else:
        yield from _rows(view, database.group, database, frozenset())
    connecting: frozenset[str] = frozenset()
    if database.allow_connections:
        connecting = view.holding(database.group, "CONNECT", database.owner, login=True)
    schemas = _schema_users(view, database)
    for group in groups:
        able = connecting
        if group.kind in _CONTAINED and not group.system:
            able = connecting & schemas.get(group.schema, frozenset())
        yield from _rows(view, group, database, able)
    if view.filters.table is None:
        yield from _to_come(view, database, connecting)


def _rows(
    view: View, group: Group, database: Database | None, able: frozenset[str]
) -> Iterator[Row]:
    outer = group.kind in {Kind.DATABASE, Kind.PARAMETER, Kind.TABLESPACE} and (
        database is None or database.allow_connections
    )
    base = Row(
        role=PUBLIC,
        database=database.name if database else "",
        kind=group.kind,
        schema=group.schema,
        table=group.table,
        names=tuple(labels(group)),
        privileges=(),
        path=(Hop(Via.PUBLIC),),
        usable=outer or PUBLIC in able,
        runs_as=group.owner if group.definer else "",
    )
    public = tuple(sorted(g.privilege for g in group.grants if g.grantee == PUBLIC))
    if public and view.everyone:
        yield replace(base, privileges=public)
    owner = database.owner if database else ""
    for role in view.candidates(group, owner):
        reach = view.graph.in_database(view.graph.usable(role), owner)
        found = held(_with_owner(group), reach, view.graph.model.major)
        for path, privileges in _by_path(found, public=not view.everyone):
            yield replace(
                base, role=role, privileges=privileges, path=path, usable=outer or role in able
            )


def _by_path(found: Mapping[str, Path], *, public: bool) -> Iterator[tuple[Path, tuple[str, ...]]]:
    paths: dict[Path, list[str]] = {}
    for privilege, path in found.items():
        if public or path[-1].via is not Via.PUBLIC:
            paths.setdefault(path, []).append(privilege)
    for path, privileges in sorted(paths.items()):
        yield path, tuple(sorted(privileges))


def _with_owner(group: Group) -> Group:
    if group.kind is Kind.COLUMN or group.system:
        return group
    own = Grant(group.owner, OWNER, group.owner)
    return replace(group, grants=(own, *group.grants))


def _schema_users(view: View, database: Database) -> Mapping[str, frozenset[str]]:
    """Map each schema to the subjects, `PUBLIC` among them, that may name what is in it."""
    found: dict[str, frozenset[str]] = {}
    for group in database.inside.groups if database.inside is not None else ():
        if group.kind is not Kind.SCHEMA:
            continue
        users = view.holding(group, "USAGE", database.owner, login=False)
        found |= dict.fromkeys(group.names, users)
    return found


def _to_come(view: View, database: Database, connecting: frozenset[str]) -> Iterator[Row]:
    """Yield what default privileges will give."""
    kinds: dict[tuple[str, str, str, str], list[str]] = {}
    for grant in database.inside.defaults if database.inside is not None else ():
        shown = grant.grantee in view.subjects or (grant.grantee == PUBLIC and view.everyone)
        if shown and grant.grantee != grant.creator:
            key = (grant.grantee, grant.kind, grant.schema, grant.creator)
            kinds.setdefault(key, []).append(grant.privilege)
    for (role, kind, schema, creator), privileges in sorted(kinds.items()):
        yield Row(
            role,
            database.name,
            f"new_{kind}",
            schema,
            "",
            (),
            tuple(sorted(privileges)),
            (Hop(Via.DEFAULT, creator),),
            usable=role in connecting,
        )


def _only(groups: Iterable[Group], table: str) -> Iterator[Group]:
    """Yield the parts of groups that are about one table."""
    for group in groups:
        if group.kind is Kind.COLUMN and table in {group.table, f"{group.schema}.{group.table}"}:
            yield group
        if group.kind is Kind.TABLE:
            names = tuple(n for n in group.names if table in {n, f"{group.schema}.{n}"})
            if names:
                yield replace(group, names=names)
