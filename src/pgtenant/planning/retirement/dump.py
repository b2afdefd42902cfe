"""The window in which a disabled database is dumped: opened, closed, and closed after a crash.

The owner stays without login. A login of its own, made for the dump, has the owner's rights; what
hides rows from the owner is switched off, and the owner's marker remembers where.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from pgtenant.planning.changes import AlterDatabase
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Database, Observed
from pgtenant.planning.retired import Retired
from pgtenant.planning.retirement.disable import remember
from pgtenant.planning.retirement.steps import (
    Batch,
    DropDatabase,
    DropRole,
    MakeDumper,
    MakeScratch,
    OpenScratch,
    ReleaseDatabase,
    SetRowSecurity,
)
from pgtenant.planning.retirement.subject import Subject, mark_of

Table = tuple[int, str, str]
"""OID, schema and name."""


def dumper_of(subject: Subject) -> str:
    """Return the name of the login that is made for the dump."""
    return f"pgtenant_dump_{_digest(subject)}"


def scratch_of(subject: Subject) -> str:
    """Return the name of the database that the dump is restored into."""
    return f"pgtenant_proof_{_digest(subject)}"


def opening(subject: Subject, database: Database, how: Retired) -> Batch:
    """Return what opens the database for the login of the dump."""
    dumper = dumper_of(subject)
    mark = Marker(environment=mark_of(subject.role).environment, entry=f"{subject.entry}/dump")
    return Batch(
        steps=(
            MakeDumper(entry=subject.entry, role=dumper, of=subject.role.name, comment=mark.text()),
            remember(subject.role, replace(how, window=True)),
            _connections(subject, database.name, allowed=True),
        ),
        acting=subject.role.name,
    )


def unforcing(
    subject: Subject, database: Database, how: Retired, tables: tuple[Table, ...]
) -> Batch:
    """Return what lets the owner read its tables whole, and remembers which."""
    oids = tuple(oid for oid, _, _ in tables)
    off = _row_security(subject, database.name, tables, forced=False)
    marked = remember(subject.role, replace(how, window=True, unforced=oids))
    return Batch(steps=(off, marked), database=database.name, acting=subject.role.name)


def forcing(subject: Subject, database: Database, how: Retired, tables: tuple[Table, ...]) -> Batch:
    """Return what switches that back."""
    marked = remember(subject.role, replace(how, window=True, unforced=()))
    on = (_row_security(subject, database.name, tables, forced=True),) if tables else ()
    return Batch(steps=(*on, marked), database=database.name, acting=subject.role.name)


def closing(subject: Subject, database: Database, how: Retired) -> Batch:
    """Return what closes the database again, and drops the login of the dump."""
    return Batch(
        steps=(
            _connections(subject, database.name, allowed=False),
            remember(subject.role, replace(how, window=False, unforced=())),
            DropRole(entry=subject.entry, role=dumper_of(subject)),
        ),
        acting=subject.role.name,
    )


def making_scratch(subject: Subject, like: tuple[tuple[str, str], ...]) -> tuple[Batch, ...]:
    """Return what makes the database that the dump is restored into."""
    scratch, dumper = scratch_of(subject), dumper_of(subject)
    made = MakeScratch(entry=subject.entry, database=scratch, like=like)
    opened = OpenScratch(entry=subject.entry, database=scratch, owner=dumper)
    return (
        Batch(steps=(made,), transactional=False),
        Batch(steps=(opened,), acting=dumper),
    )


def dropping_scratch(subject: Subject, admin: str, *, owned: bool) -> tuple[Batch, ...]:
    """Return what drops it; `owned` tells whether the login of the dump owns it."""
    scratch, dumper = scratch_of(subject), dumper_of(subject)
    release = ReleaseDatabase(entry=subject.entry, database=scratch, owner=dumper, admin=admin)
    gone = Batch(steps=(DropDatabase(entry=subject.entry, database=scratch),), transactional=False)
    return (Batch(steps=(release,), rights=(dumper,)), gone) if owned else (gone,)


def left_scratch(subject: Subject, observed: Observed) -> Iterator[Batch]:
    """Yield what drops the database that a run left which died. Only our own roles' is ours."""
    there = observed.databases.get(scratch_of(subject))
    admin = observed.server.admin.name
    if there is not None and there.owner in {dumper_of(subject), admin}:
        yield from dropping_scratch(subject, admin, owned=there.owner != admin)


def is_open(subject: Subject) -> bool:
    """Return whether a run that died has left a window open."""
    return subject.retired is not None and subject.retired.window


def _row_security(
    subject: Subject, database: str, tables: tuple[Table, ...], *, forced: bool
) -> SetRowSecurity:
    return SetRowSecurity(
        entry=subject.entry,
        database=database,
        tables=tuple((schema, table) for _, schema, table in tables),
        forced=forced,
    )


def _connections(subject: Subject, database: str, *, allowed: bool) -> AlterDatabase:
    return AlterDatabase(
        entry=subject.entry,
        database=database,
        owner=subject.role.name,
        allow_connections=allowed,
    )


def _digest(subject: Subject) -> str:
    return hashlib.sha256(subject.role.name.encode()).hexdigest()[:12]
