"""Privileges that were passed on, traced back to the grants their owner made.

A revoke takes away only what its own grantor gave, and PostgreSQL says nothing when that
was nothing. What an owner can do about a privilege that X passed on is to take the grant
option from whoever the owner gave it to, with `CASCADE`. A role can hold the option
from several sides; as long as one is left, what it passed on stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pgtenant.planning.observed import DatabaseGrant, ObjectGrant


@dataclass(frozen=True, slots=True)
class Link:
    """One grant that can be passed on: who may grant what, and who allowed it."""

    holder: str
    privilege: str
    grantor: str


def links(grants: Iterable[DatabaseGrant | ObjectGrant]) -> tuple[Link, ...]:
    """Return the grants that can be passed on."""
    return tuple(
        Link(
            holder=grant.grantee if isinstance(grant, DatabaseGrant) else grant.role,
            privilege=grant.privilege,
            grantor=grant.grantor,
        )
        for grant in grants
        if grant.grantable
    )


def heads(
    giver: str, privilege: str, among: Collection[Link], owners: Collection[str]
) -> tuple[str, ...]:
    """Return whom the owner gave the option that `giver` used, sorted.

    Where the chain leads to a role whose grants are not in sight, that role is taken for
    a head: it is the nearest one that the owner may have granted to.
    """
    found: set[str] = set()
    seen: set[str] = set()
    todo = [giver]
    while todo:
        holder = todo.pop()
        if holder in seen:
            continue
        seen.add(holder)
        grantors = {x.grantor for x in among if x.holder == holder and x.privilege == privilege}
        if not grantors or grantors & set(owners):
            found.add(holder)
        todo += grantors - set(owners)
    return tuple(sorted(found))
