"""Second logins: made, kept as the entry's role is, and taken away when nothing is theirs."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from pgtenant.planning.changes import (
    Change,
    ConfigureSecond,
    CreateSecond,
    DropSecond,
    GrantDatabase,
    JoinFirst,
    MarkRole,
    ReassignOwned,
    RoleAttributes,
    UpdatePassword,
)
from pgtenant.planning.desired import Desired, DesiredRole
from pgtenant.planning.diff.pairs import (
    Left,
    left_by,
    pairing_of,
    second_login_of,
    second_marker,
    unsettable,
    wanted_settings,
)
from pgtenant.planning.diff.roles import attributes, memberships, notes_of
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.marker import with_marker
from pgtenant.planning.observed import Observed, PasswordState, Role
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import advice


def diff_second(
    role: DesiredRole, observed: Observed, desired: Desired
) -> Iterator[Change | Drift]:
    """Compare the second login of one entry."""
    existing = observed.roles.get(role.second)
    if not role.alternates:
        if second := second_login_of(role, observed, desired.environment):
            yield from _leave(role, second, observed)
        return
    first = observed.roles.get(role.name)
    if existing is None:
        yield CreateSecond(
            entry=role.entry,
            role=role.second,
            first=role.name,
            connection_limit=role.connection_limit,
            secret=role.secret if role.by_second else None,
            settings=wanted_settings(first, role),
            marker=second_marker(role, desired.environment),
        )
        return
    wanted = RoleAttributes(login=True, createdb=False, connection_limit=role.connection_limit)
    yield from attributes(role.entry, existing, wanted)
    if role.by_second and existing.password is PasswordState.WRONG:
        yield UpdatePassword(entry=role.entry, role=role.second, secret=role.secret)
    comment = with_marker(existing.comment, second_marker(role, desired.environment))
    if comment != existing.comment:
        yield MarkRole(entry=role.entry, role=role.second, before=existing.comment, after=comment)
    if role.name not in pairing_of(existing).acts_as:
        yield JoinFirst(
            entry=role.entry, role=role.second, first=role.name, major=observed.server.major
        )
    yield from memberships(role, existing, observed, desired, expected={role.name})
    yield from _settings(role, first, existing)
    yield from notes_of(role, existing)
    yield from _reassign(role, existing, observed)


def _settings(
    role: DesiredRole, first: Role | None, existing: Role
) -> Iterator[ConfigureSecond | Drift]:
    wanted = {s.key: s for s in wanted_settings(first, role)}
    there = {s.key: s for s in pairing_of(existing).settings}
    put = tuple(s for key, s in wanted.items() if key not in there or there[key].words != s.words)
    beyond = [s for key, s in there.items() if key not in wanted]
    reset = tuple(sorted(s.key for s in beyond if s.settable))
    if put or reset:
        yield ConfigureSecond(entry=role.entry, role=role.second, put=put, reset=reset)
    for setting in unsettable(first, existing):
        yield Drift(
            kind=DriftKind.SETTING,
            entry=role.entry,
            database=setting.database,
            role=role.second,
            message=f"lacks the setting {setting.name} of {role.name}, which takes a superuser",
            statement=advice(statements.set_default(role.second, setting)),
        )


def _reassign(role: DesiredRole, existing: Role, observed: Observed) -> Iterator[Change | Drift]:
    for left in left_by(existing, role, observed):
        if left.owns:
            yield from _mend(role, left, observed, leaving=False)
        if left.holds:
            yield _of_its_own(role, left)


def _of_its_own(role: DesiredRole, left: Left) -> Drift:
    given = statements.reassign_owned(role.second, role.name)
    gone = statements.drop_owned(role.second)
    return Drift(
        kind=DriftKind.PRIVILEGE,
        entry=role.entry,
        database=left.database,
        role=role.second,
        message=f"has privileges or default privileges of its own there, where {role.name} should"
        " have all: run this there, as it, after SET ROLE NONE",
        statement=advice(sql.SQL("; ").join([given, gone])),
    )


def _mend(
    role: DesiredRole, left: Left, observed: Observed, *, leaving: bool
) -> Iterator[Change | Drift]:
    change = ReassignOwned(
        entry=role.entry,
        database=left.database,
        owner=role.name,
        role=role.second,
        leaving=leaving,
    )
    if left.borrowed:
        yield GrantDatabase(
            entry=role.entry,
            database=left.database,
            owner=role.name,
            role=observed.server.admin.name,
            privileges=("CONNECT",),
        )
    if left.lets_in or left.borrowed:
        yield change
    else:
        yield Drift(
            kind=DriftKind.FOREIGN_OBJECT,
            entry=role.entry,
            database=left.database,
            role=role.second,
            message="owns something there, and the admin can't get in: run this there, as it,"
            " after SET ROLE NONE",
            statement=advice(statements.reassign_owned(role.second, role.name)),
        )


def _leave(role: DesiredRole, second: Role, observed: Observed) -> Iterator[Change | Drift]:
    """Take a second login away: it can't come in any more before what it has is given away."""
    closed = RoleAttributes(
        login=False, createdb=second.createdb, connection_limit=second.connection_limit
    )
    if second.login:
        yield from attributes(role.entry, second, closed)
    if role.name not in pairing_of(second).acts_as:
        yield JoinFirst(
            entry=role.entry, role=role.second, first=role.name, major=observed.server.major
        )
    for left in left_by(second, role, observed):
        yield from _mend(role, left, observed, leaving=True)
    yield DropSecond(entry=role.entry, role=role.second)
