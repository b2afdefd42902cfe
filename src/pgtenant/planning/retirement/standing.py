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
    """Return the catalog without the entries that were disabled: nobody can log in as them."""
    disabled = out_of_service(observed, desired)
    return replace(
        desired,
        databases=tuple(
            replace(d, members=tuple(m for m in d.members if m.entry not in disabled))
            for d in desired.databases
            if d.entry not in disabled
        ),
    )


def note_disabled(retired: Mapping[str, Retired], desired: Desired) -> Iterator[Drift]:
    """Yield what a plan shows of such entries instead of their changes."""
    for entry, how in sorted(retired.items()):
        yield disabled(entry, desired.by_entry[entry].name, how, "")


def disabled(entry: str, role: str, how: Retired, owns: str) -> Drift:
    """Return what is shown of a role that was disabled.

    Args:
        entry: the key that its marker names.
        role: the role.
        how: what its marker remembers.
        owns: what else there is to say, after a semicolon.
    """
    begun = ", and its removal has begun" if how.dropping else ""
    return Drift(
        kind=DriftKind.DISABLED,
        entry=entry,
        database="",
        role=role,
        message=f"was taken out of service at {how.at} (with the entry {how.entry}){begun}:"
        f" nothing of it is changed before `pgtenant retire {how.entry}` goes on or, with --undo,"
        f" back{owns}",
    )
