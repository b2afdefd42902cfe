"""The statement that takes a grant away, and who can run it.

PostgreSQL revokes as the first of a session's roles that holds the grant option, the session's own
before all others, and leaves entries of other grantors alone without an error (`acl.c`,
`select_best_grantor`). So a grantor that lost its option since can't take back what it gave. The
owner neither, except by what hangs on the grantor's option: it gives that once more, and revokes
it with `CASCADE`. An option can be lost without that: where the grantor could act as the owner, it
was held to have it still (`recursive_revoke`), and one on a table says nothing of its columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgtenant.access import statements
from pgtenant.access.ground import Ground
from pgtenant.access.model import Database, Grant, Group, Kind
from pgtenant.access.runnable import Run, as_grantor
from pgtenant.planning.privileges import PUBLIC


@dataclass(frozen=True, slots=True)
class Revoke:
    """How to take some privileges away.

    Attributes:
        privileges: sorted.
        path: through what they are held, in words.
    """

    privileges: tuple[str, ...]
    run: Run
    path: str


def revoking(
    ground: Ground,
    group: Group,
    database: Database | None,
    grants: Sequence[Grant],
    *,
    option_only: bool = False,
) -> Iterator[Revoke]:
    """Yield what takes away grants on a group that share their grantee and their grantor.

    Args:
        ground: the instance.
        group: the objects.
        database: where they are; None for what belongs to the instance.
        grants: at least one.
        option_only: take the right to pass the privileges on, and leave the privileges.
    """
    grantee, grantor = grants[0].grantee, grants[0].grantor
    words = sorted(grant.privilege for grant in grants)
    path = _path(grantee, grantor, group)
    able = tuple(word for word in words if _can_revoke(grantor, word, group, database))
    lost = tuple(word for word in words if word not in able)
    if able:
        passed_on = any(g.grantor == grantee and g.privilege in able for g in group.grants)
        statement = statements.revoke(
            group, able, grantee, option_only=option_only, cascade=passed_on
        )
        run = as_grantor(ground, statement, grantor, group, database)
        yield Revoke(able, run, path)
    if lost:
        statement = statements.take_back(
            group, lost, grantor, kept=_given_by_owner(grantor, group, lost)
        )
        run = as_grantor(ground, statement, group.owner, group, database)
        yield Revoke(lost, run, f"{path}, {_lacks(ground, grantor, group)}")


def _path(grantee: str, grantor: str, group: Group) -> str:
    by = f"granted by {grantor}"
    if grantee == PUBLIC:
        return "PUBLIC" if grantor == group.owner else f"PUBLIC, {by}"
    return by


def _can_revoke(grantor: str, privilege: str, group: Group, database: Database | None) -> bool:
    return grantor == group.owner or any(
        grant.grantee == grantor and grant.privilege == privilege and grant.grantable
        for alike in (group, *_tables_of(group, database))
        for grant in alike.grants
    )


def _tables_of(group: Group, database: Database | None) -> Iterator[Group]:
    """Yield the table that columns are of: its privileges count for each."""
    if group.kind is Kind.COLUMN and database is not None and database.inside is not None:
        for other in database.inside.groups:
            there = (other.kind, other.schema) == (Kind.TABLE, group.schema)
            if there and group.table in other.names:
                yield other


def _given_by_owner(role: str, group: Group, words: Sequence[str]) -> frozenset[str]:
    return frozenset(
        grant.privilege
        for grant in group.grants
        if (grant.grantee, grant.grantor) == (role, group.owner) and grant.privilege in words
    )


def _lacks(ground: Ground, grantor: str, group: Group) -> str:
    if ground.superuser(grantor):
        return "a superuser: nobody can take that back before it is none"
    if group.owner in ground.graph.inherited(grantor):
        return f"which acts as {group.owner}: nobody can take that back before that has ended"
    return "which may no longer grant it"
