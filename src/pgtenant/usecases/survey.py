"""Look into every database and try every password, on as few connections as that takes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from pgtenant.catalog.model import Auth
from pgtenant.errors import ServerError
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.diff.pairs import second_login_of
from pgtenant.planning.logins import LoginOutcome, judge
from pgtenant.planning.observed import Contents, Database, Observed, PasswordState, Role
from pgtenant.planning.trust import may_stay_untried
from pgtenant.postgres.connect import Login
from pgtenant.postgres.observe import observe_contents
from pgtenant.postgres.probe import try_login
from pgtenant.report.progress import Progress

if TYPE_CHECKING:
    from pgtenant.usecases.look import Instance

_LOST: Final = ("08", "57P")
_PRIMARY: Final = 1
"""The connection that is open all the time."""

_Step = tuple[str, str, Callable[[], Awaitable[None]]]
"""An entry's key, what is looked at, and the looking."""


@dataclass(slots=True)
class Survey:
    """One look into every database and at every password.

    The owner's login proves its password and reads its own database: what the catalogs say is
    the same for everyone. The admin reads where the owner can't, or is kept from it.

    Attributes:
        adopting: roles that are looked at as if they were ours, their databases too.
        progress: told of each step.
        trusted: what is inside databases that are not opened, by name.
        managed: every managed role.
        roles: what was found, by name.
        databases: the same.
    """

    instance: Instance
    shared: Observed
    adopting: frozenset[str]
    progress: Progress
    trusted: Mapping[str, Contents] = field(default_factory=dict)
    managed: frozenset[str] = field(init=False)
    roles: dict[str, Role] = field(default_factory=dict)
    databases: dict[str, Database] = field(default_factory=dict)

    def __post_init__(self) -> None:
        desired = self.instance.inputs.desired
        self.managed = frozenset({*desired.by_name, *self.shared.managed(desired.environment)})

    async def run(self) -> None:
        """Look at all there is, on as many connections as the budget has."""
        desired = self.instance.inputs.desired
        steps = deque(step for database in desired.databases for step in self._steps(database))
        budget = self.instance.inputs.settings.server.connections

        async def worker() -> None:
            while steps:
                entry, what, step = steps.popleft()
                await step()
                self.progress.advance(entry, f"looked at {what}")

        self.progress.start(len(steps))
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(budget - _PRIMARY, len(steps))):
                    tasks.create_task(worker())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            self.progress.stop()

    def _steps(self, database: DesiredDatabase) -> Iterator[_Step]:
        known = [role for role in database.roles if self._known(role)]
        if database.name in self.trusted:
            known = list(self._still_to_try(database, known))
        elif _enterable(self.shared, self.instance.inputs.desired, database, self.adopting):
            yield database.entry, database.name, partial(self._visit, database)
            known = [role for role in known if role is not database.owner]
        for role in known:
            yield role.entry, role.name, partial(self._prove, role)

    def _still_to_try(
        self, database: DesiredDatabase, known: Iterable[DesiredRole]
    ) -> Iterator[DesiredRole]:
        """Leave a database out, and each login that its marker speaks for; yield the others."""
        there = self.shared.databases[database.name]
        self.databases[there.name] = replace(there, contents=self.trusted[there.name], trusted=True)
        for role in known:
            if role.auth is Auth.IAM:
                continue
            if may_stay_untried(role, self.shared, self.instance.inputs.desired):
                self.roles[role.login] = replace(self.shared.roles[role.login], trusted=True)
            else:
                yield role

    async def _visit(self, database: DesiredDatabase) -> None:
        """Enter a database, as its owner where that is possible."""
        owner, contents = database.owner, None
        if self._known(owner):
            login = self._login(owner)
            if login is None or owner.name in self.adopting:
                await self._prove(owner)
            else:
                contents = await self._visit_as_owner(database, login)
        if contents is None:
            await self._visit_as_admin(database)
        else:
            self._note(database, contents=contents)

    async def _visit_as_owner(self, database: DesiredDatabase, login: Login) -> Contents | None:
        """Prove the owner's password where it reads its database; None when it can't do that.

        Its other sessions may cancel this one, or end it.
        """
        try:
            async with self.instance.gate.open(login, database.name) as connection:
                self._judge(database.owner, LoginOutcome(connected=True))
                return await observe_contents(
                    connection, database, roles=self.managed, own=self._own(database)
                )
        except ServerError as error:
            if database.owner.login not in self.roles:
                outcome = LoginOutcome(False, error.sqlstate, error.message)
                if not self._judge(database.owner, outcome):
                    await self._prove(database.owner)  # as it is anywhere else
        return None

    async def _visit_as_admin(self, database: DesiredDatabase) -> None:
        instance = self.instance
        try:
            async with instance.gate.open(instance.admin, database.name) as connection:
                contents = await observe_contents(
                    connection,
                    database,
                    roles=self.managed,
                    own=self._own(database),
                    will_own=database.owner.name in self.adopting,
                )
        except ServerError as error:
            if error.sqlstate is None or error.sqlstate.startswith(_LOST):
                raise
            self._note(database, unread=error.message)
        else:
            self._note(database, contents=contents)

    async def _prove(self, wanted: DesiredRole) -> None:
        """Log in to the maintenance database, where an application need not have `CONNECT`."""
        if login := self._login(wanted):
            where = self.instance.inputs.maintenance_database
            self._judge(wanted, await try_login(self.instance.gate, login, where))
        elif wanted.auth is not Auth.IAM and not self.instance.inputs.desired.operated:
            # There is no password to prove.
            self.roles[wanted.login] = replace(
                self.shared.roles[wanted.login],
                password_note="its secret could not be read",  # noqa: S106
            )

    def _judge(self, wanted: DesiredRole, outcome: LoginOutcome) -> bool:
        """Note what a login says of a password; return whether it says anything."""
        existing = self.shared.roles[wanted.login]
        state, note = judge(outcome, expired=existing.expired, rds_iam=existing.rds_iam)
        self.roles[wanted.login] = replace(existing, password=state, password_note=note)
        return state is not PasswordState.UNPROVEN

    def _note(
        self, database: DesiredDatabase, *, contents: Contents | None = None, unread: str = ""
    ) -> None:
        existing = self.shared.databases[database.name]
        self.databases[database.name] = replace(existing, contents=contents, unread=unread)

    def _own(self, database: DesiredDatabase) -> tuple[str, ...]:
        environment = self.instance.inputs.desired.environment
        second = second_login_of(database.owner, self.shared, environment)
        return (second.name,) if second is not None else ()

    def _login(self, role: DesiredRole) -> Login | None:
        return None if role.auth is Auth.IAM else self.instance.login(role)

    def _known(self, role: DesiredRole) -> bool:
        return role.login in self.shared.roles and (
            role.login in self.adopting
            or _ours(self.shared, self.instance.inputs.desired, role.login)
        )


def _ours(shared: Observed, desired: Desired, role: str) -> bool:
    existing = shared.roles.get(role)
    marker = existing.marker if existing else None
    return marker is not None and marker.environment == desired.environment


def _enterable(
    shared: Observed, desired: Desired, database: DesiredDatabase, adopting: Collection[str]
) -> bool:
    """Return whether a database is ours and can be expected to let the admin in."""
    if database.owner.name in adopting:
        there = shared.databases.get(database.name)
        return there is not None and there.allow_connections
    existing = shared.databases.get(database.name)
    return (
        existing is not None
        and existing.owner == database.owner.name
        and existing.allow_connections
        and _ours(shared, desired, database.owner.name)
    )
