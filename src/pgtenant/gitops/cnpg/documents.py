"""Manifests in files that people write as well: one document is edited, all else stays."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import yaml

from pgtenant.catalog import yaml_text
from pgtenant.catalog.edit import EditError, put_apart
from pgtenant.catalog.edit.dialect import YAML
from pgtenant.catalog.edit.items import Items, add_items, without_items
from pgtenant.catalog.edit.tree import Plain
from pgtenant.catalog.located import Invalid, Located, Object, SyntaxProblem
from pgtenant.catalog.shown import quoted
from pgtenant.requests.leaves import read

LARGEST: Final = 3 * 2**19
"""Characters; about what etcd keeps of an object at most."""

WAVE: Final = "argocd.argoproj.io/sync-wave"
_MERGE: Final = "<<"
_UNFIT: Final = "is laid out in a way that no edit of one value fits in"
_LONE: Final = re.compile(r"\r(?!\n)")
_Said = TypeVar("_Said")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that a manifest is to have.

    Attributes:
        path: the keys, and for the items of sequences their numbers.
        value: what stands there.
        unset: what it means when nothing stands there; None for nothing that would do.
        fresh: a new manifest has it.
        kept: what a manifest says already is left as it is, with or without it.
    """

    path: tuple[str | int, ...]
    value: Plain
    unset: Plain | None = None
    fresh: bool = True
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file.

    Attributes:
        before: what stands in the file before it.
        text: the document; empty for one that is to be made.
        after: what stands behind it.
    """

    before: str
    text: str
    after: str

    @property
    def whole(self) -> str:
        """The file."""
        return f"{self.before}{self.text}{self.after}"

    def at(self, *path: str | int) -> Located | None:
        """Return what stands at a path, the whole for none; None when nothing does.

        Raises:
            EditError: something on the way is no mapping, or an alias.
        """
        return self._told(lambda: _at(read(self.text), path))

    def text_at(self, *path: str | int) -> str:
        """Return the text at a path; empty when there is none. Errors are those of `at`."""
        found = self.at(*path)
        return found.value if found is not None and isinstance(found.value, str) else ""

    def value_at(self, *path: str | int) -> object:
        """Return the value at a path; None when there is none. Errors are those of `at`."""
        found = self.at(*path)
        return None if found is None else found.value

    def plain_at(self, *path: str | int) -> object:
        """Return what stands at a path without its places; None when nothing does.

        Errors are those of `at`.
        """
        found = self.at(*path)
        return None if found is None else self._told(lambda: _plain(found))

    def items_at(self, *path: str | int) -> Sequence[Located]:
        """Return the items of the sequence at a path; none where nothing stands.

        Raises:
            EditError: it is no sequence, or one of the errors of `at`.
        """
        return self._told(lambda: _items(_at(read(self.text), path)))

    def line_of(self, located: Located) -> int:
        """Return the line of a value in the file."""
        return self.before.count("\n") + located.line

    def with_leaves(
        self,
        leaves: Sequence[Leaf],
        items: Mapping[tuple[str | int, ...], Items] | None = None,
    ) -> Document:
        """Return the document with values, of which what it says already is left alone.

        Args:
            leaves: the values, in the order in which they are written.
            items: what is added to sequences, by path.

        Raises:
            EditError: it is laid out in a way that does not allow it.
        """
        return self._told(lambda: self._edited(leaves, items or {}))

    def without_items(self, path: Sequence[str | int], numbers: Collection[int]) -> Document:
        """Return the document without some items of a sequence; all else stays.

        Raises:
            EditError: it is laid out in a way that does not allow it.
        """
        if not numbers:
            return self
        return self._told(lambda: self._shortened(path, numbers))

    def _shortened(self, path: Sequence[str | int], numbers: Collection[int]) -> Document:
        root = read(self.text)
        wanted: Any = {} if root is None else _plain(root)
        left = [one for number, one in enumerate(_get(wanted, path)) if number not in numbers]
        _set(wanted, path, left)
        return self._checked(without_items(self.text, path, numbers), wanted)

    def _checked(self, text: str, wanted: object) -> Document:
        try:
            found = read(text)
        except SyntaxProblem:  # of what the edits made of it
            raise EditError(_UNFIT) from None
        if found is None or _plain(found) != _as_read(wanted):
            raise EditError(_UNFIT)
        _insist_on_aliases(self.text, text)
        return replace(self, text=text)

    def _edited(
        self,
        leaves: Sequence[Leaf],
        items: Mapping[tuple[str | int, ...], Items],
    ) -> Document:
        root = read(self.text)
        wanted: Any = {} if root is None else _plain(root)
        missing = [leaf for leaf in leaves if _is_missing(root, leaf)]
        text = self.text
        try:
            for together in _apart(missing):
                text = put_apart(text, YAML, [(leaf.path, leaf.value) for leaf in together])
                for leaf in together:
                    _set(wanted, leaf.path, leaf.value)
            for path, added in items.items():
                if added:
                    text = add_items(text, path, added)
                    _set(wanted, path, [*(_get(wanted, path) or []), *added])
        except yaml.YAMLError:  # of what the first of the edits made of it
            raise EditError(_UNFIT) from None
        if text == self.text:
            return self
        return self._checked(text, wanted)

    def _told(self, doing: Callable[[], _Said]) -> _Said:
        """Count the lines of what is wrong from the start of the file."""
        try:
            return doing()
        except (EditError, SyntaxProblem) as error:
            above = self.before.count("\n") if error.line else 0
            raise EditError(error.message, error.line + above) from None


def documents(text: str) -> Iterator[Document]:
    """Yield the documents of a file.

    Raises:
        EditError: it is not YAML, or larger than any cluster takes.
    """
    if len(text) > LARGEST:
        raise EditError(f"is larger than {LARGEST / 2**20:.1f} MiB, which no cluster takes")
    if lone := _LONE.search(text):
        line = text.count("\n", 0, lone.start()) + 1
        raise EditError("has a carriage return that no line feed follows", line)
    try:
        parts = yaml_text.documents(text)
    except SyntaxProblem as problem:
        raise EditError(problem.message, problem.line) from None
    for number, part in enumerate(parts):
        yield Document("".join(parts[:number]), part, "".join(parts[number + 1 :]))


def find(text: str, group: str, kind: str, *, name: str, namespace: str) -> Document | None:
    """Return the manifest of an object; None when the file has none.

    Args:
        text: the file.
        group: of the interface, such as `bitnami.com`.
        kind: the object's.
        name: its name.
        namespace: where it is; a manifest need not say it.

    Raises:
        EditError: the file has two, or it is for another namespace.
    """
    found = [
        one
        for one in documents(text)
        if is_kind(one, group, kind) and one.text_at("metadata", "name") == name
    ]
    if len(found) > 1:
        line = found[1].before.count("\n") + 1
        raise EditError(f"has a second {kind} {quoted(name)}; keep one of them", line)
    for one in found:
        there = one.at("metadata", "namespace")
        if there is not None and there.value != namespace:
            raise EditError(
                f"has the {kind} {quoted(name)} in another namespace than {quoted(namespace)}",
                one.line_of(there),
            )
    return found[0] if found else None


def names_of(text: str, group: str, kind: str) -> list[str]:
    """Return the names of all objects of a kind. Errors are those of `documents`."""
    return [one.text_at("metadata", "name") for one in documents(text) if is_kind(one, group, kind)]


def is_kind(document: Document, group: str, kind: str) -> bool:
    """Tell whether a document is an object of a kind."""
    root = document.at()
    if root is None or not isinstance(root.value, Object):
        return False
    interface = document.text_at("apiVersion").partition("/")[0]
    return interface == group and document.text_at("kind") == kind


def new_in(text: str) -> Document:
    """Return the place of a further document at the end of a file."""
    if not text.strip():
        return Document("", text, "")
    ended = "" if text.endswith("\n") else "\n"
    return Document(f"{text}{ended}---\n", "", "")


def _at(located: Located | None, path: Sequence[str | int]) -> Located | None:
    for key in path:
        if located is None or located.value is None:
            return None
        if isinstance(key, int):
            items = _items(located)
            located = items[key] if key < len(items) else None
        else:
            located = _member(located, key)
    if located is not None and isinstance(located.value, Invalid):
        raise EditError(located.value.reason, located.line)
    return located


def _items(located: Located | None) -> Sequence[Located]:
    if located is None or located.value is None:
        return ()
    if not isinstance(located.value, tuple):
        raise EditError("must be a sequence", located.line)
    return located.value


def _member(located: Located, key: str) -> Located | None:
    if isinstance(located.value, Invalid):
        raise EditError(located.value.reason, located.line)
    if not isinstance(located.value, Object):
        raise EditError("must be a mapping", located.line)
    for pair in located.value.pairs:
        if pair.key == _MERGE and isinstance(pair.value.value, Invalid):
            raise EditError(pair.value.value.reason, pair.line)
    found = [pair for pair in located.value.pairs if pair.key == key]
    if len(found) > 1:
        raise EditError(f"has {quoted(key)} twice", found[1].line)
    return found[0].value if found else None


def _apart(leaves: Sequence[Leaf]) -> Iterator[Sequence[Leaf]]:
    """Yield values in their order, together where each is in another item of a sequence.

    A file is looked through once for what is together, and not once for each of a thousand roles.
    """
    rounds: list[list[Leaf]] = []
    done: Counter[tuple[str | int, ...]] = Counter()
    for leaf in leaves:
        item = _item_of(leaf.path)
        if not item:
            yield [leaf]
            continue
        if done[item] == len(rounds):
            rounds.append([])
        rounds[done[item]].append(leaf)
        done[item] += 1
    yield from rounds


def _item_of(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return the path to the item of a sequence that a value is in; empty for none."""
    number = next((n for n, key in enumerate(path) if isinstance(key, int)), None)
    return () if number is None else path[: number + 1]


def _is_missing(root: Located | None, leaf: Leaf) -> bool:
    if root is None:
        return leaf.fresh
    there = _at(root, leaf.path)
    if leaf.kept:
        return False
    if there is None or there.value is None:
        return leaf.unset is None or leaf.unset != leaf.value
    return type(there.value) is not type(leaf.value) or there.value != leaf.value


def _insist_on_aliases(before: str, after: str) -> None:
    """Insist that all aliases that are left repeat what they did.

    Raises:
        EditError: one does not.
    """
    if "*" not in before:
        return
    repeated = yaml_text.repeated(before)
    left = iter(repeated)
    for number, one in enumerate(yaml_text.repeated(after)):
        if not any(_is_alike(one, other) for other in left):
            there = repeated[number]
            raise EditError(
                "has an anchor (`&name`) around what is to change, and an alias (`*name`) that"
                " repeats it elsewhere; write the value out there",
                there.line if there is not None else 0,
            )


def _is_alike(one: Located | None, other: Located | None) -> bool:
    if one is None or other is None:
        return one is other
    return _plain(one) == _plain(other)


def _plain(located: Located) -> object:
    match located.value:
        case Object(pairs):
            plain: dict[str, object] = {}
            for pair in pairs:
                if pair.key in plain:
                    raise EditError(f"has {quoted(pair.key)} twice", pair.line)
                plain[pair.key] = _plain(pair.value)
            return plain
        case tuple() as items:
            return [_plain(item) for item in items]
        case value:
            return value


def _as_read(value: object) -> object:
    """Return what a reader makes of a value that was written."""
    if isinstance(value, Mapping):
        return {key: _as_read(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_read(one) for one in value]
    return value


def _get(value: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        value = None if value is None else value.get(key) if isinstance(key, str) else value[key]
    return value


def _set(value: Any, path: Sequence[str | int], leaf: object) -> None:
    for key in path[:-1]:
        if isinstance(key, str) and value.get(key) is None:
            value[key] = {}
        value = value[key]
    value[path[-1]] = deepcopy(leaf)
