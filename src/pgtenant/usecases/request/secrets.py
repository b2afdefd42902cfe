"""Whose the secret of an entry is, by its name: one that somebody chose, or that of its key."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.catalog.model import Entry
from pgtenant.catalog.shown import plain
from pgtenant.errors import UsageError
from pgtenant.settings import Settings
from pgtenant.usecases.environments import all_environments
from pgtenant.usecases.request.declared import Declared, elsewhere, secret_of


def secret_problems(
    settings: Settings, catalog: Declared, entry: Entry
) -> Iterator[tuple[str, str]]:
    """Yield why the secret of an entry can't be its own: it is another's, or the admin's.

    Args:
        settings: the project's.
        catalog: of the entry's environment, with or without it.
        entry: whose secret it would be.
    """
    environment = catalog.environment
    secret = secret_of(settings, environment, entry)
    field, its = ("key", "its secret ") if entry.secret is None else ("secret", "")
    shown = f"{its}{plain(secret, 200)}"
    if (found := _reserved(settings, environment, secret)) is not None:
        yield field, f"{shown} is {found}"
    for one in catalog.entries.values():
        if one.key != entry.key and secret_of(settings, environment, one) == secret:
            yield field, f"{shown} is that of {one.key} already"
    for other in elsewhere(settings, environment):
        if isinstance(other, str):
            continue
        for one in other.entries.values():
            if secret_of(settings, other.environment, one) == secret:
                yield field, f"{shown} is that of {one.key} in {other.environment} already"


def _reserved(settings: Settings, environment: str, secret: str) -> str | None:
    """Return whose a secret is by its name, if it can't be that of an entry here.

    Args:
        settings: the project's.
        environment: the entry's.
        secret: its name.
    """
    try:
        known = {environment, *all_environments(settings)}
    except UsageError:  # the first request of a project that has nothing yet
        known = {environment}
    for one in sorted(known):
        if secret == settings.admin_secret(one):
            return f"the admin's of {one}"
    ours = _secrets_of(settings, environment)
    for one in sorted(known - {environment}):
        theirs = _secrets_of(settings, one)
        if secret.startswith(theirs) and not ours.startswith(theirs):
            return f"among those of {one}"
    return None


def _secrets_of(settings: Settings, environment: str) -> str:
    """Return what the names of an environment's secrets begin with."""
    return settings.app_secret(environment, "\0").partition("\0")[0]
