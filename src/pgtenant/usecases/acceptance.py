"""`pgtenant verify instance`: the criteria, of AWS, of the live server, and by logging in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.model import Auth
from pgtenant.catalog.model import Entry as Declared
from pgtenant.codes import Code
from pgtenant.errors import SecretError, ServerError
from pgtenant.postgres.acceptance import Standing, read_server, read_standing, try_row_security
from pgtenant.postgres.connect import Gate, Login
from pgtenant.postgres.reach import answered, place
from pgtenant.postgres.uris import compare_uri
from pgtenant.rds import Place, describe, place_of
from pgtenant.secrets.credentials import Credentials, connection_uri, parse
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.look import connected, endpoint_of
from pgtenant.usecases.tenants.look import isolation_of
from pgtenant.verify.acceptance import Asked, Check, judged
from pgtenant.verify.acceptance.expected import Expected
from pgtenant.verify.acceptance.found import Entry, Outside, RdsInstance, Unknown, Uri

_REFUSED: Final = frozenset({"28P01", "28000", "3D000", "42501", "55000"})
"""A server that answers so has refused this login; others had no time or no room for it."""

_NOT_NAMED: Final = Unknown(
    "which instance it is in AWS is not known: name it with --rds, or in [acceptance] instance"
)
_LEFT_OUT: Final = Unknown("AWS was not asked", left_out=True)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an acceptance is asked to do.

    Attributes:
        rds: the identifier of the instance in AWS; None for the settings' or the host's.
        only_server: whether AWS is not asked.
        outside: hosts and ports that must not answer.
        token: makes the name of what is made and rolled back again.
    """

    rds: str | None
    only_server: bool
    outside: Sequence[tuple[str, int]]
    token: str


def is_wanted(inputs: Inputs, wanted: Wanted) -> bool:
    """Return whether the criteria are asked for: by somebody, or by an entry with tenants."""
    named = inputs.settings.acceptance.instance is not None
    asked = wanted.rds is not None or wanted.only_server or bool(wanted.outside)
    return asked or named or bool(_entries(inputs))


async def accept(inputs: Inputs, wanted: Wanted) -> tuple[Check, ...]:
    """Ask everything, and judge it. Nothing is changed, and no lock taken.

    Raises:
        ServerError: the instance could not be read.
    """
    entries = _entries(inputs)
    environment = inputs.environment
    async with connected(inputs) as instance:
        admin = inputs.admin
        named = place_of(admin.host)
        server = await read_server(
            instance.primary,
            place(admin.host, admin.port),
            instance=None if named is None else named.identifier,
        )
        pairs = [(entry.username, entry.database_name) for entry in entries]
        standing = await read_standing(instance.primary, pairs)
        timeout = inputs.settings.server.connect_timeout
        rds, outside, texts = await asyncio.gather(
            _rds(inputs, wanted),
            asyncio.gather(*(_outside(host, port, timeout) for host, port in wanted.outside)),
            _texts(inputs, entries),
        )
        found = [
            await _entry(inputs, entry, standing[pair], texts, wanted.token)
            for entry, pair in zip(entries, pairs, strict=True)
        ]
    production = inputs.settings.is_production(environment)
    expected = Expected(inputs.settings.instance_class(environment), production)
    return judged(Asked(expected, rds, server, tuple(found), tuple(outside)))


def _entries(inputs: Inputs) -> list[Declared]:
    return [entry for entry in inputs.catalog.entries if entry.tenancy is not None]


async def _rds(inputs: Inputs, wanted: Wanted) -> RdsInstance | Unknown:
    if wanted.only_server:
        return _LEFT_OUT
    found = place_of(inputs.admin.host)
    name = wanted.rds or inputs.settings.acceptance.instance_of(inputs.environment)
    if name is not None:
        found = Place(name, found.region if found is not None else None)
    return _NOT_NAMED if found is None else await describe(found)


async def _outside(host: str, port: int, timeout: float) -> Outside:  # noqa: ASYNC109
    said = await answered(host, port, timeout=timeout)
    return Outside(place(host, port), said.connected, said.text, unknown=said.unknown)


async def _texts(inputs: Inputs, entries: Sequence[Declared]) -> Mapping[str, str | SecretError]:
    source = inputs.source
    if source is None:
        return {}
    roles = inputs.desired.by_entry
    return await source.store.fetch([roles[entry.key].secret for entry in entries])


async def _entry(
    inputs: Inputs,
    entry: Declared,
    standing: Standing,
    texts: Mapping[str, str | SecretError],
    token: str,
) -> Entry:
    secret = inputs.desired.by_entry[entry.key].secret
    uri: Uri | Unknown | None
    login: Unknown | str | None
    capability: Unknown | str | None
    try:
        credentials, uri = _read(inputs, entry, secret, texts.get(secret))
    except SecretError as error:
        uri = login = capability = Unknown(error.message)
    else:
        login, capability = await _log_in(inputs, entry, credentials, token)
    return Entry(
        database=entry.database_name,
        role=entry.username,
        createdb=entry.createdb,
        owner=standing.owner,
        found=standing.role,
        secret=secret,
        uri=uri,
        login=login,
        capability=capability,
    )


def _read(
    inputs: Inputs, entry: Declared, name: str, text: str | SecretError | None
) -> tuple[Credentials, Uri | None]:
    if isinstance(text, SecretError):
        raise text
    if text is None or entry.auth is Auth.IAM:
        raise SecretError(
            f"{entry.key} logs in with IAM tokens: its secret holds no password",
            code=Code.SECRET_CONTENT,
        )
    logins = inputs.catalog.logins_of(entry)
    credentials = parse(name, text, expected_username=entry.username, logins=logins)
    uri = connection_uri(name, text)
    if uri is None:
        return credentials, None
    fields = {
        "user": credentials.username,
        "password": credentials.password.reveal(),
        "host": credentials.host,
        "port": str(credentials.port),
        "dbname": entry.database_name,
    }
    return credentials, compare_uri(uri.reveal(), fields)


async def _log_in(
    inputs: Inputs, entry: Declared, credentials: Credentials, token: str
) -> tuple[Unknown | str | None, Unknown | str | None]:
    """Return why the login of a secret does not work, and what row security did to its session."""
    endpoint = endpoint_of(inputs.settings.server, credentials.host, credentials.port)
    gate = Gate.of(endpoint, 1)
    acts_as = "" if credentials.username == entry.username else entry.username
    login = Login(credentials.username, credentials.password.reveal(), acts_as=acts_as)
    try:
        async with gate.open(login, entry.database_name) as session:
            return None, await try_row_security(session, isolation_of(entry), _schema(token))
    except ServerError as error:
        said = error.message
        refused: Unknown | str = said if error.sqlstate in _REFUSED else Unknown(said)
        return refused, Unknown(f"{entry.username} could not log in: {said}")
    finally:
        gate.threads.shutdown(wait=False)


def _schema(token: str) -> str:
    return f"pgtenant_acceptance_{token}"
