"""Who can act as whom: PostgreSQL's three closures over memberships, with the shortest paths.

`src/backend/utils/adt/acl.c`, `roles_is_member_of`: privileges follow memberships that inherit,
`SET ROLE` those that may be set, and both start at the role that logged in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pgtenant.access.model import AccessModel, Membership
from pgtenant.access.path import Hop, Path, Via

DATABASE_OWNER: Final = "pg_database_owner"
"""The predefined role whose only member is the owner of the current database."""

_SELF: Final[Path] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """The roles of an instance and their memberships; what was worked out is kept."""

    model: AccessModel
    _groups: Mapping[str, tuple[Membership, ...]] = field(init=False, repr=False, compare=False)
    _known: dict[tuple[str, str], Mapping[str, Path]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        groups: dict[str, list[Membership]] = {}
        for item in self.model.memberships:
            groups.setdefault(item.member, []).append(item)
        object.__setattr__(self, "_groups", {m: tuple(found) for m, found in groups.items()})

    def memberships_of(self, role: str) -> tuple[Membership, ...]:
        """Return the memberships that `role` has directly."""
        return self._groups.get(role, ())

    def superuser(self, role: str) -> bool:
        """Return whether `role` is a superuser."""
        found = self.model.roles.get(role)
        return found is not None and found.superuser

    def inherited(self, role: str) -> Mapping[str, Path]:
        """Return the roles whose privileges `role` has all the time, itself included."""
        return self._closure(role, "inherit", Via.MEMBER, lambda item: item.inherit)

    def settable(self, role: str) -> Mapping[str, Path]:
        """Return the roles that a session of `role` may `SET ROLE` to, itself included."""
        return self._closure(role, "set", Via.SET_ROLE, lambda item: item.set)

    def groups(self, role: str) -> Mapping[str, Path]:
        """Return the roles that `role` is a member of in any way, itself included."""
        return self._closure(role, "member", Via.MEMBER, lambda _: True)

    def usable(self, role: str) -> Mapping[str, Path]:
        """Return the roles whose privileges `role` can come to use, by `SET ROLE` or without."""
        known = self._known.get((role, "usable"))
        if known is not None:
            return known
        found = dict(self.inherited(role))
        for target, path in self.settable(role).items():
            hop = path[-1:]  # whatever lies between, one SET ROLE is enough
            for group, further in self.inherited(target).items():
                if group not in found or len(hop + further) < len(found[group]):
                    found[group] = hop + further
        self._known[role, "usable"] = found
        return found

    def administered(self, role: str) -> Mapping[str, Path]:
        """Return the roles that `role` could make itself a member of, and is not able to use.

        Their own memberships are followed: who can make itself a member of X can also become
        what X can become.
        """
        known = self._known.get((role, "admin"))
        if known is not None:
            return known
        usable = self.usable(role)
        found: dict[str, Path] = {}
        todo: list[tuple[str, Path]] = list(usable.items())
        while todo:
            holder, path = todo.pop(0)
            for target, hop in self._takes(holder):
                for group, further in self.usable(target).items():
                    if group not in usable and group not in found:
                        found[group] = (*path, hop, *further)
                        todo.append((group, found[group]))
        self._known[role, "admin"] = found
        return found

    def in_database(
        self, reach: Mapping[str, Path], owner: str, *, privileges: bool = True
    ) -> Mapping[str, Path]:
        """Return a closure as it is in a database of `owner`, `pg_database_owner` included.

        Args:
            reach: the closure.
            owner: who owns the database.
            privileges: whether it is about privileges and not about membership or `SET ROLE`:
                those of `pg_database_owner` a `NOINHERIT` owner lacks on PostgreSQL 15.
        """
        if owner not in reach:
            return reach
        if privileges and self.model.major < 16 and not self._inherits(owner):
            return reach
        return {**reach, DATABASE_OWNER: (*reach[owner], Hop(Via.DATABASE_OWNER))}

    def _takes(self, holder: str) -> Iterable[tuple[str, Hop]]:
        for item in self.memberships_of(holder):
            if item.admin:
                yield item.group, Hop(Via.ADMIN, item.group)
        role = self.model.roles.get(holder)
        if self.model.major < 16 and role is not None and role.createrole:
            for name, other in self.model.roles.items():
                if not other.superuser and name not in {holder, DATABASE_OWNER}:
                    yield name, Hop(Via.CREATEROLE, name)

    def _inherits(self, role: str) -> bool:
        found = self.model.roles.get(role)
        return found is None or found.inherit

    def _closure(
        self, role: str, mode: str, via: Via, follows: Callable[[Membership], bool]
    ) -> Mapping[str, Path]:
        known = self._known.get((role, mode))
        if known is not None:
            return known
        found: dict[str, Path] = {role: _SELF}
        level = [role]
        while level:
            following: list[str] = []
            for member in level:
                for item in self.memberships_of(member):
                    if follows(item) and item.group not in found:
                        found[item.group] = (*found[member], Hop(via, item.group))
                        following.append(item.group)
            level = following
        self._known[role, mode] = found
        return found
