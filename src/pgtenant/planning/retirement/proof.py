"""The database that a dump is restored into, made and dropped.

What is restored runs code of whoever made the dumped database: the function of a constraint or an
index. So it runs on a login that has no rights but to this one database, while the other database
lets nobody in; and nothing that this login can spoil stands in the way of what comes after.
"""

from __future__ import annotations

from pgtenant.planning.observed import Observed
from pgtenant.planning.retired import Retired
from pgtenant.planning.retirement.disable import remember
from pgtenant.planning.retirement.dump import connections, logins, make_login, no_login
from pgtenant.planning.retirement.steps import (
    Batch,
    DropDatabase,
    MakeScratch,
    OpenScratch,
    ReleaseDatabase,
    Step,
)
from pgtenant.planning.retirement.subject import Subject


def prover_of(how: Retired) -> str:
    """Return the name of the login that restores."""
    return f"pgtenant_proof_{how.dump}"


def scratch_of(how: Retired) -> str:
    """Return the name of the database that the dump is restored into."""
    return f"pgtenant_proof_{how.dump}"


def making(subject: Subject, how: Retired, like: tuple[tuple[str, str], ...]) -> tuple[Batch, ...]:
    """Return what makes the database and its login, whose names end in `how.dump`."""
    scratch, prover = scratch_of(how), prover_of(how)
    made = MakeScratch(entry=subject.entry, database=scratch, like=like)
    opened = OpenScratch(entry=subject.entry, database=scratch, owner=prover)
    return (
        Batch(steps=(remember(subject.role, how), make_login(subject, prover))),
        Batch(steps=(made,), transactional=False),
        Batch(steps=(opened,), acting=prover),
    )


def sealing(subject: Subject, how: Retired, observed: Observed) -> tuple[Batch, ...]:
    """Return what lets nobody into that database any more; sessions in it go on."""
    steps: list[Step] = [
        step for role in logins(subject, observed) for step in no_login(subject, role)
    ]
    there = observed.databases.get(scratch_of(how))
    acting = ""
    ours = there is not None and there.owner == prover_of(how) and not there.invalid
    if there is not None and ours and there.allow_connections:
        steps.append(connections(subject, there.name, allowed=False, owner=there.owner))
        acting = there.owner
    return (Batch(steps=tuple(steps), acting=acting),) if steps else ()


def dropping(subject: Subject, how: Retired, observed: Observed) -> tuple[Batch, ...]:
    """Return what drops it. A database of that name that is somebody else's is not touched."""
    there, admin = observed.databases.get(scratch_of(how)), observed.server.admin.name
    if not how.dump or there is None or there.owner not in {prover_of(how), admin}:
        return ()
    gone = Batch(
        steps=(DropDatabase(entry=subject.entry, database=there.name),), transactional=False
    )
    if there.owner == admin:
        return (gone,)
    release = ReleaseDatabase(
        entry=subject.entry, database=there.name, owner=there.owner, admin=admin
    )
    return (Batch(steps=(release,), rights=(there.owner,)), gone)
