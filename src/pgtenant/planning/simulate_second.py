"""What changes of a second login do to a server, by PostgreSQL's rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from pgtenant.planning import acl
from pgtenant.planning.acl import RefusedError
from pgtenant.planning.changes import (
    ConfigureSecond,
    CreateSecond,
    DropSecond,
    JoinFirst,
    ReassignOwned,
)
from pgtenant.planning.observed import Database, Pairing, PasswordState, Role, Server, Setting
from pgtenant.planning.observed.pairing import ALONE

SecondChange = CreateSecond | JoinFirst | ConfigureSecond | ReassignOwned | DropSecond


@dataclass(frozen=True, slots=True)
class Seconds:
    """The part of a server that such a change is about; it is changed in place."""

    server: Server
    roles: dict[str, Role]
    databases: dict[str, Database]

    def carry_out(self, change: SecondChange) -> None:
        """Do what a change says.

        Raises:
            RefusedError: PostgreSQL would not.
        """
        match change:
            case CreateSecond():
                self._create(change)
            case JoinFirst():
                self._join(self._existing(change.role), change.first)
            case ConfigureSecond():
                self._configure(change)
            case ReassignOwned():
                self._reassign(change)
            case DropSecond():
                self._drop(change)
            case _:
                assert_never(change)

    def _create(self, change: CreateSecond) -> None:
        if change.role in self.roles:
            raise RefusedError(f'role "{change.role}" already exists')
        current = change.secret is not None
        role = Role(
            name=change.role,
            connection_limit=change.connection_limit,
            comment=change.marker.text(),
            settings=_told(change.settings),
            password=PasswordState.CURRENT if current else PasswordState.UNPROVEN,
            admin_can_set=self.server.admin.superuser,
            pairing=Pairing(settings=tuple(sorted(change.settings))),
        )
        self._join(role, change.first)

    def _join(self, role: Role, group: str) -> None:
        first = self._existing(group)
        pairing = role.pairing or ALONE
        self.roles[role.name] = replace(
            role,
            member_of=_with(role.member_of, group),
            revocable=_with(role.revocable, group),
            pairing=replace(pairing, acts_as=_with(pairing.acts_as, group)),
        )
        self.roles[group] = replace(first, members=_with(first.members, role.name))

    def _configure(self, change: ConfigureSecond) -> None:
        role = self._existing(change.role)
        pairing = role.pairing or ALONE
        settings = {setting.key: setting for setting in pairing.settings}
        for key in change.reset:
            settings.pop(key, None)
        settings |= {setting.key: setting for setting in change.put}
        left = tuple(sorted(settings.values()))
        self.roles[role.name] = replace(
            role, settings=_told(left), pairing=replace(pairing, settings=left)
        )

    def _reassign(self, change: ReassignOwned) -> None:
        role = self._existing(change.role)
        pairing = role.pairing or ALONE
        if change.owner not in pairing.acts_as:
            raise RefusedError("permission denied to reassign objects")
        if change.database not in self.databases:
            raise RefusedError(f'database "{change.database}" does not exist')
        if not self.databases[change.database].allow_connections:
            raise RefusedError(f'database "{change.database}" can not be entered')
        here = {change.database, ""}
        owns = tuple(name for name in pairing.owns if name not in here)
        holds = pairing.holds
        for name, database in self.databases.items():
            if database.owner == role.name:
                acls = acl.change_owner(database.acl, role.name, change.owner)
                self.databases[name] = replace(database, owner=change.owner, acl=acls)
        if change.leaving:
            holds = tuple(name for name in holds if name not in here)
            for name, database in self.databases.items():
                acls = tuple(grant for grant in database.acl if grant.grantee != role.name)
                self.databases[name] = replace(database, acl=acls)
        self.roles[role.name] = replace(role, pairing=replace(pairing, owns=owns, holds=holds))

    def _drop(self, change: DropSecond) -> None:
        role = self._existing(change.role)
        pairing = role.pairing or ALONE
        if pairing.owns or pairing.holds:
            raise RefusedError(f'role "{change.role}" cannot be dropped')
        del self.roles[role.name]
        for name, other in self.roles.items():
            if role.name in other.members:
                left = tuple(member for member in other.members if member != role.name)
                self.roles[name] = replace(other, members=left)

    def _existing(self, name: str) -> Role:
        if name not in self.roles:
            raise RefusedError(f'role "{name}" does not exist')
        return self.roles[name]


def _with(names: Iterable[str], name: str) -> tuple[str, ...]:
    return tuple(sorted({*names, name}))


def _told(settings: Iterable[Setting]) -> tuple[str, ...]:
    """Return settings as a role's `settings` has them."""
    return tuple(
        f"{setting.name} in database {setting.database}" if setting.database else setting.name
        for setting in sorted(settings)
    )
