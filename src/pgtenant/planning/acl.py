"""PostgreSQL's arithmetic of access control lists, on the grants that were read.

An ACL has one item for each pair of grantee and grantor; a revoke touches only the items
of its own grantor (`src/backend/utils/adt/acl.c`: `aclupdate`, `recursive_revoke`,
`aclnewowner`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TypeVar

from pgtenant.planning.observed import DatabaseGrant, ObjectGrant

Grant = TypeVar("Grant", DatabaseGrant, ObjectGrant)


class RefusedError(Exception):
    """PostgreSQL would refuse this statement."""


def holder(item: DatabaseGrant | ObjectGrant) -> str:
    """Return the grantee, by whichever name its class has for it."""
    return item.grantee if isinstance(item, DatabaseGrant) else item.role


def grant(
    items: tuple[DatabaseGrant, ...], grantee: str, privileges: Iterable[str], *, by: str
) -> tuple[DatabaseGrant, ...]:
    """`GRANT … TO grantee` by the owner; an option that is there already stays."""
    there = {g.privilege for g in items if (g.grantee, g.grantor) == (grantee, by)}
    new = (DatabaseGrant(grantee, word, by) for word in set(privileges) - there)
    return tuple(sorted((*items, *new)))


def revoke(
    items: tuple[Grant, ...],
    grantee: str,
    privileges: Iterable[str],
    *,
    by: Collection[str],
    option_only: bool = False,
    cascade: bool = False,
) -> tuple[Grant, ...]:
    """`REVOKE [GRANT OPTION FOR] … FROM grantee [CASCADE]` by the owner.

    `by` are the names under which the owner's grants stand; a privilege that the grantee
    has from someone else stays, and PostgreSQL says nothing about it.

    Raises:
        RefusedError: `2BP01`, the grantee passed a privilege on and `CASCADE` was not said.
    """
    for word in privileges:
        items = _revoke_one(items, grantee, word, by, option_only=option_only, cascade=cascade)
    return items


def change_owner(
    items: tuple[DatabaseGrant, ...], before: str, after: str
) -> tuple[DatabaseGrant, ...]:
    """`ALTER … OWNER TO`: the new owner takes the old one's place, as grantee and as grantor."""
    merged: dict[tuple[str, str, str], bool] = {}
    for item in items:
        grantee = after if item.grantee == before else item.grantee
        grantor = after if item.grantor == before else item.grantor
        key = (grantee, item.privilege, grantor)
        merged[key] = merged.get(key, False) or item.grantable
    return tuple(sorted(DatabaseGrant(*key, grantable) for key, grantable in merged.items()))


def _revoke_one(
    items: tuple[Grant, ...],
    grantee: str,
    word: str,
    by: Collection[str],
    *,
    option_only: bool,
    cascade: bool,
) -> tuple[Grant, ...]:
    def meant(item: Grant) -> bool:
        return holder(item) == grantee and item.privilege == word and item.grantor in by

    lost = [item for item in items if meant(item)]
    left = tuple(item for item in items if not meant(item))
    if option_only:
        left += tuple(_without_option(item) for item in lost)
    may_still = grantee in by or any(
        item.grantable for item in left if holder(item) == grantee and item.privilege == word
    )
    passed_on = [item for item in left if item.grantor == grantee and item.privilege == word]
    unseen = any(_regranted(item) for item in lost)
    if not may_still and (passed_on or unseen) and not cascade:
        raise RefusedError(f"dependent privileges exist: {word} of {grantee}")
    if not may_still:
        for item in passed_on:
            left = _revoke_one(left, holder(item), word, {grantee}, option_only=False, cascade=True)
    return tuple(sorted(left))


def _regranted(item: DatabaseGrant | ObjectGrant) -> bool:
    """Return whether it was passed on, maybe to roles that were not read."""
    return isinstance(item, ObjectGrant) and item.regranted


def _without_option(item: Grant) -> Grant:
    if isinstance(item, ObjectGrant):
        return replace(item, grantable=False, regranted=False)
    return replace(item, grantable=False)
