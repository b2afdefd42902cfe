"""Entries that are out of service, as a plan sees them: nothing of theirs is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pgtenant.planning.desired import Desired
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.observed import Observed
from pgtenant.planning.retired import Retired


def out_of_service(observed: Observed, desired: Desired) -> Mapping[str, Retired]:
    """Map the key of each declared entry whose role was disabled to how that came."""
    found: dict[str, Retired] = {}
    for database in desired.databases:
        for role in database.roles:
            there = observed.roles.get(role.name)
            mark = there.marker if there is not None else None
            if mark is not None and mark.retired and mark.environment == desired.environment:
                found[role.entry] = mark.retired
    return found


def in_service(observed: Observed, desired: Desired) -> Desired:
    """Return the catalog without the entries that were disabled: nobody can log in as them.

    What was disabled and can be used all the same is among those that are left.
    """
    disabled = {
        entry
        for entry, how in out_of_service(observed, desired).items()
        if not usable(desired.by_entry[entry].name, how, observed)
    }
    return replace(
        desired,
        databases=tuple(
            replace(d, members=tuple(m for m in d.members if m.entry not in disabled))
            for d in desired.databases
            if d.entry not in disabled
        ),
    )


def without_login(observed: Observed) -> frozenset[str]:
    """Return the roles that were disabled, in whichever environment, and can't log in."""
    return frozenset(
        name
        for name, role in observed.roles.items()
        if role.marker is not None and role.marker.retired is not None and not role.login
    )


def usable(role: str, how: Retired, observed: Observed) -> tuple[str, ...]:
    """Return what of a role that was disabled can be used again: it, or its database.

    Args:
        role: the role.
        how: what its marker remembers.
        observed: the server.
    """
    there = observed.roles.get(role)
    found = [role] if there is not None and there.login else []
    database = observed.databases.get(how.database or "")
    if database is not None and database.owner == role and database.allow_connections:
        found += [] if how.window else [database.name]
    return tuple(found)


def note_disabled(
    retired: Mapping[str, Retired], desired: Desired, observed: Observed
) -> Iterator[Drift]:
    """Yield what a plan shows of such entries instead of their changes."""
    for entry, how in sorted(retired.items()):
        yield disabled(entry, desired.by_entry[entry].name, how, observed, "")


def disabled(entry: str, role: str, how: Retired, observed: Observed, owns: str) -> Drift:
    """Return what is shown of a role that was disabled.

    Args:
        entry: the key that its marker names.
        role: the role.
        how: what its marker remembers.
        observed: the server.
        owns: what else there is to say, after a semicolon.
    """
    begun = ", and its removal has begun" if how.dropping else ""
    retire = f"`pgtenant retire {how.entry}`"
    if opened := usable(role, how, observed):
        message = (
            f"was taken out of service at {how.at} (with the entry {how.entry}){begun}, and"
            f" {', '.join(opened)} can be used all the same: nothing of it is changed before"
            f" {retire} --stage disable closes it again or, with --undo, takes it back{owns}"
        )
        return Drift(kind=DriftKind.REOPENED, entry=entry, database="", role=role, message=message)
    if how.window or how.unforced:
        begun += (
            f"; {how.database} was opened for a dump that did not end"
            + f", and row security is not forced on {len(how.unforced)} of its tables"
            * bool(how.unforced)
            + f", until any {retire} mends that"
        )
    return Drift(
        kind=DriftKind.DISABLED,
        entry=entry,
        database="",
        role=role,
        message=f"was taken out of service at {how.at} (with the entry {how.entry}){begun}:"
        f" nothing of it is changed before `pgtenant retire {how.entry}` goes on or, with --undo,"
        f" back{owns}",
    )
