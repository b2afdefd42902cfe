"""Who is tried against what: every pair, or from some number on a sample of them."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.model import Auth
from pgtenant.planning.privileges import IAM_ROLE
from pgtenant.verify.facts import Ground
from pgtenant.verify.model import Attempt, Kind, Outcome

LIMIT: Final = 10_000
"""Pairs that are all attempted; beyond, the catalogs prove every pair and a sample is attempted."""

DATABASE_OWNER: Final = "pg_database_owner"
"""A role that every owner is a member of, in its own database."""

_Pair = tuple[Attempt, tuple[bool, bool]]
"""A pair, and what decides whether it is in the sample: a role's home first, then what is open."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """All pairs of one kind, and those of them that are attempted.

    Attributes:
        total: how many pairs there are; the catalogs are asked about each.
        attempts: sorted by role, a role's own database first.
    """

    total: int
    attempts: tuple[Attempt, ...]


def connections(ground: Ground, *, seed: int, everything: bool) -> Matrix:
    """Return every catalog role against every database of the instance."""
    databases = sorted(set(ground.observed.databases) - set(sealed(ground)))

    def pairs() -> Iterator[_Pair]:
        for role in ground.desired.roles:
            for name in databases:
                mine = ground.observed.databases[name].owner == role.name or name == role.database
                expected = Outcome.ALLOWED if mine else Outcome.REFUSED
                open_ = mine or (role.name, name) in ground.facts.connects
                home = name == role.database
                yield Attempt(Kind.CONNECT, role.name, name, "", expected), (not home, not open_)

    total = len(ground.desired.roles) * len(databases)
    chosen = _chosen(pairs(), total, seed, everything=everything)
    homes = {role.name: role.database for role in ground.desired.roles}
    ordered = sorted(chosen, key=lambda a: (a.role, a.database != homes[a.role], a.database))
    return Matrix(total=total, attempts=tuple(ordered))


def sealed(ground: Ground) -> tuple[str, ...]:
    """Return the databases that let nobody in, sorted: `template0`, and those out of service.

    Only their owner could open them, the provider or a role without login, so there is nothing to
    attempt.
    """
    return tuple(
        name
        for name, database in sorted(ground.observed.databases.items())
        if not database.allow_connections
        and (ground.provider(database.owner) or _is_retired(ground, database.owner))
        and name not in {d.name for d in ground.desired.databases}
    )


def _is_retired(ground: Ground, owner: str) -> bool:
    role = ground.observed.roles.get(owner)
    mark = role.marker if role is not None and not role.login else None
    return mark is not None and mark.retired is not None


def impersonations(ground: Ground, *, seed: int, everything: bool) -> Matrix:
    """Return every catalog role against every other role of the instance."""
    everybody = sorted(ground.facts.roles)
    allowed = {role.name: {role.name, DATABASE_OWNER} for role in ground.desired.roles}
    for database in ground.desired.databases:
        if database.isolation is not None and database.isolation.roles_in is not None:
            environment = ground.desired.environment
            own = ground.observed.tenants_of(environment, database.name)
            allowed[database.owner.name].update(own)
    for role in ground.desired.roles:
        if role.auth is Auth.IAM:
            allowed[role.name].add(IAM_ROLE)
        if role.by_second:
            allowed[role.name].add(role.second)  # who logs in, and acts as the role

    def pairs() -> Iterator[_Pair]:
        for role in ground.desired.roles:
            for target in everybody:
                if target not in allowed[role.name]:
                    reached = (role.name, target) in ground.facts.reaches
                    yield (
                        Attempt(Kind.BECOME, role.name, role.database, target, Outcome.REFUSED),
                        (False, not reached),
                    )

    total = sum(len(everybody) - len(own & ground.facts.roles.keys()) for own in allowed.values())
    chosen = _chosen(pairs(), total, seed, everything=everything)
    return Matrix(total=total, attempts=tuple(sorted(chosen)))


def derived_seed(parts: Sequence[str]) -> int:
    """Return a seed that follows from text, such as the run's moment."""
    digest = hashlib.sha256("\n".join(parts).encode("utf-8", "backslashreplace")).digest()
    return int.from_bytes(digest[:4], "big")


def _chosen(pairs: Iterable[_Pair], total: int, seed: int, *, everything: bool) -> list[Attempt]:
    """Return all pairs, or at most `LIMIT`: homes, what is open, then in the seed's order."""
    if everything or total <= LIMIT:
        return [attempt for attempt, _ in pairs]

    def rank(pair: _Pair) -> tuple[tuple[bool, bool], bytes]:
        attempt, first = pair
        text = f"{seed}\n{attempt.role}\n{attempt.database}\n{attempt.target}"
        digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).digest()
        return first, digest

    return [attempt for attempt, _ in heapq.nsmallest(LIMIT, pairs, key=rank)]
