"""What a run as the master works with: no catalog entries, no passwords but its own."""

from __future__ import annotations

from pgtenant.codes import Code
from pgtenant.errors import SecretError, UsageError
from pgtenant.secrets.credentials import parse
from pgtenant.secrets.store import SecretStore
from pgtenant.settings.model import Settings
from pgtenant.usecases.inputs import Inputs, load_catalog, of_instance


async def master_inputs(
    settings: Settings, environment: str, store: SecretStore, secret: str, delegate: str
) -> Inputs:
    """Read the master's secret, and the catalog where there is one: its names are taken.

    Raises:
        CatalogError: there is a catalog, and it is wrong.
        SecretError: the master's secret is missing or bad.
        UsageError: the delegated admin's name is an entry's, or the master's.
    """
    if settings.catalog_path(environment).exists():
        for entry in load_catalog(settings, environment, ()).entries:
            if entry.username == delegate:
                raise UsageError(
                    f"{delegate} is the role of the entry {entry.key}",
                    hint="choose another name for the delegated admin with --role",
                    code=Code.ARGUMENTS,
                )
    found = (await store.fetch([secret]))[secret]
    if isinstance(found, SecretError):
        raise found
    admin = parse(secret, found, expected_username=None)
    if admin.username == delegate:
        raise UsageError(
            f"the secret {secret} is {delegate}'s own, not the master's",
            hint="name the master's with --master-secret",
            code=Code.SECRET_OF_ANOTHER,
        )
    return of_instance(settings, environment, admin)
