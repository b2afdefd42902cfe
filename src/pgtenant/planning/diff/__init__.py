"""Observed against desired: every difference as a change or as drift.

`diff` is total and converges in one pass: with its changes carried out, it finds
nothing more to change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from pgtenant.planning.changes import Change, database_of, role_of
from pgtenant.planning.desired import Desired
from pgtenant.planning.diff.contents import diff_contents
from pgtenant.planning.diff.databases import diff_database
from pgtenant.planning.diff.excess import entries_of
from pgtenant.planning.diff.instance import diff_instance
from pgtenant.planning.diff.noted import noted
from pgtenant.planning.diff.roles import diff_role, diff_role_memory
from pgtenant.planning.diff.second import diff_second
from pgtenant.planning.diff.strangers import find_strangers
from pgtenant.planning.diff.undeclared import diff_undeclared, find_half_made
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.observed import Observed
from pgtenant.planning.sql.text import can_be_sent

__all__ = ["diff"]


def diff(observed: Observed, desired: Desired) -> Iterator[Change | Drift]:
    """Yield what has to change, in the order in which it can be done, and what is only shown.

    What names something in bytes that are no UTF-8 can't be sent, and is only shown.
    """
    ours = {d.name for d in desired.databases} | set(desired.by_name) | set(desired.by_second)
    for item in _differences(observed, desired):
        if isinstance(item, Drift) or can_be_sent(*(set(_strings(item)) - ours)):
            yield item
        else:
            yield Drift(
                kind=DriftKind.PRIVILEGE,
                entry=item.entry,
                database=database_of(item),
                role=role_of(item),
                message=f"{item.kind} is left out: a name in it is not valid UTF-8",
            )


def _differences(observed: Observed, desired: Desired) -> Iterator[Change | Drift]:
    entries = entries_of(observed, desired)
    for database in desired.databases:
        inside = tuple(diff_contents(database, observed, desired, entries))
        notes = noted(database, observed, desired, inside)
        for role in database.roles:
            yield from diff_role(role, database, observed, desired, notes)
            yield from diff_second(role, observed, desired)
        yield from diff_database(database, observed, desired, entries)
        yield from inside
        yield from diff_role_memory(database, observed, desired, notes)
    yield from diff_undeclared(observed, desired)
    yield from diff_instance(observed, desired)
    yield from find_half_made(observed, desired)
    yield from find_strangers(observed, desired)


def _strings(change: Change) -> Iterator[str]:
    """Return what the statements of a change may name."""
    for field in fields(change):
        value = getattr(change, field.name)
        if field.name == "before":
            continue  # what stood there is never sent
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, str))
