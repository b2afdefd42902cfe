"""Databases that no entry declares: those that applications made, and what died runs left."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.planning.changes import Change
from pgtenant.planning.desired import Desired, DesiredRole
from pgtenant.planning.diff.databases import close
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Observed
from pgtenant.planning.retirement.proof import scratch_of
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import advice, can_be_sent


def diff_undeclared(observed: Observed, desired: Desired) -> Iterator[Change | Drift]:
    """Close, and report, databases that managed roles own and nobody declared."""
    declared = {d.name for d in desired.databases} | {observed.server.maintenance_database}
    for name, existing in sorted(observed.databases.items()):
        role = observed.roles.get(existing.owner)
        mark = role.marker if role else None
        if name in declared or mark is None or mark.environment != desired.environment:
            continue
        owner = _entry_of(existing.owner, mark, desired)
        entry = owner.entry if owner else mark.entry
        reachable = can_be_sent(name, existing.owner)
        yield Drift(
            kind=DriftKind.UNDECLARED_DATABASE,
            entry=entry,
            database=name,
            role=existing.owner,
            message=(
                "was made by its owner and is not in the catalog"
                if owner
                else "belongs to a role without an entry, and is not in the catalog either"
            )
            + ("; as a template, every role with CREATEDB can copy it" * existing.is_template)
            + ("; its name is not valid UTF-8, so that pgtenant can't close it" * (not reachable)),
        )
        if desired.close_app_databases and reachable:
            yield from close(existing, entry, undeclared=True)


def _entry_of(name: str, mark: Marker, desired: Desired) -> DesiredRole | None:
    """Return the entry whose login a role is, its second one included.

    A second login that leaves gives its database to the first: by then it has to be closed.
    """
    first = desired.by_name.get(mark.second_of or "")
    if first is not None and first.second == name:
        return first
    return desired.by_name.get(name)


def find_half_made(observed: Observed, desired: Desired) -> Iterator[Drift]:
    """Report what a run left that died while it made a database which is no longer declared.

    Its entry was renamed or removed before the next run, so that nothing finishes it. That it is
    empty can't be seen from outside: dropping it is for whoever reads this.
    """
    declared = {database.name for database in desired.databases}
    makers = {
        role.marker.creating: role
        for _, role in sorted(observed.roles.items())
        if role.marker is not None and role.marker.creating is not None
    }
    going = _being_removed(observed)
    for existing in observed.owned_by(observed.server.admin.name):
        if existing.allow_connections or existing.is_template or existing.name in declared:
            continue
        if existing.name in going:  # what is said of its role says how to go on
            continue
        role = makers.get(existing.name)
        mark = role.marker if role else None
        if mark is not None and mark.environment != desired.environment:
            continue
        yield Drift(
            kind=DriftKind.UNDECLARED_DATABASE,
            entry=mark.entry if mark else "",
            database=existing.name,
            role=role.name if role else "",
            message=(
                "was being made when a run died, and no entry declares it any more: nobody can"
                " have been in it"
                if mark
                else "belongs to the admin, lets nobody in, and no entry declares it: left by a run"
                " that died, unless somebody closed it by hand"
            ),
            statement=advice(statements.drop_database(existing.name)),
        )


def _being_removed(observed: Observed) -> frozenset[str | None]:
    """Return the databases whose removal has begun or that a dump was restored into.

    In whichever environment.
    """
    marks = (r.marker.retired for r in observed.roles.values() if r.marker is not None)
    found = [how for how in marks if how is not None]
    dropped = {how.database for how in found if how.dropping}
    return frozenset(dropped | {scratch_of(how) for how in found if how.dump})
