"""Whose a secret is that somebody chose for an entry."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.catalog.model import Entry
from pgtenant.catalog.shown import plain
from pgtenant.errors import UsageError
from pgtenant.settings import Settings
from pgtenant.usecases.fleet import all_environments
from pgtenant.usecases.request.declared import declared, secret_of


def chosen_problems(
    settings: Settings, environment: str, entry: Entry
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the secret that somebody chose for an entry.

    Raises:
        CatalogError: the environment's catalog is not valid.
        UsageError: it can't be read.
    """
    if entry.secret is None:
        return
    if (found := _reserved(settings, environment, entry.secret)) is not None:
        yield "secret", found
    for one in declared(settings, environment).entries.values():
        if one.key != entry.key and secret_of(settings, environment, one) == entry.secret:
            yield "secret", f"{plain(entry.secret, 200)} is that of {one.key} already"


def _reserved(settings: Settings, environment: str, secret: str) -> str | None:
    """Return whose a secret is by its name, if it can't be that of an entry here.

    Args:
        settings: the project's.
        environment: the entry's.
        secret: the name that somebody chose for it.
    """
    try:
        known = {environment, *all_environments(settings)}
    except UsageError:  # the first request of a project that has nothing yet
        known = {environment}
    shown = plain(secret, 200)
    for one in sorted(known):
        if secret == settings.admin_secret(one):
            return f"{shown} is the admin's of {one}"
    ours = _secrets_of(settings, environment)
    for one in sorted(known - {environment}):
        theirs = _secrets_of(settings, one)
        if secret.startswith(theirs) and not ours.startswith(theirs):
            return f"{shown} is among those of {one}"
    return None


def _secrets_of(settings: Settings, environment: str) -> str:
    """Return what the names of an environment's secrets begin with."""
    return settings.app_secret(environment, "\0").partition("\0")[0]
