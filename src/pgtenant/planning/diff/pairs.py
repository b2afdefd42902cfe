"""The second login of an entry with `rotation = "alternate"`.

R, the entry's role, stays owner and login. R_b is a member of R whose sessions start as R: both
have the same rights on objects, and all that either makes belongs to R. So the second one comes and
goes without a change of ownership, and without a lock on anything of the application's.

Sessions are no objects: those that logged in as R_b belong to R_b, of which R is no member. To end
or to look into one of them takes `SET ROLE NONE`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgtenant.planning.desired import DesiredRole
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Database, Observed, Role, Setting
from pgtenant.planning.observed.pairing import ALONE, ROLE, Pairing
from pgtenant.planning.privileges import PUBLIC


def second_login_of(role: DesiredRole, observed: Observed, environment: str) -> Role | None:
    """Return an entry's second login as it is; None where none is there that is ours."""
    existing = observed.roles.get(role.second)
    mark = existing.marker if existing else None
    if mark is None or mark.environment != environment or mark.second_of != role.name:
        return None
    return existing


def second_marker(role: DesiredRole, environment: str) -> Marker:
    """Return the marker of an entry's second login."""
    return Marker(environment=environment, entry=role.entry, second_of=role.name)


def is_like_second(role: DesiredRole, observed: Observed) -> bool:
    """Return whether a role without a marker is what a second login is, so that it can be one."""
    existing = observed.roles.get(role.second)
    if not role.alternates or existing is None or existing.marker is not None:
        return False
    pairing = pairing_of(existing)
    starts = any(s.key == ("", ROLE) and s.value == role.name for s in pairing.settings)
    return starts and role.name in pairing.acts_as


def pairing_of(role: Role | None) -> Pairing:
    """Return what was read of a role beyond what matters of all."""
    return role.pairing if role is not None and role.pairing is not None else ALONE


@dataclass(frozen=True, slots=True)
class Left:
    """Where a second login has something of its own.

    Attributes:
        database: what the admin has to enter; never empty.
        owns: whether something belongs to it there.
        holds: whether it has privileges, or default privileges, of its own there.
        lets_in: the admin may enter it.
        borrowed: it may not, but the entry's role can let it in.
    """

    database: str
    owns: bool
    holds: bool
    lets_in: bool
    borrowed: bool


def left_by(second: Role, role: DesiredRole, observed: Observed) -> Iterator[Left]:
    """Yield where something is that only the second login has, sorted by database.

    What no database holds is mended from the maintenance database, like from any other.
    """
    pairing = pairing_of(second)
    everywhere = observed.server.maintenance_database
    owned = {name or everywhere for name in pairing.owns}
    held = {name or everywhere for name in pairing.holds}
    for name in sorted(owned | held):
        database = observed.databases.get(name)
        if database is None or database.invalid:
            continue
        lets_in = name == everywhere or _lets_in(database, observed)
        owners = database.owner == role.name and database.allow_connections
        borrowed = owners and not lets_in
        yield Left(name, name in owned, name in held, lets_in, borrowed)


def _lets_in(database: Database, observed: Observed) -> bool:
    admin = observed.server.admin
    if not database.allow_connections:
        return False
    return (
        admin.superuser
        or database.owner == admin.name
        or any(database.holds(grantee, "CONNECT") for grantee in (admin.name, PUBLIC))
    )


def wanted_settings(first: Role | None, role: DesiredRole) -> tuple[Setting, ...]:
    """Return what the second login's sessions are to have: they start as the entry's role."""
    mirrored = (s for s in pairing_of(first).settings if s.name != ROLE and s.settable)
    return (Setting("", ROLE, role.name), *sorted(mirrored))


def unsettable(first: Role | None, second: Role) -> tuple[Setting, ...]:
    """Return what only a superuser could set, and the second login's sessions lack."""
    there = {(s.key, s.words) for s in pairing_of(second).settings}
    return tuple(
        s
        for s in pairing_of(first).settings
        if s.name != ROLE and not s.settable and (s.key, s.words) not in there
    )
