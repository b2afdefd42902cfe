"""Which secrets a rotation takes, and why it leaves the others alone."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from pgtenant.catalog.model import Auth, Entry, Rotation
from pgtenant.catalog.naming import second_login
from pgtenant.errors import PgtenantError, SecretError
from pgtenant.gitops.refresh import OVERLAP
from pgtenant.planning.changes import UpdatePassword
from pgtenant.planning.observed import Observed, Role
from pgtenant.rotation.document import renewed
from pgtenant.rotation.due import Due, days_of
from pgtenant.rotation.passwords import new_password
from pgtenant.rotation.stages import CURRENT, Versions
from pgtenant.rotation.steps import Refused, Resume, Start, begin
from pgtenant.rotation.view import Rotated, State
from pgtenant.secrets.versioned import VersionedStore
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.rotate.steps import Subject, change_of, credentials_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """One secret, before anything is done.

    Attributes:
        begun: what its versions ask for; None where nothing is to be done.
        token: the id of the version that it gets, unless an earlier rotation made one.
        error: why it could not be read.
    """

    subject: Subject
    database: str
    shown: Rotated
    begun: Start | Resume | None = None
    token: str = ""
    error: PgtenantError | None = None

    @property
    def to_do(self) -> bool:
        """Whether it is to be rotated."""
        return self.begun is not None

    @property
    def change(self) -> UpdatePassword:
        """What the server is told."""
        return change_of(self.subject, self.shown.username)

    @property
    def version(self) -> str:
        """The id of the version that is expected to become current."""
        return self.begun.pending.id if isinstance(self.begun, Resume) else self.token


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses among an environment's secrets.

    Attributes:
        only_due: whether those that are not due are left alone.
        named: whether the user named each of them.
        now: tells the present moment; the run lock may be waited for before it matters.
    """

    inputs: Inputs
    store: VersionedStore
    only_due: bool
    named: bool
    now: Callable[[], datetime]

    async def entries(self, observed: Observed) -> Sequence[Candidate]:
        """Look at the selected entries, sorted by key."""
        only = self.inputs.only
        chosen = [e for e in self.inputs.catalog.entries if only is None or e.key in only]
        return await asyncio.gather(*(self._entry(entry, observed) for entry in chosen))

    async def admin(self) -> Candidate:
        """Look at the admin's own secret."""
        admin = self.inputs.admin
        subject = Subject(entry="", role=admin.username, secret=admin.name)
        return await self._look(subject, "", None)

    async def _entry(self, entry: Entry, observed: Observed) -> Candidate:
        role = self.inputs.desired.by_entry[entry.key]
        subject = Subject(
            entry=entry.key,
            role=role.name,
            secret=role.secret,
            alternate=entry.rotation is Rotation.ALTERNATE,
            logins=self.inputs.catalog.logins_of(entry),
        )
        kept = self._left_alone(entry, subject, observed)
        if kept is not None:
            state, reason = kept
            shown = _shown(subject, state, reason)
            return Candidate(subject=subject, database=role.database, shown=shown)
        return await self._look(subject, role.database, entry.risk)

    def _left_alone(
        self, entry: Entry, subject: Subject, observed: Observed
    ) -> tuple[State, str] | None:
        """Return why an entry's password can't be rotated, by what the server shows."""
        if entry.auth is Auth.IAM:
            return State.NOTHING, "it logs in through IAM, without a password"
        role = observed.roles.get(subject.role)
        if role is None:
            state = State.BLOCKED if self.named else State.NOTHING
            return state, f"its role {subject.role} is not there yet: `pgtenant apply` makes it"
        wanted = [role]
        if subject.alternate:
            second = observed.roles.get(second_login(subject.role))
            if second is None:
                name = second_login(subject.role)
                return State.BLOCKED, (
                    f"its second login {name} is not there yet: `pgtenant apply` makes it"
                )
            wanted.append(second)
        for one in wanted:
            if problem := _problem(one, entry.key, self.inputs.environment):
                return State.BLOCKED, problem
        return None

    async def _look(self, subject: Subject, database: str, risk: str | None) -> Candidate:
        candidate = Candidate(
            subject=subject, database=database, shown=_shown(subject, State.TO_DO)
        )
        try:
            return await self._judged(candidate, risk)
        except SecretError as error:
            shown = replace(candidate.shown, state=State.FAILED, reason=error.message)
            return replace(candidate, shown=shown, error=error)

    async def _judged(self, candidate: Candidate, risk: str | None) -> Candidate:
        subject = candidate.subject
        versions = await self.store.versions(subject.secret)
        since = versions.current.created if versions.current is not None else None
        days = days_of(self.inputs.settings.rotation, risk)
        shown = replace(candidate.shown, due=Due(days=days, since=since, now=self.now()))
        begun = begin(versions)
        match begun:
            case Refused():
                reason = f"its secret {begun.reason}: {begun.hint}"
                shown = replace(shown, state=State.BLOCKED, reason=reason)
                return replace(candidate, shown=shown)
            case Start() if self.only_due and shown.due is not None and not shown.due.is_due:
                return replace(candidate, shown=replace(shown, state=State.NOT_DUE))
            case Start() | Resume():
                text = await self.store.text(subject.secret, begun.current, CURRENT)
                before = credentials_of(subject, text).username
                username = subject.next_login(before)
                hasty = username != before and _lately_replaced(versions, shown.due)
                shown = replace(shown, before=before, username=username, hasty=hasty)
                if problem := _unclear(subject, text, shown.username):
                    shown = replace(shown, state=State.BLOCKED, reason=problem)
                    return replace(candidate, shown=shown)
                return replace(candidate, shown=shown, begun=begun, token=str(uuid.uuid4()))
            case _:
                assert_never(begun)


def _unclear(subject: Subject, text: str, username: str) -> str:
    """Return why a secret's text can't be renewed; empty if it can."""
    try:
        renewed(subject.secret, text, new_password(), username=username)
    except SecretError as error:
        return f"{error.message}: {error.hint}"
    return ""


def _shown(subject: Subject, state: State, reason: str = "") -> Rotated:
    return Rotated(
        entry=subject.entry,
        username=subject.role,
        before=subject.role,
        secret=subject.secret,
        state=state,
        reason=reason,
    )


def _lately_replaced(versions: Versions, due: Due | None) -> bool:
    """Return whether the version before the current one may still be in use."""
    age = due.age if due is not None else None
    return versions.previous is not None and age is not None and age < OVERLAP


def _problem(role: Role, entry: str, environment: str) -> str:
    """Return why a role's password is not ours to set, or can't be proven; empty for neither."""
    mark = role.marker
    if mark is None or mark.environment != environment or mark.entry != entry:
        return (
            f"the role {role.name} exists and is not managed as this entry:"
            " `pgtenant adopt` says more"
        )
    if mark.retired is not None or not role.login:
        return f"the role {role.name} is out of service, and can't log in"
    if role.expired:
        return f"the role {role.name} has expired (VALID UNTIL): no login would prove a password"
    if role.rds_iam:
        return f"the role {role.name} is in rds_iam, where RDS refuses passwords"
    return ""
