"""Out of service, and back: nothing that a retirement closes is lost by it."""

from __future__ import annotations

from dataclasses import replace

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError
from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    GrantDatabase,
    MarkRole,
    RoleAttributes,
    TakeOverDatabase,
)
from pgtenant.planning.marker import with_marker
from pgtenant.planning.observed import Database, Observed, Role
from pgtenant.planning.retired import Retired
from pgtenant.planning.retirement.steps import Batch, Step
from pgtenant.planning.retirement.subject import Subject, mark_of


def plan_disable(subject: Subject, now: str, foreign: tuple[str, ...] = ()) -> tuple[Batch, ...]:
    """Refuse logins, close the database, and remember how it was; in one transaction.

    The database refuses everybody, whatever privileges they hold: roles beyond the catalog may
    have `CONNECT`, and no ACL is changed that would have to be put back.

    Args:
        subject: what is retired.
        now: the moment, as audit records write it.
        foreign: roles of the provider that own something in the database.
    """
    steps: list[Step] = []
    database = subject.database
    for role in subject.roles:
        before = mark_of(role).retired
        how = _disabled(subject, role, now)
        if role is subject.role and database is not None:
            if before is None:
                how = replace(how, database=database.name, open=database.allow_connections)
            if database.allow_connections:
                how = replace(how, foreign=foreign)
        if how != before:
            steps.append(remember(role, how))
        steps += _login(role, can=False)
    if database is not None and database.allow_connections:
        steps.append(_connections(subject, database, allowed=False))
    return batched(steps, subject)


def plan_undo(subject: Subject, observed: Observed) -> tuple[Batch, ...]:
    """Put back exactly what was.

    Raises:
        PgtenantError: its removal has gone too far.
    """
    steps: list[Step] = []
    database, how = subject.database, subject.retired
    if how is not None and how.entry != subject.entry:
        raise PgtenantError(
            f"{subject.role.name} went out of service with the entry {how.entry}: nothing was"
            " changed",
            hint=f"`pgtenant retire {how.entry} --stage disable --undo` takes both back",
            code=Code.NO_WAY_BACK,
        )
    if how is not None and how.dropping and database is None:
        raise PgtenantError(
            f"the database {how.database} is dropped: there is nothing to go back to",
            hint="`pgtenant retire --stage drop` finishes the removal",
            code=Code.NO_WAY_BACK,
        )
    if database is not None and database.owner == observed.server.admin.name:
        given = {"entry": subject.entry, "database": database.name, "owner": subject.role.name}
        steps.append(TakeOverDatabase(before=database.owner, **given))
        # The change of owner to the admin has folded its privilege into the owner's.
        steps.append(GrantDatabase(role=database.owner, privileges=("CONNECT",), **given))
    for role in subject.roles:
        was = mark_of(role).retired
        if was is None or was.entry != subject.entry:
            continue
        if was.login:
            steps += _login(role, can=True)
        steps.append(remember(role, None))
    if database is not None and how is not None and how.open and not database.allow_connections:
        steps.append(_connections(subject, database, allowed=True))
    return batched(steps, subject)


def _disabled(subject: Subject, role: Role, now: str) -> Retired:
    """Return what a role's marker is to remember: the days count from when it was closed last."""
    how, own = mark_of(role).retired, role is subject.role
    if how is None:
        return Retired(at=now, entry=subject.entry, login=role.login)
    database = subject.database if own else None
    if role.login or (database is not None and database.allow_connections and not how.window):
        how = replace(how, at=now)
    # What went with its owner and is then retired for itself stays when the owner comes back.
    return replace(how, entry=subject.entry) if own else how


def remember(role: Role, how: Retired | None) -> MarkRole:
    """Return the change that writes how a role was before into its marker; None forgets it."""
    mark = replace(mark_of(role), retired=how)
    after = with_marker(role.comment, mark)
    return MarkRole(entry=mark.entry, role=role.name, before=role.comment, after=after)


def batched(steps: list[Step], subject: Subject) -> tuple[Batch, ...]:
    """Return steps in one transaction, as the owner where that takes it."""
    if not steps:
        return ()
    as_owner = AlterDatabase | GrantDatabase | TakeOverDatabase
    acting = subject.role.name if any(isinstance(step, as_owner) for step in steps) else ""
    return (Batch(steps=tuple(steps), acting=acting),)


def _connections(subject: Subject, database: Database, *, allowed: bool) -> AlterDatabase:
    return AlterDatabase(
        entry=subject.entry,
        database=database.name,
        owner=subject.role.name,
        allow_connections=allowed,
    )


def _login(role: Role, *, can: bool) -> list[Step]:
    if role.login is can:
        return []
    before = RoleAttributes.of(role)
    return [
        AlterRole(
            entry=mark_of(role).entry,
            role=role.name,
            before=before,
            after=replace(before, login=can),
        )
    ]
