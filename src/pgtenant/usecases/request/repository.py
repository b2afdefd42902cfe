"""A request as a branch of the repository: what the branch says, and whether it says only that."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Final

from pgtenant.catalog.check import VARIABLE
from pgtenant.catalog.load import text_of, tree
from pgtenant.catalog.located import Object
from pgtenant.catalog.model import Entry
from pgtenant.catalog.shown import plain
from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, SettingsError, UsageError
from pgtenant.forge.git import Git, Person
from pgtenant.requests.request import Value, given_of
from pgtenant.settings import Settings
from pgtenant.usecases.environments import all_environments
from pgtenant.usecases.request.add import Done, add
from pgtenant.usecases.request.declared import declared, shown_path
from pgtenant.usecases.request.look import all_records

_LOGIN: Final = re.compile(r"[A-Za-z0-9-]{1,60}(\[bot\])?")

Load = Callable[[Path], Settings]
"""Reads the settings of a project."""


@dataclass(frozen=True, slots=True)
class Starter:
    """Who started it.

    Attributes:
        login: as the forge knows them; empty for somebody at a terminal.
        author: of the commits; None for whoever git is configured for.
        run: the address of the run, or empty.
    """

    login: str
    author: Person | None
    run: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """An entry that a branch adds, changes or takes away.

    Attributes:
        before: None when it is new.
        after: None when it is gone.
    """

    environment: str
    key: str
    before: Entry | None
    after: Entry | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that a branch holds, and nothing besides.

    Attributes:
        given: its fields.
        moment: the day or second that it is from.
    """

    proposed: Proposed
    given: dict[str, Value]
    moment: str


def message(done: Done, starter: Starter) -> str:
    """Return the message of a request's commit.

    Nothing in it is free text: GitHub and its workflows take a message for commands, too.
    """
    entry = done.entry
    by = f", started by {starter.login}" if _LOGIN.fullmatch(starter.login) else ""
    return f"Request {entry.key} in {done.environment}\n\nFor {entry.owner}{by}.\n"


def proposals(before: Settings, after: Settings) -> tuple[Proposed, ...]:
    """Return every entry that differs, by environment and key.

    Raises:
        CatalogError: a catalog is not valid.
        UsageError: one can't be read.
    """
    return tuple(_proposals(before, after))


def _proposals(before: Settings, after: Settings) -> Iterator[Proposed]:
    for environment in sorted({*_environments(before), *_environments(after)}):
        old = declared(before, environment).written
        new = declared(after, environment).written
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                yield Proposed(environment, key, old.get(key), new.get(key))


def _environments(settings: Settings) -> tuple[str, ...]:
    try:
        return all_environments(settings)
    except UsageError:  # a project that has nothing yet
        return ()


def asked_in(git: Git, load: Load, base: str, head: str) -> Asked | None:
    """Return the request that a branch holds; None when it holds anything else or more.

    The request is made once more on what the branch is from, and has to yield the branch.

    Args:
        git: the repository.
        load: reads the settings.
        base: the commit that the branch is from.
        head: the commit that it is at.
    """
    with git.checked_out(base) as old, git.checked_out(head) as new:
        try:
            found = proposals(load(old), load(new))
            if len(found) != 1 or found[0].before is not None or found[0].after is None:
                return None
            asked = _as_written(load(new), found[0])
            add(load(old), asked.given, moment=asked.moment)
        except PgtenantError:
            return None
        return asked if git.written_tree(old) == git.tree_of(head) else None


def kept_inside(settings: Settings) -> Settings:
    """Return the settings of a project, where the files of its requests are the project's own.

    In a copy they are whatever somebody has committed, and what they lead to is read and written.

    Raises:
        SettingsError: one leads out of it.
    """
    requests = settings.requests
    templates = {
        "[project] catalog": settings.project.catalog,
        "[requests] catalog": requests.catalog,
        "[requests] entity": requests.entity,
    }
    for name, template in templates.items():
        path = PurePath(template)
        if path.is_absolute() or {"..", ".git"} & {part.casefold() for part in path.parts}:
            raise SettingsError(
                f"{name} = {plain(template, 200)} is no place in the project",
                hint="on GitHub a request's files are the repository's: give a path below its root",
                code=Code.SETTINGS,
            )
    return settings


def rooted(settings: Settings, root: Path) -> Settings:
    """Return the same settings for the files in another directory."""
    return replace(settings, root=root)


def _as_written(settings: Settings, proposed: Proposed) -> Asked:
    """Return what the catalog says of an entry, and no default besides."""
    catalog = declared(settings, proposed.environment)
    root = tree(text_of(catalog.data or b""), catalog.language)
    entries = next(
        pair.value
        for pair in (root.value.pairs if root and isinstance(root.value, Object) else ())
        if pair.key == VARIABLE
    )
    assert isinstance(entries.value, Object)  # noqa: S101 - the catalog is valid
    entry = next(pair.value for pair in entries.value.pairs if pair.key == proposed.key)
    given, wrong = given_of(entry)
    if wrong:
        raise UsageError(
            f"{shown_path(settings, catalog.path)}: no request can say that", code=Code.SETTINGS
        )
    record = all_records(settings).get(proposed.environment, {}).get(proposed.key, {})
    given |= {"environment": proposed.environment, "key": proposed.key}
    return Asked(proposed, given, record.get("metadata.created_date", ""))
