"""Rotations that Secrets Manager drives: one step a call, with nothing kept in between.

There is no catalog where this runs. Whose password a secret holds is asked of the server: the
marker of the role says which entry it is, and only who has `CREATEROLE` can write that. Whoever can
write an application's secret could name any role in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Final, assert_never

from pgtenant.errors import (
    MissingSecretError,
    PgtenantError,
    SecretError,
    ServerError,
    SettingsError,
    UsageError,
)
from pgtenant.planning.logins import judge
from pgtenant.planning.observed import Observed, PasswordState
from pgtenant.postgres.connect import Login
from pgtenant.postgres.lock import take_run_lock
from pgtenant.postgres.observe import observe_instance
from pgtenant.postgres.probe import try_login
from pgtenant.rotation.stages import CURRENT, PENDING, Version
from pgtenant.rotation.steps import Finished, Refused, Step, Take, called
from pgtenant.secrets.credentials import Credentials, parse
from pgtenant.secrets.store import SecretStore
from pgtenant.secrets.versioned import VersionedStore
from pgtenant.settings.model import Settings, check_environment
from pgtenant.usecases.inputs import of_instance
from pgtenant.usecases.look import Instance, connected
from pgtenant.usecases.rotate.memory import new_memory, remember
from pgtenant.usecases.rotate.steps import (
    Pair,
    Subject,
    change_of,
    create,
    prove,
    set_password,
    verifiers,
)
from pgtenant.usecases.rotate.whose import subject_of

ENVIRONMENT: Final = "PGTENANT_ENVIRONMENT"
ADMIN: Final = "PGTENANT_SECRETS_ADMIN"

_ARN: Final = re.compile(r"arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:(.+)-[A-Za-z0-9]{6}")
_ANEW: Final = f"take the label {PENDING} off that version, then start the rotation anew"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{32,64}")


@dataclass(frozen=True, slots=True)
class Call:
    """What Secrets Manager asks for.

    Attributes:
        secret: its ARN, or its name.
        token: the id of the version that is to become current.
    """

    environment: str
    secret: str
    token: str
    step: Step

    @property
    def name(self) -> str:
        """The secret's name."""
        return name_of(self.secret)


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the secrets are: their current texts, and their versions."""

    texts: SecretStore
    versions: VersionedStore

    @classmethod
    def in_aws(cls) -> Stores:
        """Return Secrets Manager, with one client for both.

        Raises:
            SecretError: boto3 is not installed.
        """
        from pgtenant.secrets.aws import AwsStore
        from pgtenant.secrets.aws_versions import AwsVersions

        texts = AwsStore()
        return cls(texts, AwsVersions(texts.client))


def name_of(secret: str) -> str:
    """Return the name that an ARN ends in, before six characters of AWS's; a name stays."""
    found = _ARN.fullmatch(secret)
    return found[1] if found else secret


def read_call(event: Mapping[str, Any], environ: Mapping[str, str]) -> Call:
    """Read what the function was called with.

    Raises:
        SettingsError: the function was not told its environment.
        UsageError: it is no call of a rotation.
    """
    names = ("SecretId", "ClientRequestToken", "Step")
    given: dict[str, str] = {
        name: event[name] for name in names if isinstance(event.get(name), str) and event[name]
    }
    wrong = sorted({*names} - given.keys())
    if wrong:
        raise UsageError(
            f"the event lacks {', '.join(wrong)}", hint="Secrets Manager calls this function"
        )
    if given["Step"] not in {*Step}:
        raise UsageError(
            f"{given['Step'][:60]!r} is no step of a rotation",
            hint=f"it is one of {', '.join(Step)}",
        )
    if not _TOKEN.fullmatch(given["ClientRequestToken"]):
        raise UsageError(
            "the event's ClientRequestToken is not 32 to 64 letters, digits and hyphens"
        )
    environment = environ.get(ENVIRONMENT, "")
    if not environment:
        raise SettingsError(
            f"{ENVIRONMENT} is not set", hint="set it in the function's configuration"
        )
    return Call(
        environment=check_environment(environment),
        secret=given["SecretId"],
        token=given["ClientRequestToken"],
        step=Step(given["Step"]),
    )


async def answer(call: Call, settings: Settings, stores: Stores, environ: Mapping[str, str]) -> str:
    """Take the step that was called for.

    Args:
        call: which.
        settings: the function's.
        stores: where the secrets are.
        environ: whether it names the admin's secret decides if a secret's `masterarn` does.

    Returns:
        What was done, in words.

    Raises:
        PgtenantError: it was refused or failed.
    """
    versions = await stores.versions.versions(call.secret)
    decision = called(versions, call.token, call.step)
    match decision:
        case Refused():
            raise SecretError(f"secret {call.name} {decision.reason}", hint=decision.hint)
        case Finished():
            # As long as the label is there, a rotation may seem to be under way.
            await stores.versions.withdraw(call.secret, decision.version)
            return "the version is current already"
        case Take():
            pass
        case _:
            assert_never(decision)
    current = versions.current
    if current is None:
        msg = "a call for a secret without a current version was not refused"
        raise AssertionError(msg)
    text = await stores.versions.text(call.secret, current, CURRENT)
    admin = await _admin(call, settings, stores.texts, environ, text)
    async with connected(of_instance(settings, call.environment, admin)) as instance:
        step = _Step(call, settings, stores.versions, instance, current, decision.version, text)
        return await step.take()


async def _admin(
    call: Call, settings: Settings, store: SecretStore, environ: Mapping[str, str], text: str
) -> Credentials:
    """Read the admin's secret: the one of the configuration, or the one that the secret names.

    A secret that names another one than the configuration was not set up by whoever deployed the
    function.
    """
    named = _master_of(text)
    configured = settings.admin_secret(call.environment)
    if named and environ.get(ADMIN) and name_of(named) != name_of(configured):
        raise SecretError(
            f"secret {call.name}: field 'masterarn' names another secret than {ADMIN} does",
            hint=f"take the field out, or let it name {configured}",
        )
    name = configured if environ.get(ADMIN) or not named else named
    found = (await store.fetch([name]))[name]
    if isinstance(found, SecretError):
        raise found
    return parse(name, found, expected_username=None)


def _master_of(text: str) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        return ""  # whoever reads the credentials says so
    named = document.get("masterarn") if isinstance(document, dict) else None
    return named if isinstance(named, str) else ""


@dataclass(frozen=True, slots=True)
class _Step:
    """One call, connected.

    Attributes:
        text: the current version's.
    """

    call: Call
    settings: Settings
    store: VersionedStore
    instance: Instance
    current: Version
    pending: Version
    text: str

    async def take(self) -> str:
        """Take the step; return what was done."""
        match self.call.step:
            case Step.CREATE:
                return await self._create()
            case Step.SET:
                return await self._set(await self._subject(), await self._pair())
            case Step.TEST:
                return await self._test()
            case Step.FINISH:
                return await self._finish(await self._pair())
            case _:
                assert_never(self.call.step)

    async def _create(self) -> str:
        subject = await self._subject()
        pair = await create(self.store, subject, self.current, self.pending, self.call.token)
        return "an earlier call made the password" if pair.resumed else "made a password"

    async def _set(self, subject: Subject, pair: Pair) -> str:
        username = pair.new.username
        if username not in {subject.role, subject.next_login(pair.old.username)}:
            raise SecretError(
                f"secret {self.call.name}: its version {PENDING} is not for {subject.role}",
                hint=_ANEW,
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
        if await self._logs_in(self._credentials(self.text)):
            return "a trial: the current password logs in"
        return "a trial: the server can be reached, and the current password does not log in yet"

    async def _finish(self, pair: Pair) -> str:
        # Whatever else sets passwords may have done so since testSecret.
        await prove(self.instance, pair.new, None)
        await self.store.promote(self.call.secret, self.pending, self.current)
        await self.store.withdraw(self.call.secret, self.pending)
        with suppress(PgtenantError):  # then the next `apply` does it
            await self._remember()
        return f"the password of {pair.new.username} is current"

    async def _remember(self) -> None:
        """Let the marker name the version that was proven, unless a run is at the markers now."""
        await take_run_lock(self.instance.primary, wait=0)
        observed = await self._observed()
        change = new_memory(observed.roles.get(self._of(observed).role), self.pending.id)
        if change is not None:
            await remember(self.instance, change)

    async def _pair(self) -> Pair:
        """Return what the two versions say, which may differ in user and password alone.

        Raises:
            MissingSecretError: the pending version has no text.
            SecretError: one of them is no credentials, or they are for two servers.
        """
        text = await self.store.text(self.call.secret, self.pending, PENDING)
        old, new = self._credentials(self.text), self._credentials(text)
        if replace(new, username=old.username, password=old.password) != old:
            raise SecretError(
                f"secret {self.call.name}: its version {PENDING} is for another server or database",
                hint=_ANEW,
            )
        return Pair(self.current, self.pending, old, new)

    def _credentials(self, text: str) -> Credentials:
        return parse(self.call.name, text, expected_username=None)

    async def _subject(self) -> Subject:
        return self._of(await self._observed())

    async def _observed(self) -> Observed:
        # Whoever is marked is among them.
        username = self._credentials(self.text).username
        return await observe_instance(self.instance.primary, roles=[username], extensions=())

    def _of(self, observed: Observed) -> Subject:
        return subject_of(
            observed.roles,
            self._credentials(self.text).username,
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
        except ServerError:
            if not pair.overlaps:
                with suppress(PgtenantError):  # the first error is the one to report
                    change = change_of(await self._subject(), pair.old.username)
                    both = await verifiers(self.instance, pair)
                    await set_password(self.instance, change, both.old)
            raise
