"""`pgtenant request list` and `show`: entries, with what the catalog of resources says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgtenant.catalog.model import Entry
from pgtenant.catalog.shown import plain
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.requests.records import records
from pgtenant.requests.routing import Routing, route, route_of
from pgtenant.settings import Settings
from pgtenant.usecases.environments import all_environments
from pgtenant.usecases.request.declared import declared, secret_of
from pgtenant.usecases.request.kept import kept


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry, a record, or both.

    Attributes:
        entry: None for a record whose entry is not in the catalog.
        record: what the catalog of resources says, by `section.name`; empty when it says nothing.
    """

    environment: str
    key: str
    entry: Entry | None
    record: Mapping[str, str]

    @property
    def status(self) -> str:
        """Where it is, or that nobody has recorded it."""
        return self.record.get("metadata.status", "unrecorded")


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry, with what else there is to know of it.

    Attributes:
        secret: the name of its secret.
        routing: who would have to approve it.
    """

    listed: Listed
    secret: str
    routing: Routing


def all_records(settings: Settings) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return what the catalog of resources says, by environment and key.

    Raises:
        UsageError: it can't be read.
    """
    return kept(settings, settings.root / settings.requests.catalog).asked(records)


def listed(settings: Settings, environment: str | None) -> tuple[Listed, ...]:
    """Return everything of one environment, or of all, by environment and key.

    Raises:
        CatalogError: a catalog is not valid.
        UsageError: a file can't be read.
    """
    known = all_records(settings)
    environments = all_environments(settings) if environment is None else (environment,)
    return tuple(one for env in environments for one in _listed(settings, env, known.get(env, {})))


def _listed(
    settings: Settings, environment: str, recorded: Mapping[str, Mapping[str, str]]
) -> Iterator[Listed]:
    entries = declared(settings, environment).written
    for key in sorted({*entries, *recorded}):
        yield Listed(environment, key, entries.get(key), recorded.get(key, {}))


def shown(settings: Settings, environment: str, key: str) -> Shown:
    """Return one entry.

    Raises:
        CatalogError: the catalog is not valid.
        UsageError: there is no such entry, or a file can't be read.
    """
    found = next((one for one in listed(settings, environment) if one.key == key), None)
    if found is None:
        raise UsageError(
            f"there is no {plain(key)} in {environment}",
            hint=f"`pgtenant request list -e {environment}` shows what there is",
            code=Code.UNKNOWN_REQUEST,
        )
    entry = found.entry
    return Shown(
        found,
        found.record.get("configuration.secret_path", "")
        if entry is None
        else secret_of(settings, environment, entry),
        route(
            settings.requests,
            environment,
            found.record.get("metadata.risk"),
            found.record.get("configuration.size"),
        )
        if entry is None
        else route_of(settings.requests, environment, entry),
    )
