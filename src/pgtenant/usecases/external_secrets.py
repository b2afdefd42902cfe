"""`pgtenant render external-secret`: from catalog and settings to manifests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pgtenant.catalog.model import Auth, Catalog, Entry
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.gitops.external_secret import SUFFIX, Target, external_secret
from pgtenant.gitops.manifest import checked_name, checked_namespace, name_of
from pgtenant.gitops.refresh import Refresh, refresh_of
from pgtenant.rotation.due import days_of
from pgtenant.settings.model import Settings
from pgtenant.usecases.inputs import load_catalog


@dataclass(frozen=True, slots=True)
class Asked:
    """What the manifests are asked to say; None leaves it to the entry."""

    keys: Sequence[str]
    namespace: str | None
    store: str
    kind: str
    refresh: str | None
    name: str | None
    version: Literal["v1", "v1beta1"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """The manifest of one entry.

    Attributes:
        refresh: how often the secret is read.
    """

    key: str
    manifest: dict[str, object]
    refresh: Refresh


def external_secrets(settings: Settings, environment: str, asked: Asked) -> list[Rendered]:
    """Return the manifests of entries, in the order in which they were asked for.

    Raises:
        CatalogError: the catalog is missing or wrong.
        UsageError: an entry is not there or has no password, or a name or interval does not fit.
    """
    catalog = load_catalog(settings, environment, asked.keys)
    keys = list(dict.fromkeys(asked.keys))
    if asked.name is not None and len(keys) > 1:
        raise UsageError(
            "--name is for one entry",
            hint="leave it out, or name one key",
            code=Code.KUBERNETES_NAME,
        )
    _check("--namespace", asked.namespace, checked_namespace)
    _check("--store", asked.store, checked_name)
    _check("--name", asked.name, checked_name)
    entries = {entry.key: entry for entry in catalog.entries}
    return [_rendered(settings, environment, asked, catalog, entries[key]) for key in keys]


def _rendered(
    settings: Settings, environment: str, asked: Asked, catalog: Catalog, entry: Entry
) -> Rendered:
    if entry.auth is Auth.IAM:
        raise UsageError(
            f"{entry.key} logs in with IAM tokens, so there is no password to bring into a pod",
            hint="give its pod a service account that may rds-db:connect",
            code=Code.KUBERNETES_NAME,
        )
    days = days_of(settings.rotation, entry.risk)
    try:
        refresh = refresh_of(entry.rotation, days, asked.refresh)
    except ValueError as error:
        raise UsageError(
            f"{entry.key}: --refresh {asked.refresh} {error}", code=Code.ARGUMENTS
        ) from None
    target = Target(
        name=asked.name or _name(catalog, entry),
        namespace=asked.namespace,
        store=asked.store,
        kind=asked.kind,
        version=asked.version,
        refresh=refresh.text,
        sslmode=settings.server.sslmode,
    )
    secret = entry.secret or settings.app_secret(environment, entry.key)
    return Rendered(entry.key, external_secret(entry, secret, target), refresh)


def _name(catalog: Catalog, entry: Entry) -> str:
    """Return the name that an entry's key gives, if no other entry's key gives the same."""
    try:
        name = name_of(entry.key, SUFFIX)
    except ValueError:
        raise UsageError(
            f"{entry.key} gives no name that Kubernetes takes",
            hint="give one with --name",
            code=Code.KUBERNETES_NAME,
        ) from None
    same = [o.key for o in catalog.entries if o.key != entry.key and _would_be(o.key) == name]
    if same:
        raise UsageError(
            f"{entry.key} and {same[0]} would both be {name} in Kubernetes",
            hint="give this one another name with --name",
            code=Code.KUBERNETES_NAME,
        )
    return name


def _would_be(key: str) -> str | None:
    try:
        return name_of(key, SUFFIX)
    except ValueError:
        return None


def _check(flag: str, value: str | None, check: Callable[[str], str]) -> None:
    if value is None:
        return
    try:
        check(value)
    except ValueError as error:
        raise UsageError(f"{flag} {value[:100]!r} {error}", code=Code.ARGUMENTS) from None
