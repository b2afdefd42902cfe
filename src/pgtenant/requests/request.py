"""A request: the fields that somebody gave, and what is wrong with them as such."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from pgtenant.catalog.located import Invalid, Located, Object, Pair
from pgtenant.catalog.model import FIELDS, Entry
from pgtenant.catalog.shown import did_you_mean, plain, quoted
from pgtenant.requests.form import BY_NAME, FORM, OWNER
from pgtenant.settings import RequestsSettings

Value: TypeAlias = "str | int | bool | list[str]"

_COMMAND: Final = re.compile(
    r"\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]|skip-checks\s*:\s*true", re.IGNORECASE
)
"""What GitHub takes a commit's message for a command by."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for an entry.

    Attributes:
        fields: of the entry, in the order in which they are written.
    """

    environment: str
    key: str
    fields: Mapping[str, Value]

    @property
    def pair(self) -> Pair:
        """The entry as a catalog's reader would yield it, without a line."""
        pairs = (Pair(name, 0, _located(value)) for name, value in self.fields.items())
        return Pair(self.key, 0, Located(Object(tuple(pairs)), 0))

    def text(self, field: str, default: str = "") -> str:
        """Return the value of a field of text."""
        return str(self.fields.get(field, default))


def request_of(given: Mapping[str, Value]) -> Request:
    """Make a request of what was given, which has no problems."""
    key = given.get("key") or given["database_name"]
    fields = {s.name: given[s.name] for s in FIELDS if s.name in given}
    return Request(str(given["environment"]), str(key), MappingProxyType(fields))


def problems(given: Mapping[str, Value], settings: RequestsSettings) -> Iterator[tuple[str, str]]:
    """Yield what is wrong before any catalog is read: the field, and a sentence about it."""
    for name in given:
        if name not in BY_NAME:
            near = did_you_mean(name, BY_NAME)
            yield plain(name), f"is not a field of a request{near}"
    for field in FORM:
        if field.required and field.name not in given:
            yield field.name, f"is missing; give {field.flag}"
        elif given.get(field.name) == "":
            yield field.name, "is empty"
    for name, value in given.items():
        if isinstance(value, str) and (found := _COMMAND.search(value)):
            # The pull request shows it, and its text may become a commit's message.
            yield (
                plain(name),
                f"must not hold {quoted(found.group())}, which stops GitHub's workflows",
            )
    for name in ("environment", "key"):  # the catalog's reader knows these as text only
        if name in given and not isinstance(given[name], str):
            yield name, f"must be a string, not {shown_value(given[name])}; put it in quotes"
    yield from owner_problems(given, settings)


def owner_problems(
    given: Mapping[str, Value], settings: RequestsSettings
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with who it belongs to, and with its domain."""
    owner, domain = given.get("owner"), given.get("domain")
    if isinstance(owner, str) and owner and not re.fullmatch(OWNER, owner):
        yield "owner", f"must be the name of a team, such as app-team, not {quoted(owner)}"
    elif isinstance(owner, str):
        yield from _unlisted("owner", owner, settings.teams)
    if isinstance(domain, str):
        yield from _unlisted("domain", domain, settings.domains)


def _unlisted(field: str, value: str, known: Sequence[str]) -> Iterator[tuple[str, str]]:
    if known and value not in known:
        near = did_you_mean(value, known)
        yield field, f"must be one of {', '.join(known)[:300]}, not {quoted(value)}{near}"


def differences(request: Request, entry: Entry) -> Iterator[tuple[str, str, str]]:
    """Yield each field that is different in an entry: its name, the entry's, the request's."""
    for name, wanted in request.fields.items():
        there = getattr(entry, name)
        if there != (tuple(wanted) if isinstance(wanted, list) else wanted):
            yield name, shown_value(there), shown_value(wanted)


def shown_value(value: object) -> str:
    """Return a value for the middle of a sentence."""
    match value:
        case None:
            return "not set"
        case bool():
            return str(value).lower()
        case str():
            return quoted(value)
        case tuple() | list():
            return ", ".join(quoted(str(item)) for item in value) or "none"
        case _:
            return plain(str(value))


def given_of(root: Located | None) -> tuple[dict[str, Value], list[tuple[str, str]]]:
    """Return what a file with a request says, and what in it no request can say.

    Args:
        root: the file's value, or None when it has none.
    """
    if root is None or not isinstance(root.value, Object):
        return {}, [("", "the request must be a mapping of fields to values")]
    given: dict[str, Value] = {}
    wrong: list[tuple[str, str]] = []
    for pair in root.value.pairs:
        value = pair.value.value
        if pair.key in given:
            wrong.append((plain(pair.key), f"is set twice, again on line {pair.line}"))
        elif isinstance(value, str | int):
            given[pair.key] = value
        elif isinstance(value, tuple):
            items = [item.value for item in value]
            if all(isinstance(item, str) for item in items):
                given[pair.key] = [str(item) for item in items]
            else:
                wrong.append((plain(pair.key), "must be a list of strings"))
        elif isinstance(value, Invalid):
            wrong.append((plain(pair.key), value.reason))
        elif value is not None:
            wrong.append((plain(pair.key), "can't be set by a request; write it into the catalog"))
    return given, wrong


def _located(value: Value) -> Located:
    if isinstance(value, list):
        return Located(tuple(Located(item, 0) for item in value), 0)
    return Located(value, 0)
