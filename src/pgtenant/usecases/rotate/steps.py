"""The four steps of one rotation, each by itself: the function in AWS takes one a call.

The window in which the server and the secret's current version disagree, where both are about one
login, is `set_password`, `prove` and the store's `promote`. What can be computed is computed
before.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import MissingSecretError, PgtenantError, SecretError, ServerError
from pgtenant.planning.changes import UpdatePassword
from pgtenant.planning.logins import judge
from pgtenant.planning.observed import PasswordState
from pgtenant.planning.sql.render import render
from pgtenant.postgres import scram
from pgtenant.postgres.connect import Keys, Login
from pgtenant.postgres.execute import Proviso, run
from pgtenant.postgres.probe import try_login
from pgtenant.rotation.document import renewed
from pgtenant.rotation.logins import other_login
from pgtenant.rotation.passwords import new_password
from pgtenant.rotation.stages import CURRENT, PENDING, Version
from pgtenant.secrets.credentials import Credentials, parse
from pgtenant.secrets.secret import Secret
from pgtenant.secrets.versioned import VersionedStore
from pgtenant.usecases.look import Instance

_ATTEMPTS: Final = 3
_PAUSE: Final = 0.1
"""Seconds: a server, or a login, that has no room for one more session may have some soon."""


class UndecidedError(PgtenantError):
    """It is not known which version is in force."""

    code = Code.UNDECIDED


class UnusableError(SecretError):
    """The version that a call is about has a text that is no use, and can't get another one."""

    code = Code.UNFIT_VERSION


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose password is rotated.

    Attributes:
        entry: the key; empty for the admin.
        role: the first of its logins.
        secret: the name of its secret.
        alternate: whether the password goes to the login that the secret does not name now.
        logins: whom the secret may be for, where a catalog says so.
    """

    entry: str
    role: str
    secret: str
    alternate: bool = False
    logins: frozenset[str] | None = None

    def next_login(self, username: str) -> str:
        """Return which login the next password is for."""
        return other_login(username, self.role) if self.alternate else self.role


@dataclass(frozen=True, slots=True)
class Pair:
    """What a secret says, and what it is about to say.

    Attributes:
        resumed: whether an earlier rotation had made the pending version.
    """

    current: Version
    pending: Version
    old: Credentials
    new: Credentials
    resumed: bool = False

    @property
    def overlaps(self) -> bool:
        """Whether the current password goes on working, because it is another login's."""
        return self.old.username != self.new.username


@dataclass(frozen=True, slots=True)
class Verifiers:
    """What the server is to store for each password of a pair."""

    new: scram.Verifier
    old: scram.Verifier


def credentials_of(subject: Subject, text: str) -> Credentials:
    """Read the text of one version of a secret.

    Raises:
        SecretError: it is no such text, or it is for none of the subject's logins.
    """
    return parse(subject.secret, text, expected_username=subject.role, logins=subject.logins)


async def create(
    store: VersionedStore,
    subject: Subject,
    current: Version,
    pending: Version | None,
    token: str,
) -> Pair:
    """Make a new password and store it as the pending version (createSecret).

    Args:
        store: of the secret.
        subject: whose.
        current: the version that is in use.
        pending: what an earlier attempt has made: it is kept where it can be used.
        token: the id of the new version.

    Raises:
        UnusableError: the pending version is the token's own, and was made for something else.
        SecretError: a version can't be read or written, or a field of it can't be renewed.
    """
    text = await store.text(subject.secret, current, CURRENT)
    old = credentials_of(subject, text)
    username = subject.next_login(old.username)
    earlier = await _text_of(store, subject, pending)
    if pending is not None and earlier is not None:
        new = _usable(subject, earlier, replace(old, username=username))
        if new is not None:
            return Pair(current, pending, old, new, resumed=True)
        if pending.id == token:
            raise UnusableError(
                f"secret {subject.secret}: its version {PENDING} is for another login, server or"
                " database than it is now about"
            )
    password = new_password()
    proposed = renewed(subject.secret, text, password, username=username)
    made = await store.propose(subject.secret, token, proposed)
    return Pair(current, made, old, replace(old, username=username, password=Secret(password)))


async def _text_of(store: VersionedStore, subject: Subject, pending: Version | None) -> str | None:
    if pending is None:
        return None
    try:
        return await store.text(subject.secret, pending, PENDING)
    except MissingSecretError:
        return None


def _usable(subject: Subject, text: str, wanted: Credentials) -> Credentials | None:
    """Return what a pending version says, if it differs from `wanted` in its password alone."""
    try:
        found = credentials_of(subject, text)
    except SecretError:
        return None
    same_password = found.password == wanted.password
    return None if same_password or replace(found, password=wanted.password) != wanted else found


async def verifiers(instance: Instance, pair: Pair) -> Verifiers:
    """Compute what the server is to store, without keeping others waiting."""

    def compute() -> Verifiers:
        new, old = (
            scram.verifier(instance.primary, one.username, one.password.reveal())
            for one in (pair.new, pair.old)
        )
        return Verifiers(new=new, old=old)

    return await asyncio.to_thread(compute)


def change_of(subject: Subject, username: str) -> UpdatePassword:
    """Return the change that sets the password of one of a subject's logins."""
    return UpdatePassword(entry=subject.entry, role=username, secret=subject.secret)


async def set_password(
    instance: Instance,
    change: UpdatePassword,
    verifier: scram.Verifier,
    *,
    proviso: Proviso | None = None,
) -> None:
    """Set a password as the admin (setSecret); nothing is logged in with it yet.

    Raises:
        ServerError: it was not set, or see `execute.run`.
    """
    await run(
        instance.primary,
        render(change, lambda _role, _secret: verifier.literal),
        transactional=True,
        doing=f"setting the password of {change.role}",
        proviso=proviso,
    )


async def took_place(store: VersionedStore, secret: str, pair: Pair, error: PgtenantError) -> bool:
    """Find out what became of a promotion that ended with an error (finishSecret).

    An answer may be lost on its way. Whoever took the password back then would leave everybody
    with one that the server refuses.

    Args:
        store: of the secret.
        secret: its name.
        pair: what was to change places.
        error: what the store said.

    Returns:
        Whether the new version is current; otherwise the one before it still is.

    Raises:
        UndecidedError: neither is, or nobody can say: nothing may be taken back.
    """
    try:
        current = (await store.versions(secret)).current
    except PgtenantError as second:
        raise UndecidedError(
            f"{error.message}; whether the new version is current all the same can't be found out:"
            f" {second.message}. The server has its password, and nothing was taken back",
            hint="run again: the next rotation of it finishes or replaces this one",
        ) from None
    if current is not None and current.id in {pair.pending.id, pair.current.id}:
        return current.id == pair.pending.id
    raise UndecidedError(
        f"{error.message}; another version has become current, and nothing was taken back",
        hint="run again: the next rotation of it finishes or replaces this one",
    )


async def prove(instance: Instance, credentials: Credentials, keys: Keys | None) -> None:
    """Log in with a password that was set (testSecret).

    Args:
        instance: where.
        credentials: whose, and to which database.
        keys: of the verifier that was set, where that is known.

    Raises:
        ServerError: the server refuses it, or it could not be proven after some attempts.
    """
    login = Login(credentials.username, credentials.password.reveal(), keys)
    note = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            await asyncio.sleep(_PAUSE)
        outcome = await try_login(instance.gate, login, credentials.dbname)
        state, note = judge(outcome, expired=False)
        if state is PasswordState.CURRENT:
            return
        if state is PasswordState.WRONG:
            raise ServerError(
                f"the server refuses the password of {credentials.username} that was just set",
                hint="does something else set it too? Run again",
                sqlstate="28P01",
                code=Code.UNPROVEN_PASSWORD,
            )
    raise ServerError(
        f"the new password of {credentials.username} could not be proven by a login: {note}",
        hint="mend what refuses the login, then run again",
        code=Code.UNPROVEN_PASSWORD,
    )
