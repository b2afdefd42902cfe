"""How a run has to end after a fault."""

from __future__ import annotations

from typing import Final

from support.faults import shapes
from support.faults.injections import Injection

KILLED: Final = -9
_NOT_TRIED_AGAIN: Final = (
    "SELECT pg_catalog.set_config(",
    "SELECT pg_try_advisory_lock(",
    "SELECT pg_advisory_unlock(",
    "queries/blockers.sql",
    "queries/rivals.sql",
)
"""They read or set something of the session's own: nobody is in their way."""


ASKED_AGAIN: Final = frozenset(
    {"queries/glance.sql", "queries/contents.sql", "queries/tenants.sql"}
)
"""What the admin asks as well where an owner's session came to nothing."""


def code_after(fault: Injection, name: str, without: int, *, of_admin: bool) -> int:
    """Return the exit code.

    Args:
        fault: what happened.
        name: at which boundary.
        without: how the run ends without a fault.
        of_admin: whether the session is an admin's.
    """
    if fault.kills:
        return KILLED
    if tries_again(fault, name):
        return without
    if name == "login of a role":
        return without  # it only proves a password, or finds that it can't be proven
    if name in ASKED_AGAIN and not of_admin:
        return 1 if fault.strikes_all else without
    return 1


def tries_again(fault: Injection, name: str) -> bool:
    """Whether the same is sent once more."""
    return fault.transient and not name.startswith(_NOT_TRIED_AGAIN)


def leaves_open(fault: Injection, name: str) -> bool:
    """Whether nobody can tell from the run itself if a change is in effect."""
    return fault.severs and shapes.is_commit(name)
