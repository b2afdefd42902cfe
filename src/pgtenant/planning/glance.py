"""Tell from a few rows that nothing inside a database differs from the catalog.

Whatever is unusual gets no answer here: then `contents.sql` reads the database whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pgtenant.planning.desired import DesiredDatabase
from pgtenant.planning.expectation import wanted_grants
from pgtenant.planning.observed import Contents, DefaultGrant, PublicSchema
from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.tenants.slugs import is_closed

_GROUP: Final = "pg_database_owner"
_DEFAULTS: Final = {"r": "table", "S": "sequence", "n": "schema"}
_WORDS: Final = {
    "r": "SELECT",
    "a": "INSERT",
    "w": "UPDATE",
    "d": "DELETE",
    "U": "USAGE",
    "C": "CREATE",
}
"""The letters of an ACL that an access level speaks of; the others stand for themselves here.
https://www.postgresql.org/docs/current/ddl-priv.html#PRIVILEGE-ABBREVS-TABLE"""

_NAME: Final = r'"(?:[^"]|"")*"|[^"=/]*'
_ITEM: Final = re.compile(rf"({_NAME})=([A-Za-z*]*)/({_NAME})")


@dataclass(frozen=True, slots=True)
class Glanced:
    """One row of `glance.sql`.

    Attributes:
        what: `objects`, `schema`, `default`, `function`, `column` or `extension`.
        name: the kind of the objects; the name of the schema or extension.
        schema: the oid of the schema that it is, or is in; 0 for none.
        owner: the role that owns it.
        acl: its items as PostgreSQL writes them; None stands for its default.
    """

    what: str
    name: str
    schema: int
    owner: str
    acl: Sequence[str] | None


def as_declared(
    rows: Iterable[Glanced], database: DesiredDatabase, managed: Collection[str]
) -> Contents | None:
    """Return what is inside, or None when that takes a closer look.

    Args:
        rows: all of `glance.sql`.
        database: it belongs to its owner.
        managed: every managed role: what any of them holds is of interest.
    """
    owner = database.owner.name
    wanted: dict[str, set[tuple[str, str, bool]]] = {}
    for kind, role, privilege in wanted_grants(database):
        wanted.setdefault(kind, set()).add((role, privilege, False))
    found = _by_kind(rows)
    schemas = {
        row.schema: row
        for row in found.get("schema", ())
        if not (_system(row.name) or is_closed(row.name, database.isolation))
    }
    public = next((row for row in schemas.values() if row.name == "public"), None)
    if public is not None and public.owner not in {owner, _GROUP}:
        return None
    unusual = (
        *(row.owner != owner for row in schemas.values() if row is not public),
        *(row.owner != owner for row in found.get("objects", ()) if row.schema in schemas),
        "column" in found,
    )
    if any(unusual):
        return None
    judged = [
        *((row, "schema") for row in schemas.values()),
        *((row, row.name) for row in found.get("objects", ()) if row.schema in schemas),
        *((row, "") for row in found.get("function", ())),
    ]
    try:
        if any(_held(row.acl, owner, managed) != wanted.get(kind, set()) for row, kind in judged):
            return None
        defaults = _defaults(found.get("default", ()), owner, managed)
    except _UnclearError:
        return None
    if defaults != {kind: grants for kind, grants in wanted.items() if grants}:
        return None
    return Contents(
        public=PublicSchema(owner=public.owner, owned=True, open=False) if public else None,
        defaults=tuple(
            sorted(
                DefaultGrant(role, "", kind, privilege)
                for kind, grants in wanted.items()
                for role, privilege, _ in grants
            )
        ),
        extensions=frozenset(row.name for row in found.get("extension", ())),
    )


class _UnclearError(Exception):
    """An ACL that says more than what an owner has granted to single roles."""


def _by_kind(rows: Iterable[Glanced]) -> Mapping[str, list[Glanced]]:
    found: dict[str, list[Glanced]] = {}
    for row in rows:
        found.setdefault(row.what, []).append(row)
    return found


def _system(schema: str) -> bool:
    return schema.startswith("pg_") or schema == "information_schema"


def _defaults(
    rows: Iterable[Glanced], owner: str, managed: Collection[str]
) -> dict[str, set[tuple[str, str, bool]]]:
    found: dict[str, set[tuple[str, str, bool]]] = {}
    for row in rows:
        if row.owner == owner and (held := _held(row.acl, owner, managed)):
            kind = "" if row.schema else _DEFAULTS.get(row.name, "")
            found.setdefault(kind, set()).update(held)
    return found


def _held(
    acl: Sequence[str] | None, owner: str, managed: Collection[str]
) -> set[tuple[str, str, bool]]:
    """Return what managed roles were granted by the owner.

    Raises:
        _UnclearError: one of them got it from somebody else, or everyone may create.
    """
    held: set[tuple[str, str, bool]] = set()
    for grantee, letters, grantor in _items(acl or ()):
        if grantee == PUBLIC and "C" in letters:
            raise _UnclearError
        if grantee == owner or grantee not in managed:
            continue
        if grantor not in {owner, _GROUP}:
            raise _UnclearError
        for letter, option in re.findall(r"([A-Za-z])(\*?)", letters):
            held.add((grantee, _WORDS.get(letter, letter), bool(option)))
    return held


def _items(acl: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for text in acl:
        item = _ITEM.fullmatch(text)
        if item is None:
            raise _UnclearError
        grantee, letters, grantor = item.groups()
        yield _plain(grantee) or PUBLIC, letters, _plain(grantor)


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
