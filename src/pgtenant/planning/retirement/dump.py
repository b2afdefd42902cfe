"""The window in which a disabled database is dumped: opened, closed, and closed after a crash.

The owner stays without login. A login of its own, made for the dump, has the owner's rights; what
hides rows from the owner is switched off, and the owner's marker remembers where. The window is
closed in one transaction in which nothing can fail that others have a say in; what they can spoil,
such as dropping that login, comes after it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict

from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    GrantDatabase,
    RevokeDatabase,
    RoleAttributes,
)
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Database, Observed, Role
from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.retired import OF_A_DUMP, Retired
from pgtenant.planning.retirement.disable import remember
from pgtenant.planning.retirement.steps import (
    Batch,
    CleanUp,
    DropRole,
    MakeDumper,
    SetRowSecurity,
    Step,
)
from pgtenant.planning.retirement.subject import Subject, mark_of

Table = tuple[int, str, str]
"""OID, schema and name."""


class _Connect(TypedDict):
    entry: str
    database: str
    owner: str
    privileges: tuple[str, ...]


def dumper_of(how: Retired) -> str:
    """Return the name of the login that dumps."""
    return f"pgtenant_dump_{how.dump}"


def logins(subject: Subject, observed: Observed) -> tuple[Role, ...]:
    """Return the logins that were made for dumps of an entry and are still there."""
    ours = (mark_of(subject.role).environment, f"{subject.entry}{OF_A_DUMP}")
    return tuple(
        role
        for _, role in sorted(observed.roles.items())
        if role.marker is not None and (role.marker.environment, role.marker.entry) == ours
    )


def make_login(subject: Subject, role: str, *, of: str = "") -> MakeDumper:
    """Return what makes such a login; with `of` it has the rights of that role."""
    mark = Marker(
        environment=mark_of(subject.role).environment, entry=f"{subject.entry}{OF_A_DUMP}"
    )
    return MakeDumper(entry=subject.entry, role=role, of=of, comment=mark.text())


def letting_in(how: Retired, database: Database, admin: str) -> Retired:
    """Return what is to be remembered when a database is opened: whom that has to let in."""
    return replace(how, window=True, let_in=how.let_in or _kept_out(admin, database))


def opening(subject: Subject, database: Database, how: Retired, admin: str) -> Batch:
    """Return what opens the database for the login of the dump that `how.dump` names.

    The owner may have taken `CONNECT` away from itself, and from the admin.
    """
    dumper, now = dumper_of(how), letting_in(how, database, admin)
    guests = [dumper] * _kept_out(subject.role.name, database)
    guests += [admin] * (now.let_in and not how.let_in)
    return Batch(
        steps=(
            make_login(subject, dumper, of=subject.role.name),
            remember(subject.role, now),
            *(GrantDatabase(role=guest, **_connect(database, subject)) for guest in guests),
            connections(subject, database.name, allowed=True),
        ),
        acting=subject.role.name,
    )


def reopening(subject: Subject, database: Database, how: Retired, admin: str) -> Batch:
    """Return what opens the database for what is still to be put back in it."""
    now = letting_in(how, database, admin)
    guests = [admin] * (now.let_in and not how.let_in)
    return Batch(
        steps=(
            remember(subject.role, now),
            *(GrantDatabase(role=guest, **_connect(database, subject)) for guest in guests),
            connections(subject, database.name, allowed=True),
        ),
        acting=subject.role.name,
    )


def unforcing(
    subject: Subject, database: Database, how: Retired, tables: tuple[Table, ...]
) -> Batch:
    """Return what lets the owner read its tables whole, and remembers which."""
    oids = tuple(oid for oid, _, _ in tables)
    off = _row_security(subject, database.name, tables, forced=False)
    marked = remember(subject.role, replace(how, unforced=oids))
    return Batch(steps=(off, marked), database=database.name, acting=subject.role.name)


def closing(subject: Subject, database: Database, how: Retired, observed: Observed) -> Batch:
    """Return what lets nobody into the database any more; what was changed in it stays known."""
    made = logins(subject, observed)
    steps: list[Step] = [step for role in made for step in no_login(subject, role)]
    guests = {role.name for role in made} | ({observed.server.admin.name} if how.let_in else set())
    steps += (
        RevokeDatabase(role=guest, **_connect(database, subject))
        for guest in sorted(guests)
        if database.holds(guest, "CONNECT")
    )
    if database.allow_connections:
        steps.append(connections(subject, database.name, allowed=False))
    steps.append(remember(subject.role, replace(how, window=False, let_in=False)))
    return Batch(steps=tuple(steps), acting=subject.role.name)


def forcing(subject: Subject, database: Database, how: Retired, tables: tuple[Table, ...]) -> Batch:
    """Return what switches row security back."""
    marked = remember(subject.role, replace(how, window=False, let_in=False, unforced=()))
    on = (_row_security(subject, database.name, tables, forced=True),) if tables else ()
    return Batch(steps=(*on, marked), database=database.name, acting=subject.role.name)


def dropping_login(subject: Subject, role: str, maintenance: str) -> tuple[Batch, ...]:
    """Return what drops a login that was made for a dump, with what it has come by meanwhile."""
    clean = CleanUp(entry=subject.entry, role=role, database=maintenance, items=("all it has",))
    return (
        Batch(steps=(clean,), rights=(role,)),
        Batch(steps=(DropRole(entry=subject.entry, role=role),)),
    )


def forgetting(subject: Subject, how: Retired) -> Batch:
    """Return what ends the memory of a dump."""
    return Batch(steps=(remember(subject.role, replace(how, dump="")),))


def no_login(subject: Subject, role: Role) -> tuple[AlterRole, ...]:
    """Return what takes the login away from a role that was made for a dump."""
    if not role.login:
        return ()
    before = RoleAttributes.of(role)
    return (
        AlterRole(
            entry=subject.entry, role=role.name, before=before, after=replace(before, login=False)
        ),
    )


def connections(
    subject: Subject, database: str, *, allowed: bool, owner: str = ""
) -> AlterDatabase:
    """Return what opens or closes a database of the entry's role, or of `owner`."""
    return AlterDatabase(
        entry=subject.entry,
        database=database,
        owner=owner or subject.role.name,
        allow_connections=allowed,
    )


def _kept_out(role: str, database: Database) -> bool:
    return not (database.holds(role, "CONNECT") or database.holds(PUBLIC, "CONNECT"))


def _connect(database: Database, subject: Subject) -> _Connect:
    return {
        "entry": subject.entry,
        "database": database.name,
        "owner": subject.role.name,
        "privileges": ("CONNECT",),
    }


def _row_security(
    subject: Subject, database: str, tables: tuple[Table, ...], *, forced: bool
) -> SetRowSecurity:
    return SetRowSecurity(
        entry=subject.entry,
        database=database,
        tables=tuple((schema, table) for _, schema, table in tables),
        forced=forced,
    )
