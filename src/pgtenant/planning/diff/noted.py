"""What a role's marker may say for `--trust-markers`: of its database's inside, of its login."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.model import Auth
from pgtenant.planning.changes import (
    Change,
    GrantDefault,
    GrantObjects,
    RevokeColumns,
    RevokeDefault,
    RevokeObjects,
)
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.diff.standing import Standing, standing
from pgtenant.planning.findings import Drift
from pgtenant.planning.observed import Observed, PasswordState
from pgtenant.planning.trust import fingerprint, fingerprints, public_is

_FORESEEN = GrantDefault | GrantObjects | RevokeColumns | RevokeDefault | RevokeObjects
"""Changes whose outcome is known before: an extension and an initial schema make what they like."""


@dataclass(frozen=True, slots=True)
class Noted:
    """The fingerprints of one database. Each role's marker speaks for what its own entry gives.

    Attributes:
        true: those that hold of what is inside, apart from what this run changes.
        new: what markers are to say at the end, or None where they are not trusted.
        changing: the keys of the entries for which something is changed inside.
        unforeseen: those of them for which this run does not get to know what it made.
    """

    true: frozenset[str] = frozenset()
    new: str | None = None
    changing: frozenset[str] = frozenset()
    unforeseen: frozenset[str] = frozenset()

    def kept(self, role: DesiredRole, said: str | None) -> str | None:
        """Return the fingerprint that a role's marker may go on saying."""
        return said if said in self.true and role.entry not in self.changing else None

    def earned(self, role: DesiredRole) -> str | None:
        """Return the one that it is to say when everything is done, if this run tells."""
        return None if role.entry in self.unforeseen else self.new


NOTHING: Final = Noted()


def noted(
    database: DesiredDatabase,
    observed: Observed,
    desired: Desired,
    inside: Collection[Change | Drift],
) -> Noted:
    """Return the fingerprints of a database; only a run that trusts markers writes new ones.

    Args:
        database: the one.
        observed: the server.
        desired: the catalog.
        inside: all that differs inside it.
    """
    if database.isolation is not None:  # what is inside is looked at by each run
        return NOTHING
    marks = (observed.roles[r.name].marker for r in database.roles if r.name in observed.roles)
    if not desired.trust_markers and not any(mark and mark.inside for mark in marks):
        return NOTHING
    existing = observed.databases.get(database.name)
    if existing is None or standing(database, observed) is Standing.HALF_MADE:
        return NOTHING  # what this run makes is the next one's to look at
    if existing.contents is None:  # not seen, and not changed
        return Noted(true=frozenset(fingerprints(database, observed.server, existing.oid)))
    if any(isinstance(item, Drift) for item in inside):  # it stays, and is to be shown again
        return NOTHING
    true = fingerprint(database, observed.server, existing.oid, public_is(existing.contents))
    keys = {role.entry for role in database.roles}

    def among(items: Iterable[Change | Drift]) -> frozenset[str]:
        """What is no role's of this database is its owner's to answer for."""
        return frozenset(i.entry if i.entry in keys else database.entry for i in items)

    return Noted(
        true=frozenset({true}),
        new=true if desired.trust_markers else None,
        changing=among(inside),
        unforeseen=among(item for item in inside if not isinstance(item, _FORESEEN)),
    )


def kept_version(role: DesiredRole, observed: Observed, desired: Desired) -> str | None:
    """Return the version of its secret that a role's marker may go on saying."""
    existing, login = observed.roles.get(role.name), observed.roles.get(role.login)
    mark = existing.marker if existing else None
    wrong = login is None or login.password is PasswordState.WRONG
    if mark is None or wrong or role.auth is Auth.IAM:
        return None
    current = desired.secret_versions.get(role.secret, mark.secret)  # not read, in some runs
    return mark.secret if mark.secret == current else None


def earned_version(role: DesiredRole, observed: Observed, desired: Desired) -> str | None:
    """Return the version of the secret whose password has logged in.

    One that this run sets may not be proven by it: the next run tries it.
    """
    login = observed.roles.get(role.login)
    proven = login is not None and login.password is PasswordState.CURRENT
    if not proven or role.auth is Auth.IAM or not desired.trust_markers:
        return None
    return desired.secret_versions.get(role.secret)
