"""YAML text to a value tree, built from libyaml's events.

Only what JSON also has is accepted: no tags of other types, no anchors that are used, one
document. Building from events keeps deep nesting and aliases from costing anything.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import yaml

from pgtenant.catalog.located import (
    MAX_DEPTH,
    TOO_DEEP,
    Invalid,
    Located,
    Object,
    Pair,
    SyntaxProblem,
    Value,
    number,
)
from pgtenant.catalog.shown import plain, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from yaml.events import Event

_TAG = "tag:yaml.org,2002:"
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{0,100})?")
_BOOLS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_ALIAS = "is an alias (`*name`) or a merge (`<<`); write the value out"


def read(text: str) -> Located | None:
    """Read a YAML file.

    Args:
        text: the file, without byte order mark.

    Returns:
        The top-level value, or None when the file has no document.

    Raises:
        SyntaxProblem: it is not valid YAML, or has a second document.
    """
    with _loading(text) as loader:
        return _Composer(loader).document()


def documents(text: str) -> tuple[str, ...]:
    """Return the documents of a YAML file, which put together are the file.

    Args:
        text: the file, without byte order mark.

    Raises:
        SyntaxProblem: it is not valid YAML.
    """
    with _loading(text) as loader:
        events = iter(loader.get_event, None)
        starts = [
            event.start_mark.index
            for event in events
            if isinstance(event, yaml.DocumentStartEvent) and event.start_mark
        ]
    # What stands above the first one is a comment on it.
    bounds = [0, *starts[1:], len(text)] if starts else []
    return tuple(text[start:end] for start, end in pairwise(bounds))


def repeated(text: str) -> tuple[Located | None, ...]:
    """Return what each alias of a YAML file repeats, in their order; None for one of nothing.

    Args:
        text: a file that `read` accepts.
    """
    with _loading(text) as loader:
        composer = _Composer(loader)
        composer.document()
    return tuple(composer.repeated)


@contextmanager
def _loading(text: str) -> Iterator[yaml.CSafeLoader]:
    try:
        loader = yaml.CSafeLoader(text)
        try:
            yield loader
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, len(text.splitlines())) from error
    except yaml.reader.ReaderError as error:
        position = min(error.position, len(text))
        message = f"this is not valid YAML: {plain(error.reason, 200)}"
        raise SyntaxProblem(text.count("\n", 0, position) + 1, message) from error


def _not_yaml(error: yaml.MarkedYAMLError, lines: int) -> SyntaxProblem:
    message = f"this is not valid YAML: {plain(error.problem or '', 200)}"
    line = error.problem_mark.line + 1 if error.problem_mark else 0
    if error.context and error.context_mark:
        start = error.context_mark.line + 1
        message += f", {plain(error.context, 200)} that starts on line {start}"
        # At the end of the file all that helps is where the thing without an end began.
        line = start if line >= lines else line
    return SyntaxProblem(min(line, lines), message)


class _Composer:
    """Turns the events of one stream into a value tree."""

    def __init__(self, loader: yaml.CSafeLoader) -> None:
        self._loader = loader
        # The stubs leave it without types.
        self._resolve = cast("Callable[..., str]", loader.resolve)
        self._anchors: dict[str, Located] = {}
        self.repeated: list[Located | None] = []

    def document(self) -> Located | None:
        self._next()
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        root = self._value(self._next(), 0)
        self._next()
        following = self._next()
        if not isinstance(following, yaml.StreamEndEvent):
            message = "a second YAML document starts here; a catalog is one document"
            raise SyntaxProblem(_line(following), message)
        return root

    def _next(self) -> Event:
        return cast("Event", self._loader.get_event())

    def _value(self, event: Event, depth: int) -> Located:
        line = _line(event)
        if depth > MAX_DEPTH:
            raise SyntaxProblem(line, f"the file {TOO_DEEP}")
        if isinstance(event, yaml.AliasEvent):
            self.repeated.append(self._anchors.get(event.anchor or ""))
            return Located(Invalid(_ALIAS), line)
        located = self._written(event, line, depth)
        if anchor := getattr(event, "anchor", None):
            self._anchors[anchor] = located
        return located

    def _written(self, event: Event, line: int, depth: int) -> Located:
        if isinstance(event, yaml.MappingStartEvent):
            pairs = self._pairs(depth + 1)
            return Located(_typed(event, "map", Object(pairs)), line)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(item := self._next(), yaml.SequenceEndEvent):
                items.append(self._value(item, depth + 1))
            return Located(_typed(event, "seq", tuple(items)), line)
        return self._scalar(cast("yaml.ScalarEvent", event))

    def _pairs(self, depth: int) -> tuple[Pair, ...]:
        pairs = []
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._value(event, depth)
            value = self._value(self._next(), depth)
            pairs.append(_pair(event, key, value))
        return tuple(pairs)

    def _scalar(self, event: yaml.ScalarEvent) -> Located:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._resolve(yaml.ScalarNode, event.value, event.implicit)
        kind = tag.removeprefix(_TAG)
        written = "" if kind == "str" else event.value
        return Located(_plain_value(kind, event.value), _line(event), written)


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _typed(
    event: yaml.MappingStartEvent | yaml.SequenceStartEvent, kind: str, value: Value
) -> Value:
    if event.tag in {None, "!", _TAG + kind}:
        return value
    return Invalid(f"has the YAML tag {quoted(str(event.tag))}; remove it")


def _pair(event: Event, key: Located, value: Located) -> Pair:
    if isinstance(key.value, str):
        return Pair(key.value, key.line, value)
    if isinstance(event, yaml.ScalarEvent) and event.value != "<<":
        reason = (
            f"has a key that YAML does not read as a string: put {quoted(event.value)} in quotes"
        )
        return Pair(event.value, key.line, Located(Invalid(reason), key.line))
    reason = (
        _ALIAS
        if isinstance(event, yaml.AliasEvent | yaml.ScalarEvent)
        else "has a key that is no name"
    )
    return Pair(
        "<<" if isinstance(event, yaml.ScalarEvent) else "?",
        key.line,
        Located(Invalid(reason), key.line),
    )


def _plain_value(kind: str, text: str) -> Value:  # noqa: PLR0911 - one return per type
    match kind:
        case "str":
            return text
        case "null":
            return None
        case "bool":
            return _bool(text)
        case "int" | "float":
            # YAML 1.1 also reads 010 as 8, 1_0 as 10 and 1:30 as 90.
            if _NUMBER.fullmatch(text):
                return number(text)
            return Invalid(f"is {quoted(text)}, which YAML reads as a number in a way of its own")
        case "timestamp":
            return Invalid(f"is {quoted(text)}, which YAML reads as a date: put it in quotes")
        case "merge":
            return Invalid(_ALIAS)
        case _:
            return Invalid(f"has the YAML tag {quoted(kind)}; remove it")


def _bool(text: str) -> bool | Invalid:
    value = _BOOLS.get(text.lower())
    return Invalid(f"is {quoted(text)}, which is no boolean") if value is None else value
