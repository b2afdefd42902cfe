"""The delegated admin's own secret: found, made up, stored."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from pgtenant.codes import Code
from pgtenant.errors import MissingSecretError, SecretError
from pgtenant.rotation.passwords import new_password
from pgtenant.secrets.credentials import Credentials, parse
from pgtenant.secrets.secret import Secret
from pgtenant.secrets.store import SecretStore
from pgtenant.settings.model import Settings, check_environment
from pgtenant.settings.templates import expand


@dataclass(frozen=True, slots=True)
class DelegateSecret:
    """What the store holds for the delegated admin, or will.

    Attributes:
        name: in the store.
        password: the stored one, or a new one.
        stored: whether that password was stored before.
        text: what to write, or None when the stored secret is right.
    """

    name: str
    password: Secret
    stored: bool
    store: SecretStore = field(repr=False)
    text: str | None = field(repr=False)

    @property
    def to_write(self) -> bool:
        """Return whether the store has to change."""
        return self.text is not None

    async def write(self) -> None:
        """Store it.

        Raises:
            SecretError: it could not be stored.
        """
        if self.text is not None:
            await self.store.put(self.name, self.text)

    async def read_again(self, role: str, master: Credentials) -> DelegateSecret:
        """Return what the store holds now: a rotation may have ended since.

        Raises:
            SecretError: see `find_secret`.
        """
        return await find_secret(self.store, self.name, role, master)


def delegated_secret(settings: Settings, environment: str) -> str:
    """Return the name of the delegated admin's secret."""
    return expand(settings.secrets.delegated, {"env": check_environment(environment)})


def secret_of_master(settings: Settings, environment: str) -> str:
    """Return the name of the master's secret: the admin's, unless that is the delegated one."""
    admin = settings.admin_secret(environment)
    if admin != delegated_secret(settings, environment):
        return admin
    return expand(settings.secrets.master, {"env": environment})


async def find_secret(
    store: SecretStore, name: str, role: str, master: Credentials
) -> DelegateSecret:
    """Read the delegated admin's secret, or make one up; nothing is written yet.

    A stored password is kept. Host, port and database are the master's: where the stored ones
    are others (the instance was restored elsewhere), the secret is written again.

    Raises:
        SecretError: it can't be read, is no secret, or is another role's.
    """
    found = (await store.fetch([name]))[name]
    if isinstance(found, MissingSecretError):
        password = new_password()
        made_up = _document({}, role, password, master)
        return DelegateSecret(name, Secret(password), stored=False, store=store, text=made_up)
    if isinstance(found, SecretError):
        raise found
    credentials = parse(name, found, expected_username=None)
    if credentials.username != role:
        raise SecretError(
            f"secret {name}: field 'username' is not {role!r}",
            hint="an environment has one delegated admin: name with --role the one that this secret"
            f" is for, or move the secret away to have {role} made",
            code=Code.SECRET_OF_ANOTHER,
        )
    there = (credentials.host, credentials.port, credentials.dbname)
    right = there == (master.host, master.port, master.dbname)
    password = credentials.password.reveal()
    text = None if right else _document(json.loads(found), role, password, master)
    return DelegateSecret(name, credentials.password, stored=True, store=store, text=text)


def _document(before: dict[str, object], role: str, password: str, master: Credentials) -> str:
    # A URI would name the old host, and `database` is another word for `dbname`.
    kept = {
        key: value for key, value in before.items() if key not in {"connection_uri", "database"}
    }
    return json.dumps(
        kept
        | {
            "username": role,
            "password": password,
            "host": master.host,
            "port": master.port,
            "dbname": master.dbname,
        }
    )
