"""One step of a rotation that Secrets Manager drives.

What sets or promotes has the run lock meanwhile, and goes by the versions as they are then: an
`apply` that looks before one step and acts after the next would set a former password.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from pgtenant.codes import Code
from pgtenant.errors import MissingSecretError, PgtenantError, SecretError
from pgtenant.planning.logins import judge
from pgtenant.planning.observed import Observed, PasswordState
from pgtenant.postgres.connect import Login
from pgtenant.postgres.lock import take_run_lock
from pgtenant.postgres.observe import observe_instance
from pgtenant.postgres.probe import try_login
from pgtenant.rotation.stages import CURRENT, PENDING, Version
from pgtenant.rotation.steps import Finished, Refused, Step, Take, called
from pgtenant.secrets.credentials import Credentials, parse
from pgtenant.secrets.versioned import VersionedStore
from pgtenant.settings.model import Settings
from pgtenant.usecases.look import Instance
from pgtenant.usecases.rotate.call import Call
from pgtenant.usecases.rotate.memory import new_memory, remember
from pgtenant.usecases.rotate.steps import (
    Pair,
    Subject,
    UndecidedError,
    UnusableError,
    change_of,
    create,
    prove,
    set_password,
    took_place,
    verifiers,
)
from pgtenant.usecases.rotate.whose import subject_of

CURRENT_ALREADY: Final = "the version is current already"
_ANEW: Final = f"take the label {PENDING} off that version, then start the rotation anew"


@dataclass(frozen=True, slots=True)
class Found:
    """The versions that a step is about.

    Attributes:
        text: the current version's.
    """

    current: Version
    pending: Version
    text: str = field(repr=False)


async def look(call: Call, store: VersionedStore) -> Found | None:
    """Read the versions that a step is about; None where the new one is current already.

    Raises:
        SecretError: it was refused, or can't be read.
    """
    versions = await store.versions(call.secret)
    decision = called(versions, call.token, call.step)
    match decision:
        case Refused():
            raise SecretError(
                f"secret {call.name} {decision.reason}", hint=decision.hint, code=Code.NOT_ROTATED
            )
        case Finished():
            # As long as the label is there, a rotation may seem to be under way.
            await store.withdraw(call.secret, decision.version)
            return None
        case Take():
            pass
        case _:
            assert_never(decision)
    current = versions.current
    if current is None:
        msg = "a call for a secret without a current version was not refused"
        raise AssertionError(msg)
    text = await store.text(call.secret, current, CURRENT)
    return Found(current, decision.version, text)


@dataclass(slots=True)
class OneStep:
    """One call, connected."""

    call: Call
    settings: Settings
    store: VersionedStore
    instance: Instance
    found: Found

    async def take(self) -> str:
        """Take the step; return what was done."""
        match self.call.step:
            case Step.CREATE:
                return await self._create()
            case Step.SET:
                return await self._set() if await self._locked() else CURRENT_ALREADY
            case Step.TEST:
                return await self._test()
            case Step.FINISH:
                return await self._finish()
            case _:
                assert_never(self.call.step)

    async def _locked(self) -> bool:
        """Take the run lock, and look at the versions again: whoever held it may have set them.

        Returns:
            Whether there is still something to do.

        Raises:
            LockHeldError: a run held it all the time.
        """
        await take_run_lock(self.instance.primary, wait=self.settings.server.lock_timeout)
        found = await look(self.call, self.store)
        if found is not None:
            self.found = found
        return found is not None

    async def _create(self) -> str:
        subject, found = await self._subject(), self.found
        try:
            pair = await create(self.store, subject, found.current, found.pending, self.call.token)
        except UnusableError as error:
            # Its text can't be another one, and as long as it is pending nothing else can be.
            await self.store.withdraw(self.call.secret, found.pending)
            raise SecretError(
                f"{error.message}: {PENDING} was taken off it",
                hint="start the rotation anew",
                code=Code.UNFIT_VERSION,
            ) from None
        return "an earlier call made the password" if pair.resumed else "made a password"

    async def _set(self) -> str:
        subject, pair = await self._subject(), await self._pair()
        username = pair.new.username
        if username not in {subject.role, subject.next_login(pair.old.username)}:
            raise SecretError(
                f"secret {self.call.name}: its version {PENDING} is not for {subject.role}",
                hint=_ANEW,
                code=Code.UNFIT_VERSION,
            )
        if await self._logs_in(pair.new):
            return f"the password of {username} is set already"
        both = await verifiers(self.instance, pair)
        async with self._undone(pair):
            await set_password(self.instance, change_of(subject, username), both.new)
        return f"set the password of {username}"

    async def _test(self) -> str:
        try:
            pair = await self._pair()
        except MissingSecretError:
            return await self._try_out()
        if pair.new == pair.old:
            return await self._try_out()
        async with self._undone(pair):
            await prove(self.instance, pair.new, None)
        return f"{pair.new.username} logs in with the new password"

    async def _try_out(self) -> str:
        """Answer the call that comes when rotation is switched on, to be done later.

        The role may not be there yet: pgtenant makes it when Terraform has made the secret.
        https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
        """
        if await self._logs_in(self._credentials(self.found.text)):
            return "a trial: the current password logs in"
        return "a trial: the server can be reached, and the current password does not log in yet"

    async def _finish(self) -> str:
        async with self._undone(await self._pair()):
            if not await self._locked():
                return CURRENT_ALREADY
            pair = await self._pair()
            # Whatever else sets passwords may have done so since testSecret.
            await prove(self.instance, pair.new, None)
            try:
                await self.store.promote(self.call.secret, pair.pending, pair.current)
            except PgtenantError as error:
                if not await took_place(self.store, self.call.secret, pair, error):
                    raise
        await self.store.withdraw(self.call.secret, pair.pending)
        with suppress(PgtenantError):  # then the next `apply` does it
            await self._remember()
        return f"the password of {pair.new.username} is current"

    async def _remember(self) -> None:
        """Let the marker name the version that was proven."""
        observed = await self._observed()
        change = new_memory(observed.roles.get(self._of(observed).role), self.found.pending.id)
        if change is not None:
            await remember(self.instance, change)

    async def _pair(self) -> Pair:
        """Return what the two versions say, which may differ in user and password alone.

        Raises:
            MissingSecretError: the pending version has no text.
            SecretError: one of them is no credentials, or they are for two servers.
        """
        found = self.found
        text = await self.store.text(self.call.secret, found.pending, PENDING)
        old, new = self._credentials(found.text), self._credentials(text)
        if replace(new, username=old.username, password=old.password) != old:
            raise SecretError(
                f"secret {self.call.name}: its version {PENDING} is for another server or database",
                hint=_ANEW,
                code=Code.UNFIT_VERSION,
            )
        return Pair(found.current, found.pending, old, new)

    def _credentials(self, text: str) -> Credentials:
        return parse(self.call.name, text, expected_username=None)

    async def _subject(self) -> Subject:
        return self._of(await self._observed())

    async def _observed(self) -> Observed:
        # Whoever is marked is among them.
        username = self._credentials(self.found.text).username
        return await observe_instance(self.instance.primary, roles=[username], extensions=())

    def _of(self, observed: Observed) -> Subject:
        return subject_of(
            observed.roles,
            self._credentials(self.found.text).username,
            secret=self.call.secret,
            name=self.call.name,
            environment=self.call.environment,
            settings=self.settings,
        )

    async def _logs_in(self, credentials: Credentials) -> bool:
        login = Login(credentials.username, credentials.password.reveal())
        outcome = await try_login(self.instance.gate, login, credentials.dbname)
        return judge(outcome, expired=False)[0] is PasswordState.CURRENT

    @asynccontextmanager
    async def _undone(self, pair: Pair) -> AsyncIterator[None]:
        """Give the login its current password back when the block fails: everybody still reads it.

        Secrets Manager tries again, but not at once.
        """
        try:
            yield
        except UndecidedError:
            raise
        except PgtenantError:
            if not pair.overlaps:
                with suppress(PgtenantError):  # the first error is the one to report
                    await self._take_back(pair)
            raise

    async def _take_back(self, pair: Pair) -> None:
        """Set the current password, as long as it is that one.

        Without the run lock: whoever holds it goes by the same version, but for a rotation by
        command, which may make the new one current at this moment.
        """
        if await self._current_id() != pair.current.id:
            return
        change = change_of(await self._subject(), pair.old.username)
        both = await verifiers(self.instance, pair)
        await set_password(self.instance, change, both.old)
        if await self._current_id() == pair.pending.id:
            await set_password(self.instance, change, both.new)

    async def _current_id(self) -> str:
        current = (await self.store.versions(self.call.secret)).current
        return "" if current is None else current.id
