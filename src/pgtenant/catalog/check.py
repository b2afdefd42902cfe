"""A value tree to a catalog: the entries one by one, then what holds between them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pgtenant.catalog import relations, runtime
from pgtenant.catalog.located import Invalid, Located, Object, Pair
from pgtenant.catalog.model import FIELDS, AccessLevel, Catalog, Entry
from pgtenant.catalog.naming import NamingPolicy, key_problem
from pgtenant.catalog.relations import Draft
from pgtenant.catalog.shown import did_you_mean, plain, quoted
from pgtenant.errors import CatalogError, Problem

if TYPE_CHECKING:
    from pgtenant.catalog.fields import FieldChecker

VARIABLE = "application_databases"


class Format(StrEnum):
    """The language of a catalog file."""

    HCL = "hcl"
    JSON = "json"
    YAML = "yaml"


class Checker:
    """Collects everything that is wrong with one file.

    Args:
        file: the path that problems show.
        language: the file's language, for the examples in problems.
        policy: the form of names.
        fields: checks the fields of an entry.
    """

    def __init__(
        self, file: str, language: Format, policy: NamingPolicy, fields: FieldChecker
    ) -> None:
        self._file = file
        self._language = language
        self._policy = policy
        self._fields = fields
        self._problems: list[Problem] = []

    def catalog(self, root: Located | None) -> Catalog:
        """Check a whole file.

        Args:
            root: the top-level value; None for a file without one.

        Returns:
            The catalog.

        Raises:
            CatalogError: something is wrong with it; names everything.
        """
        declared = self._declared(root)
        drafts = self._drafts(declared) if declared is not None else []
        for problem in relations.problems(drafts, self._example):
            self._complain(*problem)
        for problem in runtime.runtime_problems(drafts, self._policy):
            self._complain(*problem)
        if self._problems:
            raise CatalogError(tuple(self._problems))
        entries = [_entry(draft) for draft in drafts]
        made = [one for entry in entries if (one := runtime.runtime_entry(entry)) is not None]
        return Catalog(self._file, (*entries, *made))

    def _complain(self, line: int, message: str, entry: str = "", field: str = "") -> None:
        self._problems.append(Problem(self._file, line, entry, field, message))

    def _declared(self, root: Located | None) -> Object | None:
        if root is None or root.value is None:
            self._complain(0, f"the file is empty; without any entry it says `{self._empty()}`")
            return None
        if not isinstance(root.value, Object):
            self._complain(root.line, f"the file must be a mapping that has {VARIABLE}")
            return None
        found, names = self._variable(root.value)
        if found is None:
            near = did_you_mean(VARIABLE, names)
            message = f"{VARIABLE} is missing{near}; without any entry the file says"
            self._complain(0, f"{message} `{self._empty()}`")
            return None
        match found.value.value:
            case Object() as declared:
                return declared
            case Invalid():
                pass
            case None:
                message = f"is null; without any entry the file says `{self._empty()}`"
                self._complain(found.line, message, "", VARIABLE)
            case _:
                self._complain(found.line, "must map each entry's key to its fields", "", VARIABLE)
        return None

    def _variable(self, root: Object) -> tuple[Pair | None, tuple[str, ...]]:
        """Find the variable, and the names of all, checking what is refused in any of them."""
        seen: dict[str, Pair] = {}
        for pair in root.pairs:
            value = pair.value.value
            ours = pair.key == VARIABLE or self._language is Format.HCL
            first = seen.setdefault(pair.key, pair)
            if first is not pair:
                message = f"is set twice; the first is on line {first.line}"
                self._complain(pair.line, message, "", plain(pair.key))
            elif isinstance(value, Invalid) and ours:
                self._complain(pair.line, value.reason, "", plain(pair.key))
        return seen.get(VARIABLE), tuple(plain(name) for name in seen)

    def _empty(self) -> str:
        match self._language:
            case Format.HCL:
                return f"{VARIABLE} = {{}}"
            case Format.JSON:
                return f'{{"{VARIABLE}": {{}}}}'
            case Format.YAML:
                return f"{VARIABLE}: {{}}"

    def _drafts(self, declared: Object) -> list[Draft]:
        drafts: dict[str, Draft] = {}
        for pair in declared.pairs:
            if (first := drafts.get(pair.key)) is not None:
                message = f"the entry is declared twice; the first is on line {first.line}"
                self._complain(pair.line, message, plain(pair.key))
                continue
            drafts[pair.key] = self._draft(pair)
        return list(drafts.values())

    def _example(self, key: str, name: str, user: str) -> str:
        if self._language is Format.HCL:
            return f"{key} = {{ database_name = {quoted(name)}, username = {quoted(user)} }}"
        return f'"{key}": {{"database_name": {quoted(name)}, "username": {quoted(user)}}}'

    def _draft(self, pair: Pair) -> Draft:
        entry = plain(pair.key)
        value = pair.value.value
        if isinstance(value, Invalid):
            self._complain(pair.line, value.reason, entry)
            return Draft(pair.key, pair.line, {}, {}, {})
        if problem := key_problem(pair.key, self._policy.key):
            self._complain(pair.line, f"the key {problem}", entry)
        if not isinstance(value, Object):
            self._complain(pair.line, "must be an object with the fields of the entry", entry)
            return Draft(pair.key, pair.line, {}, {}, {})

        def complain(line: int, field: str, message: str) -> None:
            self._complain(line, message, entry, field)

        values = self._fields.read(value, FIELDS, pair.line, complain)
        # Backwards, so that of a field that is set twice the first one counts.
        lines = {item.key: item.value.line for item in reversed(value.pairs)}
        written = {item.key: item.value.value for item in reversed(value.pairs)}
        level = values.get("access_level", AccessLevel.OWNER)
        if level is not AccessLevel.OWNER:
            for spec in FIELDS:
                # A generated file may spell the defaults out everywhere; they do no harm.
                if spec.owner_only and values.get(spec.name, spec.default) != spec.default:
                    message = f"belongs to the database's owner entry; this one is {level}"
                    complain(lines[spec.name], spec.name, message)
        return Draft(pair.key, pair.line, lines, written, values)


def _entry(draft: Draft) -> Entry:
    # Every value was checked against the field of this name in FIELDS.
    return Entry(key=draft.key, line=draft.line, **draft.values)  # type: ignore[arg-type]
