"""The texts in a YAML file that is kept by hand and by us."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from pgtenant.catalog import yaml_text
from pgtenant.catalog.edit import put
from pgtenant.catalog.edit.dialect import YAML
from pgtenant.catalog.located import Located, Object


@lru_cache(maxsize=2)
def read(text: str) -> Located | None:
    """Return what a file says; None when it says nothing. The last two are kept.

    Raises:
        SyntaxProblem: it is not YAML.
    """
    return yaml_text.read(text) if text.strip() else None


def members(located: Located | None, *path: str) -> Iterator[tuple[str, Located]]:
    """Yield the members of a mapping, or of one further in; none when there is no mapping."""
    for key in path:
        located = dict(members(located)).get(key)
    if located is not None and isinstance(located.value, Object):
        for pair in located.value.pairs:
            yield pair.key, pair.value


def with_text(text: str, path: Sequence[str], value: str) -> str:
    """Return the file with a text at a path; when it is there already, however written, the same.

    Raises:
        EditError: the file is laid out in a way that does not allow it.
    """
    there = dict(members(read(text), *path[:-1])).get(path[-1])
    if there is not None and there.value == value:
        return text
    return put(text, YAML, path, value).text
