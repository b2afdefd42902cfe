"""Login roles: existence, attributes, password, marker, memberships."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from pgtenant.catalog.model import AccessLevel, Auth
from pgtenant.planning.changes import (
    AlterRole,
    Change,
    CreateRole,
    MarkRole,
    RevokeMembership,
    RoleAttributes,
    UpdatePassword,
    UseIam,
    UsePassword,
)
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.diff.noted import NOTHING, Noted, earned_version, kept_version
from pgtenant.planning.diff.pairs import second_login_of
from pgtenant.planning.diff.schema import initial_schema_to_record
from pgtenant.planning.diff.standing import Standing, contents_of, standing
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.marker import Marker, with_marker
from pgtenant.planning.observed import Observed, PasswordState, Role
from pgtenant.planning.privileges import IAM_ROLE
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import advice


def diff_role(
    role: DesiredRole,
    database: DesiredDatabase,
    observed: Observed,
    desired: Desired,
    notes: Noted,
) -> Iterator[Change | Drift]:
    """Compare one role, apart from what its marker remembers of later steps."""
    existing = observed.roles.get(role.name)
    marker = early_marker(role, database, observed, desired, notes)
    if role.secret in observed.elsewhere:
        yield Drift(
            kind=DriftKind.SECRET,
            entry=role.entry,
            database="",
            role=role.name,
            message=f"the host or port in its secret {role.secret} is not the admin's: its"
            " application may log in to another server",
        )
    if existing is None:
        yield CreateRole(
            entry=role.entry,
            role=role.name,
            createdb=role.createdb,
            connection_limit=role.connection_limit,
            secret=role.secret,
            marker=marker,
            auth=role.auth,
            passwordless=role.by_second,
        )
        return
    yield from attributes(
        role.entry,
        existing,
        RoleAttributes(login=True, createdb=role.createdb, connection_limit=role.connection_limit),
    )
    yield from _auth(role, existing)
    comment = with_marker(existing.comment, marker)
    if comment != existing.comment:
        yield MarkRole(entry=role.entry, role=role.name, before=existing.comment, after=comment)
    yield from memberships(role, existing, observed, desired, expected=_expected(role, existing))
    yield from _members(role, existing, observed, desired)
    yield from notes_of(role, existing)
    for setting in existing.settings:
        yield Drift(
            kind=DriftKind.SETTING,
            entry=role.entry,
            database="",
            role=role.name,
            message=f"has the setting {setting}",
        )


def early_marker(
    role: DesiredRole,
    database: DesiredDatabase,
    observed: Observed,
    desired: Desired,
    notes: Noted = NOTHING,
) -> Marker:
    """Return the marker a role has before its database is touched.

    It names the database that is about to be made, so that a run that dies between
    `CREATE DATABASE` and the change of owner leaves something we know as ours. What is
    made anew has had no initial schema. A level that rises is written before it is
    granted and one that falls after it is revoked, so that the marker never knows of less
    than a run that died may have granted. A fingerprint stays only as long as it is true.
    """
    owns = role.level is AccessLevel.OWNER
    unmade = standing(database, observed) in {Standing.MISSING, Standing.HALF_MADE}
    existing = observed.roles.get(role.name)
    before = (existing.marker if existing else None) or Marker(
        environment=desired.environment, entry=role.entry
    )
    return replace(
        before,
        environment=desired.environment,
        entry=role.entry,
        creating=database.name if owns and unmade else None,
        access_level=None if owns else _wider(before.access_level, role.level),
        initial_schema=None if unmade or not owns else before.initial_schema,
        auth=Auth.IAM if role.auth is Auth.IAM else None,
        inside=None if unmade else notes.kept(role, before.inside),
        secret=kept_version(role, observed, desired),
    )


def _wider(former: AccessLevel | None, level: AccessLevel) -> AccessLevel:
    return AccessLevel.EDITOR if AccessLevel.EDITOR in {former, level} else level


def diff_role_memory(
    database: DesiredDatabase, observed: Observed, desired: Desired, notes: Noted
) -> Iterator[Change]:
    """Record in each marker what now stands: the granted level, the initial schema.

    With `--trust-markers` also the fingerprint of what is inside, and which password was proven.
    """
    for role in database.roles:
        existing = observed.roles.get(role.name)
        early = early_marker(role, database, observed, desired, notes)
        before = with_marker(existing.comment if existing else None, early.settled())
        late = early.settled()
        if role.level is AccessLevel.OWNER:
            schema = initial_schema_to_record(database, observed)
            late = replace(late, initial_schema=schema or late.initial_schema)
        elif contents_of(database, observed) is not None:
            # What could not be seen was not revoked either: the wider level stays noted.
            late = replace(late, access_level=role.level)
        late = replace(
            late,
            inside=notes.earned(role) or late.inside,
            secret=earned_version(role, observed, desired) or late.secret,
        )
        after = with_marker(before, late)
        if after != before:
            yield MarkRole(entry=role.entry, role=role.name, before=before, after=after, late=True)


def attributes(entry: str, existing: Role, after: RoleAttributes) -> Iterator[AlterRole]:
    """Compare a role's attributes with what they are to be."""
    before = RoleAttributes.of(existing)
    if before != after:
        yield AlterRole(entry=entry, role=existing.name, before=before, after=after)


def _auth(role: DesiredRole, existing: Role) -> Iterator[Change]:
    """Compare how it logs in.

    The password is taken away with the switch to IAM, once: nothing tells whether a member of
    `rds_iam` has one. Only a membership that came with the catalog's `auth = "iam"`, which the
    marker remembers, is taken back: somebody's own `GRANT rds_iam` is drift.
    """
    if role.auth is Auth.IAM:
        if not existing.rds_iam:
            yield UseIam(entry=role.entry, role=role.name)
        return
    mark = existing.marker
    was_iam = mark is not None and mark.auth is Auth.IAM
    if was_iam and IAM_ROLE in existing.member_of and IAM_ROLE in existing.revocable:
        yield UsePassword(entry=role.entry, role=role.name, secret=role.secret)
    elif existing.password is PasswordState.WRONG and not role.by_second:
        yield UpdatePassword(entry=role.entry, role=role.name, secret=role.secret)


def memberships(
    role: DesiredRole,
    existing: Role,
    observed: Observed,
    desired: Desired,
    *,
    expected: Collection[str],
) -> Iterator[RevokeMembership | Drift]:
    """Compare what a login of an entry is a member of with what is expected."""
    own = observed.tenants_of(desired.environment, role.database)
    entered = set(own) if existing.name == role.name and _owns(role) else set()
    for group in sorted(set(existing.member_of) - set(expected) - entered):
        # What the provider or a superuser granted is theirs to revoke.
        other = observed.roles.get(group)
        ours = other is not None and other.marker is not None
        if desired.authoritative and ours and group in existing.revocable:
            yield RevokeMembership(entry=role.entry, role=existing.name, group=group)
        else:
            yield Drift(
                kind=DriftKind.MEMBERSHIP,
                entry=role.entry,
                database="",
                role=existing.name,
                message=f"is a member of {group}",
                statement=advice(statements.revoke_membership(group, existing.name)),
            )


def _owns(role: DesiredRole) -> bool:
    """Return whether it is the role whose database's tenants may have roles that it enters."""
    return role.level is AccessLevel.OWNER


def _members(
    role: DesiredRole, existing: Role, observed: Observed, desired: Desired
) -> Iterator[Drift]:
    second = second_login_of(role, observed, desired.environment)
    for member in sorted(existing.members):
        if desired.operated and member == observed.server.admin.name:
            continue  # the manifests make it one: see `planning.operated`
        if member not in desired.by_name and (second is None or member != second.name):
            yield Drift(
                kind=DriftKind.MEMBERSHIP,
                entry=role.entry,
                database="",
                role=role.name,
                message=f"{member} is a member of it and can act as it",
                statement=advice(statements.revoke_membership(role.name, member)),
            )


def _expected(role: DesiredRole, existing: Role) -> set[str]:
    """Return the memberships that are as the catalog has them, or will be."""
    mark = existing.marker
    leaves = mark is not None and mark.auth is Auth.IAM and IAM_ROLE in existing.revocable
    return {IAM_ROLE} if role.auth is Auth.IAM or leaves else set()


def notes_of(role: DesiredRole, existing: Role) -> Iterator[Drift]:
    """Say what keeps one of an entry's logins from being used, or from being proven."""

    def note(kind: DriftKind, message: str) -> Drift:
        return Drift(kind=kind, entry=role.entry, database="", role=existing.name, message=message)

    if existing.expired:
        yield note(DriftKind.EXPIRED, "its VALID UNTIL has passed: logins are refused")
    unproven = existing.password is PasswordState.UNPROVEN and role.auth is not Auth.IAM
    if unproven and existing.password_note and existing.name == role.login:
        yield note(DriftKind.PASSWORD, f"its password is not proven: {existing.password_note}")
