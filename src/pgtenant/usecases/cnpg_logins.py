"""The credentials in a cluster's manifests: what is sealed, why, and with what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import SecretError, UsageError
from pgtenant.files import read_given
from pgtenant.gitops.cnpg.sealed import (
    Credentials,
    Sealed,
    keys_in,
    values_of,
    version_of,
    why_to_seal,
    with_credentials,
)
from pgtenant.gitops.cnpg.sealing import Seal, seal_of
from pgtenant.secrets.credentials import parse
from pgtenant.secrets.secret import Secret
from pgtenant.secrets.store import SecretStore
from pgtenant.settings.cnpg import OPTIONAL, CnpgSettings
from pgtenant.settings.model import Settings
from pgtenant.usecases.request.kept import Kept

PORT: Final = 5432


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials with their file as it is.

    Attributes:
        stored: their name in the store.
        dbname: the database they are for.
        wanted: what their manifest is to say.
        file: it.
        why: the reason to seal them; empty for none.
        version: of the secret that was sealed; empty when nobody noted it.
    """

    stored: str
    dbname: str
    wanted: Credentials
    file: Kept
    why: str
    version: str

    @classmethod
    def of(cls, stored: str, dbname: str, wanted: Credentials, file: Kept) -> Login:
        """Read what the file says.

        A key that the settings no longer ask for has the password in it as well, so it is sealed
        with the others as long as the file has it.

        Raises:
            UsageError: it can't be read, or is somebody else's.
        """
        there = file.asked(lambda text: keys_in(text, name=wanted.name, namespace=wanted.namespace))
        former = [one for one in OPTIONAL if one in there and one not in wanted.keys]
        whole = replace(wanted, keys=(*wanted.keys, *former))
        return cls(
            stored=stored,
            dbname=dbname,
            wanted=whole,
            file=file,
            why=file.asked(lambda text: why_to_seal(text, whole)),
            version=file.asked(lambda text: version_of(text, whole)),
        )

    def edited(self, new: Sealed | None) -> Callable[[str], str]:
        """Return what writes them into their file."""
        return lambda text: with_credentials(text, self.wanted, new)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What was read of the store, by the name in it.

    Attributes:
        passwords: of the credentials that are to be sealed.
        versions: empty texts where the store has none.
    """

    passwords: Mapping[str, Secret] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def fetched(
    logins: Iterable[Login], open_store: Callable[[], SecretStore], *, reseal: Collection[str]
) -> Secrets:
    """Read the secrets that are sealed, and those that were sealed in a version that is noted.

    Args:
        logins: the credentials.
        open_store: opens the store; not called when no secret is needed.
        reseal: those that are sealed again in any case, by the name in the store.

    Raises:
        SecretError: one can't be had.
    """
    wanted = [one for one in logins if one.why or one.version or one.stored in reseal]
    if not wanted:
        return Secrets()
    store = open_store()
    texts = asyncio.run(store.fetch(sorted({one.stored for one in wanted})))
    versions: dict[str, str] = {}
    for one in wanted:
        if isinstance(found := texts[one.stored], SecretError):
            raise found
        versions[one.stored] = store.version(one.stored)
    passwords = {}
    for one in to_seal(wanted, versions, reseal=reseal):
        text = str(texts[one.stored])
        user = one.wanted.username  # the operator has one login for a role
        credentials = parse(one.stored, text, expected_username=user, logins={user})
        passwords[one.stored] = credentials.password
    return Secrets(passwords, versions)


def to_seal(
    logins: Iterable[Login], versions: Mapping[str, str], *, reseal: Collection[str]
) -> Sequence[Login]:
    """Return the credentials that have to be sealed; all by the name in the store."""
    return [
        one
        for one in logins
        if one.why
        or one.stored in reseal
        or (one.version and versions.get(one.stored, "") != one.version)
    ]


def seal_for(settings: Settings, cnpg: CnpgSettings, now: datetime) -> Seal:
    """Return what seals for the cluster.

    Raises:
        UsageError: there is no certificate, or none that will do.
    """
    try:
        data = read_given(settings.root / cnpg.certificate)
    except OSError as error:
        raise UsageError(
            f"the sealing certificate {cnpg.certificate} can't be read: {error.strerror}",
            hint=f"kubeseal --fetch-cert > {cnpg.certificate}",
            code=Code.SEALING,
        ) from None
    return seal_of(data, path=cnpg.certificate, now=now, fingerprint=cnpg.certificate_sha256)


def sealed(seal: Seal | None, cnpg: CnpgSettings, one: Login, secrets: Secrets) -> Sealed:
    """Seal credentials.

    Raises:
        UsageError: their secret was not read: the first look at the file said something else.
    """
    password = secrets.passwords.get(one.stored)
    if seal is None or password is None:
        raise UsageError(
            f"{one.file.display} was changed at this moment",
            hint="run the command again",
            code=Code.MANIFEST,
        )
    plain = values_of(
        one.wanted.keys,
        username=one.wanted.username,
        password=password.reveal(),
        host=host_of(cnpg),
        port=PORT,
        dbname=one.dbname,
    )
    values = {key: seal.sealed(value, one.wanted.label) for key, value in plain.items()}
    return Sealed(values, secrets.versions.get(one.stored, ""))


def host_of(cnpg: CnpgSettings) -> str:
    """Return where the cluster's primary is found from within Kubernetes."""
    return f"{cnpg.cluster}-rw.{cnpg.namespace}.svc"
