"""Random ACLs that PostgreSQL could hold: every privilege leads back to its owner."""

from __future__ import annotations

from dataclasses import dataclass, replace

from unit.planning.dice import Dice

PUBLIC = "public"


@dataclass(frozen=True)
class Item:
    grantee: str
    privilege: str
    grantor: str
    grantable: bool = False


def grow(
    dice: Dice,
    owner: str,
    start: tuple[Item, ...],
    *,
    grantees: tuple[str, ...],
    words: tuple[str, ...],
    leaves: frozenset[str] = frozenset(),
    most: int = 6,
) -> tuple[Item, ...]:
    """Let the owner, and whoever got a grant option, grant a few things.

    `leaves` get a grant option from the owner alone.
    """
    items = {(i.grantee, i.privilege, i.grantor): i for i in start}
    for _ in dice.times(most):
        word = dice.pick(*words)
        may = [i.grantee for i in items.values() if i.privilege == word and i.grantable]
        grantor = dice.pick(owner, *sorted(set(may)))
        grantee = dice.pick(*grantees)
        if grantee in {grantor, owner} and grantor != owner:
            continue
        key = (grantee, word, grantor)
        grantable = grantee != PUBLIC and dice.seldom(2)
        if grantee in leaves and grantor != owner:
            grantable = False
        if grantee in _above(grantor, word, items, owner) or grantee == owner:
            grantable = False  # an option can't be granted back to where it came from
        old = items.get(key)
        items[key] = Item(*key, grantable=grantable or (old.grantable if old else False))
    return tuple(items.values())


def _above(
    holder: str, word: str, items: dict[tuple[str, str, str], Item], owner: str
) -> frozenset[str]:
    seen: set[str] = set()
    todo = [holder]
    while todo:
        name = todo.pop()
        if name in seen or name == owner:
            continue
        seen.add(name)
        todo += [
            i.grantor
            for i in items.values()
            if i.grantee == name and i.privilege == word and i.grantable
        ]
    return frozenset(seen)


def without(items: tuple[Item, ...], grantee: str, owner: str) -> tuple[Item, ...]:
    """Let the owner take back what it granted to someone who passed nothing on."""
    givers = {i.grantor for i in items}
    if grantee in givers - {owner}:
        return items
    return tuple(i for i in items if (i.grantee, i.grantor) != (grantee, owner))


def given(items: tuple[Item, ...], before: str, after: str) -> tuple[Item, ...]:
    """Rename a role everywhere."""
    return tuple(
        replace(
            i,
            grantee=after if i.grantee == before else i.grantee,
            grantor=after if i.grantor == before else i.grantor,
        )
        for i in items
    )
