"""What a role may do with an object: `has_*_privilege`, worked out from the catalogs alone.

`src/backend/catalog/aclchk.c`: a superuser may everything; otherwise what the access control list
gives `PUBLIC`, the role, and every role whose privileges it has; and on relations, schemas and
large objects what the predefined roles add.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from pgtenant.access.model import Grant, Group, Kind
from pgtenant.access.path import Hop, Path, Via
from pgtenant.planning.privileges import PUBLIC

_TABLE: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_ALL: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        Kind.DATABASE: ("CONNECT", "CREATE", "TEMPORARY"),
        Kind.SCHEMA: ("USAGE", "CREATE"),
        Kind.TABLE: _TABLE,
        Kind.COLUMN: ("SELECT", "INSERT", "UPDATE", "REFERENCES"),
        Kind.SEQUENCE: ("USAGE", "SELECT", "UPDATE"),
        Kind.FUNCTION: ("EXECUTE",),
        Kind.TYPE: ("USAGE",),
        Kind.LANGUAGE: ("USAGE",),
        Kind.FOREIGN_DATA_WRAPPER: ("USAGE",),
        Kind.SERVER: ("USAGE",),
        Kind.LARGE_OBJECT: ("SELECT", "UPDATE"),
        Kind.PARAMETER: ("SET", "ALTER SYSTEM"),
        Kind.TABLESPACE: ("CREATE",),
        Kind.EVENT_TRIGGER: (),
        Kind.PUBLICATION: (),
        Kind.SUBSCRIPTION: (),
    }
)

_WRITES: Final = frozenset({"INSERT", "UPDATE", "DELETE"})
PREDEFINED: Final[Mapping[str, Mapping[Kind, frozenset[str]]]] = MappingProxyType(
    {
        "pg_read_all_data": {
            Kind.SCHEMA: frozenset({"USAGE"}),
            Kind.TABLE: frozenset({"SELECT"}),
            Kind.COLUMN: frozenset({"SELECT"}),
            Kind.SEQUENCE: frozenset({"SELECT"}),
        },
        "pg_write_all_data": {
            Kind.SCHEMA: frozenset({"USAGE"}),
            Kind.TABLE: _WRITES,
            Kind.COLUMN: frozenset({"INSERT", "UPDATE"}),
            Kind.SEQUENCE: frozenset({"UPDATE"}),
        },
        "pg_maintain": {Kind.TABLE: frozenset({"MAINTAIN"})},
    }
)
"""What a member may do with every object of a kind, whoever owns it."""


def privileges_of(kind: Kind, major: int) -> tuple[str, ...]:
    """Return every privilege that can be held on objects of `kind`."""
    if kind is Kind.TABLE and major >= 17:
        return (*_TABLE, "MAINTAIN")
    return _ALL[kind]


def held(
    group: Group, reach: Mapping[str, Path], major: int, *, table: Group | None = None
) -> dict[str, Path]:
    """Return the privileges on each object of `group`, each with its shortest path.

    Args:
        group: the objects.
        reach: the roles whose privileges count, with the path to each.
        major: the server's.
        table: for columns, the table they are of: what is held on it is held on each of them.
    """
    possible = privileges_of(group.kind, major)
    found: dict[str, Path] = {}
    for grant, path in _by_grants(group, reach):
        _note(found, grant.privilege, path)
    if table is not None:
        for grant, path in _by_grants(table, reach):
            if grant.privilege in possible:
                _note(found, grant.privilege, path)
    for role, powers in PREDEFINED.items():
        if role in reach:
            for privilege in powers.get(group.kind, ()):
                _note(found, privilege, (*reach[role][:-1], Hop(Via.PREDEFINED, role)))
    return found


def everything(group: Group, major: int) -> dict[str, Path]:
    """Return what a superuser may do with each object of `group`."""
    return dict.fromkeys(privileges_of(group.kind, major), (Hop(Via.SUPERUSER),))


def _by_grants(group: Group, reach: Mapping[str, Path]) -> Iterable[tuple[Grant, Path]]:
    for grant in group.grants:
        if grant.grantee == PUBLIC:
            yield grant, (Hop(Via.PUBLIC),)
        elif grant.grantee in reach:
            last = Hop(Via.OWNER) if grant.grantee == group.owner else Hop(Via.GRANT, grant.grantor)
            yield grant, (*reach[grant.grantee], last)


def _note(found: dict[str, Path], privilege: str, path: Path) -> None:
    known = found.get(privilege)
    if known is None or (len(path), path) < (len(known), known):
        found[privilege] = path
