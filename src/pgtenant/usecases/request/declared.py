"""What the project's files say before a request: the catalogs, and the catalog of resources."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pgtenant.catalog.check import VARIABLE, Format
from pgtenant.catalog.load import language_of, parse, text_of, tree
from pgtenant.catalog.located import Object, Pair, SyntaxProblem
from pgtenant.catalog.model import Catalog, Entry
from pgtenant.codes import Code
from pgtenant.errors import CatalogError, PgtenantError, UsageError
from pgtenant.files import read_given
from pgtenant.settings import Settings
from pgtenant.usecases.environments import all_environments
from pgtenant.usecases.inputs import SCHEMAS_DIRECTORY, naming_policy


@dataclass(frozen=True, slots=True)
class Declared:
    """The catalog of an environment, as it is.

    Attributes:
        path: its place.
        display: the path as people are shown it.
        data: what it holds; None when it is not there.
        entries: by key; those that another one makes among them.
    """

    settings: Settings
    environment: str
    path: Path
    display: str
    data: bytes | None
    language: Format
    entries: dict[str, Entry]

    @property
    def written(self) -> dict[str, Entry]:
        """Those that somebody has asked for, by key."""
        return {key: one for key, one in self.entries.items() if one.made_by is None}

    def extended(self, pair: Pair) -> Catalog:
        """Return the catalog with a further entry.

        Raises:
            CatalogError: they are not valid together.
        """
        return self.parsed(self.data or b"", pair)

    def parsed(self, data: bytes, *more: Pair) -> Catalog:
        """Return what a text in the place of this catalog's says.

        Raises:
            CatalogError: it is not valid.
        """
        return parse(
            data,
            display=self.display,
            policy=naming_policy(self.settings, self.environment),
            maintenance_database=self.settings.server.maintenance_database,
            schemas=self.settings.root / SCHEMAS_DIRECTORY,
            more=more,
        )


def declared(settings: Settings, environment: str) -> Declared:
    """Read an environment's catalog, which may be missing or have no entries yet.

    Raises:
        CatalogError: it is not valid.
        UsageError: it can't be read.
    """
    path = settings.catalog_path(environment)
    display = shown_path(settings, path)
    data = read(path)
    language = language_of(path.name, display)
    found = Declared(settings, environment, path, display, data, language, {})
    if data is None:
        return found
    try:
        found.entries.update({entry.key: entry for entry in found.parsed(data).entries})
    except CatalogError:
        if _has_entries(data, language):
            raise
    return found


def elsewhere(settings: Settings, environment: str) -> Iterator[Declared | str]:
    """Yield the catalogs of the other environments; of one that can't be read only the name."""
    try:
        environments = all_environments(settings)
    except UsageError:  # the first request of a project that has nothing yet
        return
    ours = settings.catalog_path(environment)
    for other in environments:
        try:
            if other != environment and settings.catalog_path(other) != ours:
                yield declared(settings, other)
        except PgtenantError:
            yield other


def secret_of(settings: Settings, environment: str, entry: Entry) -> str:
    """Return the name of an entry's secret."""
    return entry.secret or settings.app_secret(environment, entry.key)


def read(path: Path) -> bytes | None:
    """Return what a file holds; None when it is not there.

    Raises:
        UsageError: it can't be read.
    """
    if not os.path.lexists(path):
        return None
    try:
        return read_given(path)
    except OSError as error:
        raise UsageError(
            f"{path} can't be read: {error.strerror}", code=Code.UNREADABLE_FILE
        ) from None


def shown_path(settings: Settings, path: Path) -> str:
    """Return a path as people are shown it: relative to the project, if it is below it."""
    try:
        return str(path.relative_to(settings.root))
    except ValueError:
        return str(path)


def _has_entries(data: bytes, language: Format) -> bool:
    try:
        root = tree(text_of(data), language)
    except SyntaxProblem:
        return True  # whoever parses it says what is wrong
    if root is None:
        return False
    return not isinstance(root.value, Object) or VARIABLE in {p.key for p in root.value.pairs}
