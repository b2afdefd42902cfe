"""Which environments a project has, and which entries, without validating anything.

A shell asks for them at each Tab: nothing is imported that speaks to a server.
"""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import Final

from pgtenant.catalog.check import VARIABLE
from pgtenant.catalog.load import language_of, text_of, tree
from pgtenant.catalog.located import Object, SyntaxProblem
from pgtenant.codes import Code
from pgtenant.errors import SettingsError, UsageError
from pgtenant.nearest import did_you_mean
from pgtenant.settings.model import OTHER_SUFFIXES, Settings, check_environment

_ENV: Final = "{env}"


def all_environments(settings: Settings) -> tuple[str, ...]:
    """Return every environment that the settings name or that has a catalog, sorted.

    Raises:
        UsageError: there is none.
    """
    found = {*settings.environments, *_with_catalog(settings)}
    if not found:
        raise UsageError(
            f"{settings.root} has no environment: none in pgtenant.toml, and no catalog at"
            f" {settings.project.catalog}",
            hint="name a [environments.<name>], or give the directory with --project",
            code=Code.ENVIRONMENT,
        )
    return tuple(sorted(found))


def keys_of(settings: Settings, environment: str) -> tuple[str, ...]:
    """Return the keys in an environment's catalog as it lies there, which may be half edited.

    Raises:
        CatalogError: the file's name stands for no language.
        OSError: it can't be read.
        SettingsError: the name can't be an environment's.
    """
    path = settings.catalog_path(environment)
    try:
        root = tree(text_of(path.read_bytes()), language_of(path.name))
    except SyntaxProblem:
        return ()
    held = root.value if root is not None else None
    pairs = held.pairs if isinstance(held, Object) else ()
    entries = (pair.value.value for pair in pairs if pair.key == VARIABLE)
    return tuple(entry.key for one in entries if isinstance(one, Object) for entry in one.pairs)


def another_environment(settings: Settings, environment: str) -> str:
    """Return `; did you mean x?` for an environment that there is not."""
    known = {*settings.environments, *_with_catalog(settings)}
    return "" if environment in known else did_you_mean(environment, sorted(known))


def _with_catalog(settings: Settings) -> set[str]:
    """Return the environments whose catalogs are there, by the template of their path."""
    template = settings.project.catalog
    if _ENV not in template:
        return set()
    suffixes = ("",) if settings.project.catalog_explicit else ("", *OTHER_SUFFIXES)
    found: set[str] = set()
    for suffix in suffixes:
        path = str(Path(template).with_suffix(suffix)) if suffix else template
        first, *rest = path.split(_ENV)
        again = "(?P=env)".join(map(re.escape, rest))
        named = re.compile(f"{re.escape(first)}(?P<env>[^/]+){again}")
        pattern = "*".join(map(glob.escape, (first, *rest)))
        matches = map(named.fullmatch, glob.glob(pattern, root_dir=settings.root))  # noqa: PTH207
        found |= {match["env"] for match in matches if match}
    return {name for name in found if _is_environment(name)}


def _is_environment(name: str) -> bool:
    try:
        return check_environment(name) == name
    except SettingsError:  # a directory that happens to lie there
        return False
