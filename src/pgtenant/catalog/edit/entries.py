"""Adds an entry to a catalog, or changes one, and proves that nothing else became different."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from pgtenant.catalog.check import VARIABLE, Format
from pgtenant.catalog.edit.dialect import HCL, JSON, YAML
from pgtenant.catalog.edit.put import put
from pgtenant.catalog.edit.tree import EditError, Member, Node, line_number
from pgtenant.catalog.load import mark_of, text_of, tree
from pgtenant.catalog.located import Located, Object, SyntaxProblem
from pgtenant.catalog.model import AccessLevel
from pgtenant.catalog.shown import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pgtenant.catalog.edit.tree import Plain

_DIALECTS: Final = {Format.HCL: HCL, Format.JSON: JSON, Format.YAML: YAML}
_OWNER: Final = AccessLevel.OWNER.value
# Two in a row say nothing.
_FEWEST_SORTED: Final = 3

_Content: TypeAlias = "tuple[list[tuple[str, object]], dict[str, dict[str, object]] | None]"


@dataclass(frozen=True, slots=True)
class Edited:
    """A catalog after an edit.

    Attributes:
        line: where the edit starts, 1-based.
    """

    data: bytes
    line: int


def add_entry(data: bytes, language: Format, key: str, fields: Mapping[str, Plain]) -> Edited:
    """Add an entry to a catalog that does not have one of this key.

    In a map whose keys are sorted it comes where its key belongs; else an editor or reader comes
    below the entries of its database, and everything else at the end.

    Args:
        data: the file, or nothing; it is valid, but for entries that it may lack.
        language: its language.
        key: the entry's key.
        fields: its fields, in the order in which they are to be written.

    Raises:
        EditError: it is not possible without touching something else.
    """
    text, mark = text_of(data), mark_of(data)
    others, entries = _content(text, language)
    names = [name for name, _ in others]
    if entries is None and (near := did_you_mean(VARIABLE, names)):
        raise EditError(f"has no {VARIABLE}{near}")
    dialect = _DIALECTS[language]
    done = put(text, dialect, (VARIABLE, key), fields, place=_place(text, key, fields))
    wanted = (entries or {}) | {key: {name: _as_read(one) for name, one in fields.items()}}
    _prove(done.text, language, (others, wanted))
    start = done.offset
    if entries is None:  # the piece has the variable as well
        start = done.text.index(VARIABLE, start) + len(VARIABLE)
    return Edited(mark + done.text.encode(), line_number(done.text, done.text.index(key, start)))


def change_entry(data: bytes, language: Format, key: str, fields: Mapping[str, Plain]) -> Edited:
    """Set fields of an entry; its other fields stay.

    Args:
        data: the file; it is valid and has the entry.
        language: its language.
        key: the entry's key.
        fields: the new values, one at least.

    Raises:
        EditError: it is not possible without touching something else.
    """
    text, mark = text_of(data), mark_of(data)
    others, entries = _content(text, language)
    wanted = {name: dict(values) for name, values in (entries or {}).items()}
    line = 0
    for field, value in fields.items():
        done = put(text, _DIALECTS[language], (VARIABLE, key, field), value)
        text, line = done.text, line or line_number(done.text, done.offset)
        wanted[key][field] = _as_read(value)
    _prove(text, language, (others, wanted))
    return Edited(mark + text.encode(), line)


def _place(text: str, key: str, fields: Mapping[str, Plain]) -> Callable[[Node], Member | None]:
    """Return what chooses the entry that a new one follows."""

    def place(node: Node) -> Member | None:
        members = node.members or ()
        keys = [one.key for one in members]
        if len(keys) >= _FEWEST_SORTED and keys == sorted(keys):
            return next((one for one in reversed(members) if one.key < key), None)
        if fields.get("access_level", _OWNER) != _OWNER:
            database = fields.get("database_name")
            return next(
                (m for m in reversed(members) if _database(text, m) == database), members[-1]
            )
        return members[-1]

    return place


def _database(text: str, entry: Member) -> str | None:
    found = entry.value.member("database_name")
    return text[found.value.start : found.value.end].strip("\"'") if found else None


def _content(text: str, language: Format) -> _Content:
    """Return the other variables, and the fields of each entry; None where there are no entries."""
    root = tree(text, language)
    if root is None or not isinstance(root.value, Object):
        return [], None
    others = [(p.key, _plain(p.value)) for p in root.value.pairs if p.key != VARIABLE]
    found = next((p.value.value for p in root.value.pairs if p.key == VARIABLE), None)
    if not isinstance(found, Object):
        return others, None
    entries = {
        pair.key: {one.key: _plain(one.value) for one in pair.value.value.pairs}
        for pair in found.pairs
        if isinstance(pair.value.value, Object)
    }
    return others, entries


def _plain(located: Located) -> object:
    """Return a value without the lines that it stands on."""
    match located.value:
        case Object(pairs):
            return Object, tuple((one.key, _plain(one.value)) for one in pairs)
        case tuple() as items:
            return tuple(_plain(item) for item in items)
        case value:
            return value


def _as_read(value: Plain) -> object:
    """Return what a reader makes of a value that was written."""
    return value if isinstance(value, str | int) else tuple(value)


def _prove(text: str, language: Format, wanted: _Content) -> None:
    """Read an edited catalog again.

    Raises:
        EditError: it does not say what it should.
    """
    try:
        content = _content(text, language)
    except SyntaxProblem as problem:
        raise EditError(f"is laid out in a way that no entry fits in: {problem.message}") from None
    if content != wanted:
        raise EditError("is laid out in a way that no edit of one entry fits in")
