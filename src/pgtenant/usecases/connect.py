"""`pgtenant connect`: what psql needs to log in as an entry."""

from __future__ import annotations

from pgtenant.catalog.model import Auth, Entry
from pgtenant.errors import SecretError
from pgtenant.postgres.connect import Endpoint, Login
from pgtenant.secrets.credentials import Credentials, parse
from pgtenant.secrets.iam import IamTokens
from pgtenant.secrets.store import open_store
from pgtenant.settings.model import Settings
from pgtenant.usecases.inputs import load_catalog
from pgtenant.usecases.look import endpoint_of


async def session_of(settings: Settings, environment: str, key: str) -> tuple[Endpoint, Login, str]:
    """Return where an entry's application logs in, how, and to which database.

    The secret says all of it, as it does to the application; the admin's is not read.

    Raises:
        CatalogError: the catalog is missing or wrong.
        UsageError: it has no such entry.
        SecretError: the entry's secret is missing or bad, or no IAM token can be made.
    """
    catalog = load_catalog(settings, environment, [key])
    entry = next(entry for entry in catalog.entries if entry.key == key)
    found = await _credentials(settings, environment, entry, catalog.logins_of(entry))
    password = found.password
    if entry.auth is Auth.IAM:
        password = await IamTokens(found.host, found.port).token(found.username)
    endpoint = endpoint_of(settings.server, found.host, found.port)
    return endpoint, Login(found.username, password.reveal()), found.dbname


async def _credentials(
    settings: Settings, environment: str, entry: Entry, logins: frozenset[str]
) -> Credentials:
    store = open_store(
        settings.secrets.store, directory=settings.secrets.directory, project=settings.root
    )
    name = entry.secret or settings.app_secret(environment, entry.key)
    text = (await store.fetch([name]))[name]
    if isinstance(text, SecretError):
        raise text
    return parse(
        name,
        text,
        expected_username=entry.username,
        logins=logins,
        passwordless=entry.auth is Auth.IAM,
    )
