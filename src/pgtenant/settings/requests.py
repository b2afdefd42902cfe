"""`[requests]`: where requests are recorded, what they may say, and who approves them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_CONDITIONS: Final = ("environments", "risks", "sizes")
# Becomes part of a list that people and programs split at commas and spaces.
_WORD: Final = re.compile(r"[^\s,]{1,100}")
_REPOSITORY: Final = re.compile(
    r"([a-z0-9]([a-z0-9.-]{0,253}[a-z0-9])?/)?[A-Za-z0-9](-?[A-Za-z0-9]){0,38}"
    r"/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}"
)
# What git allows, without what means something in a URL or a template.
_BRANCH: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._/-]{0,198}[A-Za-z0-9_-])?")


@dataclass(frozen=True, slots=True)
class Route:
    """A rule of who has to approve a request.

    Attributes:
        environments: it holds in these; in all when there is none.
        risks: it holds for these risks, likewise.
        sizes: it holds for these sizes, likewise.
        approvers: who has to; none where the rule is that nobody has to.
    """

    environments: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()


DEFAULT_ROUTES: Final = (
    Route(environments=("prod",), approvers=("platform-team",)),
    Route(risks=("high", "access"), approvers=("security-team",)),
    Route(sizes=("large", "xlarge"), approvers=("platform-team", "database-team")),
    Route(environments=("dev", "test"), sizes=("small",)),
)


@dataclass(frozen=True, slots=True)
class RequestsSettings:
    """What requests depend on.

    Attributes:
        catalog: the path of the catalog of resources, relative to the project.
        entity: a template of the path of an entry's Backstage entity.
        instance: a template of the name of an environment's instance.
        teams: those that may own a database; all when there is none.
        domains: those that a database may belong to; all when there is none.
        approvers: who approves what no route is about.
        routes: the others.
        repository: the project's own on GitHub, for the form; None when nobody said.
        base: the branch that pull requests of requests target.
    """

    catalog: str
    entity: str
    instance: str
    teams: tuple[str, ...]
    domains: tuple[str, ...]
    approvers: tuple[str, ...]
    routes: tuple[Route, ...]
    repository: str | None = None
    base: str = "development"


def parse_words(value: object) -> tuple[str, ...]:
    """Read a list of names, or a text with commas between them.

    Raises:
        ValueError: it is neither, or a name has spaces or is there twice.
    """
    if isinstance(value, str):
        value = [item.strip() for item in value.split(",") if item.strip()]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("")
    for item in value:
        if not _WORD.fullmatch(item) or not item.isprintable():
            raise ValueError(f"{item[:60]!r} is no name")
    if len(set(value)) < len(value):
        raise ValueError("names something twice")
    return tuple(value)


def parse_repository(value: object) -> str:
    """Read the name of a repository.

    Raises:
        ValueError: it can't be one.
    """
    if not isinstance(value, str) or not _REPOSITORY.fullmatch(value):
        raise ValueError("")
    return value


def parse_branch(value: object) -> str:
    """Read the name of a branch.

    Raises:
        ValueError: it can't be one.
    """
    if not isinstance(value, str) or not _BRANCH.fullmatch(value) or ".." in value:
        raise ValueError("")
    return value


def parse_routes(value: object) -> tuple[Route, ...]:
    """Read rules: an array of tables, or the same as JSON.

    Raises:
        ValueError: it is something else; the message says what is wrong.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"is not JSON ({error})") from None
    if not isinstance(value, list):
        raise ValueError("")
    return tuple(_route(item, number) for number, item in enumerate(value, start=1))


def _route(item: object, number: int) -> Route:
    if not isinstance(item, Mapping):
        raise ValueError(f"number {number} is not a table")
    if "approvers" not in item:
        raise ValueError(f"number {number} has no approvers; [] means that nobody has to approve")
    words: dict[str, tuple[str, ...]] = {}
    for key, one in item.items():
        if key not in (*_CONDITIONS, "approvers"):
            raise ValueError(f"number {number} has the unknown member {str(key)[:60]!r}")
        try:
            words[key] = parse_words(one)
        except ValueError as error:
            said = f": {error}" if str(error) else " is no list of names"
            raise ValueError(f"{key} of number {number}{said}") from None
        if key in _CONDITIONS and not words[key]:
            raise ValueError(f"{key} of number {number} is empty; leave it out to mean all")
    return Route(**words)
