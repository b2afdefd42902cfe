"""Observed against desired: every difference as a change or as drift.

`diff` is total and converges in one pass: with its changes carried out, it finds
nothing more to change.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.planning.changes import Change
from pgtenant.planning.desired import Desired
from pgtenant.planning.diff.contents import diff_contents
from pgtenant.planning.diff.databases import diff_database, diff_undeclared
from pgtenant.planning.diff.roles import diff_role, diff_role_memory
from pgtenant.planning.diff.strangers import find_strangers
from pgtenant.planning.findings import Drift
from pgtenant.planning.observed import Observed

__all__ = ["diff"]


def diff(observed: Observed, desired: Desired) -> Iterator[Change | Drift]:
    """Yield what has to change, in the order in which it can be done, and what is only shown."""
    for database in desired.databases:
        for role in database.roles:
            yield from diff_role(role, database, observed, desired)
        yield from diff_database(database, observed, desired)
        yield from diff_contents(database, observed, desired)
        yield from diff_role_memory(database, observed, desired)
    yield from diff_undeclared(observed, desired)
    yield from find_strangers(observed, desired)
