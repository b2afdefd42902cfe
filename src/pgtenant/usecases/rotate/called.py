"""Rotations that Secrets Manager drives: one step a call, with nothing kept in between.

There is no catalog where this runs. Whose password a secret holds is asked of the server: the
marker of the role says which entry it is, and only who has `CREATEROLE` can write that. Whoever can
write an application's secret could name any role in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import SecretError
from pgtenant.secrets.credentials import Credentials, parse
from pgtenant.secrets.store import SecretStore
from pgtenant.secrets.versioned import VersionedStore
from pgtenant.settings.model import Settings
from pgtenant.usecases.inputs import of_instance
from pgtenant.usecases.look import connected
from pgtenant.usecases.rotate.call import Call, name_of
from pgtenant.usecases.rotate.one_step import CURRENT_ALREADY, OneStep, look

ADMIN: Final = "PGTENANT_SECRETS_ADMIN"


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the secrets are: their current texts, and their versions."""

    texts: SecretStore
    versions: VersionedStore

    @classmethod
    def in_aws(cls) -> Stores:
        """Return Secrets Manager, with one client for both.

        Raises:
            MissingExtraError: boto3 is not installed.
        """
        from pgtenant.secrets.aws import AwsStore
        from pgtenant.secrets.aws_versions import AwsVersions

        texts = AwsStore()
        return cls(texts, AwsVersions(texts.client))


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
    found = await look(call, stores.versions)
    if found is None:
        return CURRENT_ALREADY
    admin = await _admin(call, settings, stores.texts, environ, found.text)
    async with connected(of_instance(settings, call.environment, admin)) as instance:
        return await OneStep(call, settings, stores.versions, instance, found).take()


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
            code=Code.SECRET_OF_ANOTHER,
        )
    name = configured if environ.get(ADMIN) or not named else named
    found = (await store.fetch([name]))[name]
    if isinstance(found, SecretError):
        raise found
    return parse(name, found, expected_username=None)


def _master_of(text: str) -> str:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return ""  # whoever reads the credentials says so
    named = document.get("masterarn") if isinstance(document, dict) else None
    return named if isinstance(named, str) else ""
