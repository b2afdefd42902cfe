"""What an entry is on the server: the roles and the database that a retirement is about."""

from __future__ import annotations

from dataclasses import dataclass

from pgtenant.catalog.model import AccessLevel
from pgtenant.codes import Code
from pgtenant.errors import PgtenantError
from pgtenant.planning.desired import Desired
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Database, Observed, Role
from pgtenant.planning.retired import OF_A_DUMP, Retired


@dataclass(frozen=True, slots=True)
class Subject:
    """One entry, as the markers on the server tell. Only roles that carry ours are in it.

    Attributes:
        entry: the key.
        roles: the entry's own role, then those of its database's editors and readers by name,
            then the second logins of all of these.
        database: the database that it owns, or None for an editor or reader, and where it is
            gone.
        declared: whether the catalog still has the entry.
        doubtful: editors and readers that may be another database's; they are left alone.
    """

    entry: str
    roles: tuple[Role, ...]
    database: Database | None
    declared: bool
    doubtful: tuple[str, ...] = ()

    @property
    def role(self) -> Role:
        """The entry's own role."""
        return self.roles[0]

    @property
    def retired(self) -> Retired | None:
        """What the marker of its own role remembers."""
        return mark_of(self.role).retired

    @property
    def names(self) -> frozenset[str]:
        """The names of its roles."""
        return frozenset(role.name for role in self.roles)


def mark_of(role: Role) -> Marker:
    """Return the marker of a role that has one."""
    if role.marker is None:
        msg = f"{role.name} has no marker"
        raise AssertionError(msg)
    return role.marker


def find_subject(observed: Observed, desired: Desired, key: str) -> Subject | None:
    """Find what is to be retired. A role's marker decides, also for a key that is not declared.

    Returns:
        None when neither the catalog nor a marker knows the key.

    Raises:
        PgtenantError: its role is not there, or is not ours.
    """
    declared = desired.by_entry.get(key)
    ours = [r for _, r in sorted(observed.roles.items()) if _is_ours(r, desired.environment)]
    if declared is not None:
        role = observed.roles.get(declared.name)
        if role is None:
            raise PgtenantError(
                f"the role {declared.name} of the entry {key} is not there: nothing to retire",
                hint="take the entry out of the catalog, and no run makes it",
                code=Code.NOTHING_TO_RETIRE,
            )
        if role not in ours or mark_of(role).entry != key:
            raise PgtenantError(
                f"the role {role.name} exists and is not managed as the entry {key} of"
                f" {desired.environment}: nothing of it was touched",
                hint=f"`pgtenant adopt -e {desired.environment} {key}` says more",
                code=Code.UNCLEAR_SUBJECT,
            )
    else:
        marked = [r for r in ours if mark_of(r).entry == key and not key.endswith(OF_A_DUMP)]
        marked = [r for r in marked if mark_of(r).second_of is None]
        if not marked:
            return None
        if len(marked) > 1:
            names = ", ".join(r.name for r in marked)
            raise PgtenantError(
                f"the markers of {names} name the entry {key}: it is not clear which one is meant",
                hint="drop the role that is left over by hand, or declare the entry again",
                code=Code.UNCLEAR_SUBJECT,
            )
        role = marked[0]
    database = _database(role, observed, desired, key)
    members, doubtful = _members(role, database, observed, desired, ours)
    firsts = {role.name, *(member.name for member in members)}
    seconds = (r for r in ours if mark_of(r).second_of in firsts)
    return Subject(
        entry=key,
        roles=(role, *members, *seconds),
        database=database,
        declared=declared is not None,
        doubtful=doubtful,
    )


def still_declared(subject: Subject, desired: Desired) -> tuple[str, ...]:
    """Return the entries by which the catalog still has one of its roles or its database.

    The keys alone don't tell: an entry can have a new one, and its old role and database.
    """
    keys = {mark_of(role).entry for role in subject.roles}
    how = subject.retired
    database = how.database if how is not None else None
    if subject.database is not None:
        database = subject.database.name
    return tuple(
        sorted(
            role.entry
            for role in desired.roles
            if role.entry in keys or role.name in subject.names or role.database == database
        )
    )


def _is_ours(role: Role, environment: str) -> bool:
    return role.marker is not None and role.marker.environment == environment


def _database(role: Role, observed: Observed, desired: Desired, key: str) -> Database | None:
    mark = mark_of(role)
    if _is_member(role, observed, desired):
        return None
    owned = observed.owned_by(role.name)
    if mark.retired is not None and mark.retired.database is not None:
        there = observed.databases.get(mark.retired.database)
        mine = {role.name} | ({observed.server.admin.name} if mark.retired.dropping else set())
        return there if there is not None and there.owner in mine else None
    declared = desired.by_entry.get(key)
    if declared is not None:
        return _declared(declared.database, role, observed)
    marked = [d for d in owned if d.marker is not None and d.marker.entry == key]
    candidates = marked or list(owned)
    if len(candidates) > 1:
        names = ", ".join(d.name for d in candidates)
        raise PgtenantError(
            f"{role.name} owns {names}, and it is not clear which of them was the entry {key}'s:"
            " nothing was changed",
            hint="declare the entry again with its database_name, and retire it then",
            code=Code.UNCLEAR_SUBJECT,
        )
    return candidates[0] if candidates else None


def _is_member(role: Role, observed: Observed, desired: Desired) -> bool:
    """Return whether a role is an editor or reader.

    An operator's markers do not say: there the catalog does and, of what has left it, the server.
    """
    mark = mark_of(role)
    if not desired.operated:
        return mark.access_level is not None
    if (declared := desired.by_name.get(role.name)) is not None:
        return declared.level is not AccessLevel.OWNER
    had = mark.retired is not None and mark.retired.database is not None
    return not had and not observed.owned_by(role.name)


def _declared(name: str, role: Role, observed: Observed) -> Database | None:
    """Return the database that the catalog gives a role; None where it is not there."""
    there = observed.databases.get(name)
    if there is not None and there.owner != role.name:
        raise PgtenantError(
            f"the database {name} belongs to {there.owner}, and not to {role.name}: it could not be"
            " closed, and nothing was changed",
            hint="`pgtenant plan` says what is in the way; hand it over, or take the entry out of"
            " the catalog first",
            code=Code.UNCLEAR_SUBJECT,
        )
    return there


def _members(
    owner: Role, database: Database | None, observed: Observed, desired: Desired, ours: list[Role]
) -> tuple[tuple[Role, ...], tuple[str, ...]]:
    """Return the editors and readers of a database, and who may be one of another's.

    An owner can let anybody in. What the catalog has no more is this database's if it may enter
    none of ours besides.
    """
    entry = mark_of(owner).entry
    if _is_member(owner, observed, desired):
        return (), ()
    others = {role.name for role in ours} - {owner.name}
    members: list[Role] = []
    doubtful: list[str] = []
    for role in ours:
        mark = mark_of(role)
        if role.name == owner.name or not _is_member(role, observed, desired):
            continue
        declared = desired.by_name.get(role.name)
        if mark.retired is not None and mark.retired.entry == entry:
            members.append(role)
        elif database is None:
            continue
        elif declared is not None:
            members += [role] if declared.database == database.name else []
        elif database.holds(role.name, "CONNECT"):
            elsewhere = any(
                d.holds(role.name, "CONNECT") and d.owner in others
                for d in observed.databases.values()
            )
            if elsewhere:
                doubtful.append(role.name)
            else:
                members.append(role)
    return tuple(members), tuple(doubtful)
