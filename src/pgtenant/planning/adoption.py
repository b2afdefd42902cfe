"""Taking over what exists: which roles may be marked, and what an apply would then change.

The preview is no second diff: the adoption is simulated, and planned upon.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from pgtenant.catalog.model import AccessLevel, Auth
from pgtenant.codes import Code
from pgtenant.planning.candidates import Candidate, Usage, candidate
from pgtenant.planning.changes import (
    Change,
    CreateRole,
    MarkDatabase,
    MarkRole,
    RevokeDatabase,
    TakeOverDatabase,
)
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.diff.pairs import is_like_second, second_marker
from pgtenant.planning.diff.standing import Standing, standing
from pgtenant.planning.findings import Blocked
from pgtenant.planning.guards import guard, too_powerful
from pgtenant.planning.marker import Marker, with_marker
from pgtenant.planning.observed import Observed, Role
from pgtenant.planning.order import order
from pgtenant.planning.plan import Plan, make_plan
from pgtenant.planning.simulate import simulate
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.script import Lending
from pgtenant.planning.sql.text import as_text


@dataclass(frozen=True, slots=True)
class Adoption:
    """What `adopt` does, and what the next `apply` would.

    Attributes:
        candidates: the selected entries, sorted by key.
        plan: marks roles and databases, with `take_ownership` changes owners; and what is
            blocked.
        after: what an apply would change once everything that is shown was adopted, also
            what still waits for `take_ownership`.
    """

    candidates: tuple[Candidate, ...]
    plan: Plan
    after: Plan


def adopt(
    observed: Observed,
    desired: Desired,
    usage: Mapping[str, Usage],
    *,
    only: Collection[str] | None = None,
    take_ownership: bool = False,
) -> Adoption:
    """Decide what to take over.

    Args:
        observed: the server, with unmarked roles' passwords and databases looked at.
        desired: the whole catalog.
        usage: by database.
        only: the keys to adopt; None for all.
        take_ownership: give databases that the admin may hand over to their entries' roles.
    """
    selected = [r for r in desired.roles if only is None or r.entry in only]
    taken = [
        d
        for d in desired.databases
        if (only is None or d.entry in only) and _may_take(d, observed, desired, usage)
    ]
    refused = _refused(observed, desired, selected, taken)
    taken = [d for d in taken if d.entry not in {b.entry for b in refused}]
    waiting = () if take_ownership else tuple(_waiting(desired, observed, taken, selected))
    blocked = tuple(sorted({*refused, *waiting}))
    held_back = {b.entry for b in blocked}
    done = [r for r in selected if r.entry not in held_back]
    shown = [r for r in selected if r.entry not in {b.entry for b in refused}]
    changes = _changes(observed, desired, done, taken if take_ownership else ())
    preview = _changes(observed, desired, shown, taken)
    touched = {change.entry for change in preview}
    candidates = (
        candidate(role, observed, desired, usage, blocked=held_back, touched=touched)
        for role in selected
    )
    after = make_plan(simulate(observed, order(preview, desired)), desired, only=touched)
    return Adoption(
        candidates=tuple(
            replace(c, others=tuple(_others(c, after, usage)))
            for c in sorted(candidates, key=lambda c: c.wanted.entry)
        ),
        plan=Plan(
            environment=desired.environment,
            entries=tuple(sorted(role.entry for role in selected)),
            groups=order(changes, desired),
            blocked=blocked,
            drift=(),
            lending=Lending.of(observed),
            maintenance_database=observed.server.maintenance_database,
        ),
        after=after,
    )


def _others(
    candidate: Candidate, after: Plan, usage: Mapping[str, Usage]
) -> Iterator[tuple[str, Usage]]:
    closed = {
        change.database
        for change in after.changes
        if isinstance(change, RevokeDatabase)
        and change.undeclared
        and change.entry == candidate.wanted.entry
    }
    for name in sorted(closed):
        yield name, usage.get(name, Usage())


def _may_take(
    database: DesiredDatabase, observed: Observed, desired: Desired, usage: Mapping[str, Usage]
) -> bool:
    """Return whether a database is nobody's that we manage, and the admin's to give away."""
    existing = observed.databases.get(database.name)
    if existing is None or existing.invalid:
        return False
    role, owner = observed.roles.get(database.owner.name), observed.roles.get(existing.owner)
    ours = role is None or role.marker is None or role.marker.environment == desired.environment
    return (
        ours
        and standing(database, observed) is Standing.FOREIGN
        and (owner is None or owner.marker is None)
        and usage.get(database.name, Usage()).may_hand_over
    )


def _refused(
    observed: Observed,
    desired: Desired,
    selected: Collection[DesiredRole],
    taken: Collection[DesiredDatabase],
) -> tuple[Blocked, ...]:
    """Return what stands in the way of adoption, whatever the flags.

    What is inside a database does not: its entry is blocked by the plan, which says why.
    """
    marked = {
        role.name: replace(existing, comment=_comment(role, existing, desired))
        for role in selected
        if (existing := observed.roles.get(role.name)) is not None and existing.marker is None
    }
    seconds = (r for r in selected if is_like_second(r, observed))
    marked |= {r.second: _as_second(r, observed, desired) for r in seconds}
    # Powers that an admin who is a superuser would take away are refused here all the same:
    # a stranger's role that has them is hardly an application's.
    powers = [
        reason
        for role in selected
        if role.name in marked
        for reason in too_powerful(role.entry, observed.roles[role.name])
    ]
    owners = {d.name: d.owner.name for d in taken}
    assumed = replace(
        observed,
        roles={**observed.roles, **marked},
        databases={
            name: replace(database, owner=owners.get(name, database.owner), contents=None)
            for name, database in observed.databases.items()
        },
    )
    keys = {role.entry for role in selected}
    return tuple(b for b in {*guard(assumed, desired), *powers} if b.entry in keys)


def _waiting(
    desired: Desired,
    observed: Observed,
    taken: Collection[DesiredDatabase],
    selected: Collection[DesiredRole],
) -> Iterator[Blocked]:
    for database in taken:
        owner = observed.databases[database.name].owner
        yield Blocked(
            entry=database.entry,
            reason=f"the database {database.name} belongs to {owner}. The role"
            f" {database.owner.name} becomes its owner only with --take-ownership",
            statement=as_text(statements.database_owner(database.name, database.owner.name)),
            executor=f"`pgtenant adopt -e {desired.environment} {database.entry} --take-ownership`",
            code=Code.ADMINS_DATABASE,
        )
        for member in database.members:
            if member in selected:
                yield Blocked(
                    entry=member.entry,
                    reason=f"waits for the entry {database.entry}, which is to own the database"
                    f" {database.name}",
                    code=Code.WAITING,
                )


def _changes(
    observed: Observed,
    desired: Desired,
    roles: Collection[DesiredRole],
    taken: Collection[DesiredDatabase],
) -> list[Change]:
    changes: list[Change] = []
    for role in roles:
        existing = observed.roles.get(role.name)
        if existing is not None and existing.marker is None:
            after = _comment(role, existing, desired)
            changes.append(
                MarkRole(entry=role.entry, role=role.name, before=existing.comment, after=after)
            )
        if is_like_second(role, observed):
            there, second = observed.roles[role.second], _as_second(role, observed, desired)
            changes.append(
                MarkRole(
                    entry=role.entry,
                    role=role.second,
                    before=there.comment,
                    after=second.comment or "",
                )
            )
    for database in taken:
        owner = database.owner
        if owner.name not in observed.roles:
            # Nobody else would: while the database is another's, the entry is blocked.
            changes.append(
                CreateRole(
                    entry=owner.entry,
                    role=owner.name,
                    createdb=owner.createdb,
                    connection_limit=owner.connection_limit,
                    secret=owner.secret,
                    marker=_marker(owner, desired),
                )
            )
        changes.append(
            TakeOverDatabase(
                entry=owner.entry,
                database=database.name,
                owner=owner.name,
                before=observed.databases[database.name].owner,
            )
        )
    touched = {change.entry for change in changes}
    after_all = make_plan(simulate(observed, order(changes, desired)), desired, only=touched)
    return [*changes, *(c for c in after_all.changes if isinstance(c, MarkDatabase))]


def _as_second(role: DesiredRole, observed: Observed, desired: Desired) -> Role:
    there = observed.roles[role.second]
    mark = second_marker(role, desired.environment)
    return replace(there, comment=with_marker(there.comment, mark))


def _comment(role: DesiredRole, existing: Role, desired: Desired) -> str:
    return with_marker(existing.comment, _marker(role, desired))


def _marker(role: DesiredRole, desired: Desired) -> Marker:
    """Return the marker of an adopted role.

    It has been granted nothing by us: what it holds beyond its level is drift, not a former level.
    """
    level = None if role.level is AccessLevel.OWNER else role.level
    auth = Auth.IAM if role.auth is Auth.IAM else None
    return Marker(environment=desired.environment, entry=role.entry, access_level=level, auth=auth)
