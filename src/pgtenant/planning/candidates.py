"""The entries that are to be adopted, as they are today, and who uses their databases."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.desired import Desired, DesiredRole
from pgtenant.planning.observed import Database, Observed, Role
from pgtenant.planning.privileges import PUBLIC


@dataclass(frozen=True, slots=True, order=True)
class Session:
    """The live sessions of one user in a database.

    Attributes:
        count: how many.
        through_public: whether the user may connect only because everyone may.
    """

    user: str
    count: int
    through_public: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """Who uses a database.

    Attributes:
        sessions: at this moment, sorted by user.
        only_through_public: the logins that may connect only because everyone may, sorted.
        may_hand_over: whether the admin has the rights of the role that owns it.
    """

    sessions: tuple[Session, ...] = ()
    only_through_public: tuple[str, ...] = ()
    may_hand_over: bool = False


class State(StrEnum):
    """What adoption means for an entry."""

    ADOPT = "adopt"
    MANAGED = "managed"
    ABSENT = "absent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One selected entry, as it is today.

    Attributes:
        wanted: what the catalog says of its role.
        role: the role as it is, or None.
        database: an owner's database as it is, or None.
        usage: of that database.
        public: what everyone may do on it, sorted.
        loses: the logins that can't connect any more once it is closed, sorted.
        others: databases that its role made and that will be closed too, each with its usage.
    """

    state: State
    wanted: DesiredRole
    role: Role | None
    database: Database | None = None
    usage: Usage = Usage()
    public: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    others: tuple[tuple[str, Usage], ...] = ()


def candidate(
    wanted: DesiredRole,
    observed: Observed,
    desired: Desired,
    usage: Mapping[str, Usage],
    *,
    blocked: Collection[str],
    touched: Collection[str],
) -> Candidate:
    """Return an entry as it is today.

    Args:
        wanted: its role, as the catalog says.
        observed: the server.
        desired: the whole catalog.
        usage: by database.
        blocked: the keys that are not adopted.
        touched: the keys that adoption changes something of.
    """
    role = observed.roles.get(wanted.name)
    database = observed.databases.get(wanted.database)
    if wanted.entry in blocked:
        state = State.REFUSED
    elif wanted.entry in touched:
        state = State.ADOPT
    else:
        state = State.ABSENT if role is None else State.MANAGED
    if wanted.level is not AccessLevel.OWNER or database is None:
        return Candidate(state=state, wanted=wanted, role=role)
    declared = next(d for d in desired.databases if d.name == wanted.database)
    stays = {observed.server.admin.name, *(r.name for r in declared.roles)}
    used = usage.get(wanted.database, Usage())
    return Candidate(
        state=state,
        wanted=wanted,
        role=role,
        database=database,
        usage=used,
        public=tuple(sorted({g.privilege for g in database.acl if g.grantee == PUBLIC})),
        loses=tuple(user for user in used.only_through_public if user not in stays),
    )
