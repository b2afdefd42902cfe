"""Checks the fields of one object against the model."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from pgtenant.catalog.located import Invalid, Located, Object, Pair, Value
from pgtenant.catalog.model import (
    INITIAL_SCHEMAS,
    AccessLevel,
    Auth,
    FieldSpec,
    Kind,
    Rotation,
    Tenancy,
)
from pgtenant.catalog.naming import (
    MAX_BYTES,
    RETIRED_PREFIX,
    NamingPolicy,
    name_problem,
    reserved_reason,
)
from pgtenant.catalog.shown import character, did_you_mean, plain, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

# Takes the line, the field and what is wrong with it.
Complain: TypeAlias = "Callable[[int, str, str], None]"

_RESERVABLE = frozenset({"database_name", "username", "schema_prefix"})

_WORDS: dict[str, type[AccessLevel | Auth | Rotation]] = {
    "access_level": AccessLevel,
    "auth": Auth,
    "rotation": Rotation,
}
_WANTED = {
    Kind.STRING: "a string",
    Kind.BOOL: "true or false",
    Kind.INTEGER: "a whole number",
    Kind.STRINGS: "a list of strings",
    Kind.OBJECT: "an object",
}


class FieldChecker:
    """Checks values; knows what the rules depend on beyond the model.

    Args:
        policy: the form of names.
        maintenance_database: refused as a name, when it is known.
        schemas: the directory of initial schemas, in the project's; None leaves the existence of
            what a field names unchecked.
    """

    def __init__(
        self, policy: NamingPolicy, maintenance_database: str | None, schemas: Path | None
    ) -> None:
        self._names = {"database_name": policy.database_name, "username": policy.username}
        self._maintenance_database = maintenance_database
        self._schemas = schemas

    def read(
        self,
        value: Object,
        specs: tuple[FieldSpec, ...],
        line: int,
        complain: Complain,
        prefix: str = "",
    ) -> dict[str, object]:
        """Check an object's fields.

        Args:
            value: the object.
            specs: its fields.
            line: where the object is, for fields that are missing.
            complain: is told every problem.
            prefix: put before the names of fields in problems.

        Returns:
            The good values of the fields that are there.
        """
        known = {spec.name: spec for spec in specs}
        seen: dict[str, int] = {}
        values: dict[str, object] = {}
        for pair in value.pairs:
            shown = prefix + plain(pair.key)
            spec = known.get(pair.key)
            if pair.key in seen:
                complain(pair.line, shown, f"is set twice; the first is on line {seen[pair.key]}")
                continue
            seen[pair.key] = pair.line
            if spec is None:
                complain(pair.line, shown, _unknown(pair, known))
            elif pair.value.value is None:
                if spec.required:
                    complain(pair.line, shown, f"is null, but is required{_written(pair.value)}")
            else:
                checked = self._check(spec, pair.value, complain, shown)
                if checked is not None:
                    values[spec.name] = checked
        for spec in specs:
            if spec.required and spec.name not in seen:
                complain(line, prefix + spec.name, "is missing, but is required")
        return values

    def _check(self, spec: FieldSpec, located: Located, complain: Complain, shown: str) -> object:
        """Return the value, or None after complaining."""
        value = located.value
        result: object = None
        problem: str | None
        match spec.kind, value:
            case _, Invalid():
                problem = value.reason
            case Kind.STRING, str():
                problem = self._string_problem(spec, value)
                words = _WORDS.get(spec.name)
                result = words(value) if words is not None and not problem else value
            case Kind.BOOL, bool():
                problem, result = None, value
            case Kind.INTEGER, int() if not isinstance(value, bool):
                problem, result = _range_problem(spec, value), value
            case Kind.STRINGS, tuple():
                return self._strings(spec, value, complain, shown)
            case Kind.OBJECT, Object():
                values = self.read(value, spec.fields, located.line, complain, f"{shown}.")
                return Tenancy(**values)  # type: ignore[arg-type]  # each was checked by its spec
            case _:
                problem = _wrong_type(_WANTED[spec.kind], located)
        if problem:
            complain(located.line, shown, problem)
            return None
        return result

    def _strings(
        self, spec: FieldSpec, items: tuple[Located, ...], complain: Complain, shown: str
    ) -> tuple[str, ...]:
        good: dict[str, int] = {}
        for item in items:
            value = item.value
            if isinstance(value, Invalid):
                complain(item.line, shown, f"has an item that {value.reason}")
            elif not isinstance(value, str):
                complain(item.line, shown, f"has an item that {_wrong_type('a string', item)}")
            elif problem := name_problem(value, spec.pattern):
                complain(item.line, shown, f"has an item that {problem}")
            elif value in good:
                complain(item.line, shown, f"lists {quoted(value)} twice")
            else:
                good[value] = item.line
        return tuple(good)

    def _string_problem(self, spec: FieldSpec, value: str) -> str | None:
        if spec.choices:
            return _choice_problem(spec, value)
        if spec.max_length is not None:
            return _text_problem(value, spec.max_length)
        match spec.name:
            case "initial_schema" | "template" | "tenants_file":
                return self._place_problem(spec.name, value)
            case "secret":
                return _secret_problem(value, spec.pattern)
            case "setting":
                return _setting_problem(value, spec.pattern)
            case _:
                return self._name_problem(spec, value)

    def _name_problem(self, spec: FieldSpec, value: str) -> str | None:
        problem = name_problem(value, self._names.get(spec.name, spec.pattern))
        if problem is not None or spec.name not in _RESERVABLE:
            return problem
        reason = reserved_reason(value, admin=None, maintenance_database=self._maintenance_database)
        if spec.name == "schema_prefix" and _meet(value, RETIRED_PREFIX):
            reason = f"the schemas of retired tenants start with {RETIRED_PREFIX}"
        return f"is reserved: {quoted(value)}; {reason}" if reason else None

    def _place_problem(self, name: str, value: str) -> str | None:
        """Judge what names a file or a directory of the project."""
        match name:
            case "template":
                return self._template_problem(value)
            case "tenants_file":
                return self._tenants_problem(value)
            case _:
                return self._schema_problem(value)

    def _schema_problem(self, value: str) -> str | None:
        if value in INITIAL_SCHEMAS:
            return None
        if problem := _path_problem(value):
            allowed = f"{_list(INITIAL_SCHEMAS)}, or a file below schemas/"
            return f"{problem}: {quoted(value)}; it is one of {allowed}"
        return _missing(value, self._schemas, "schemas/", words=INITIAL_SCHEMAS)

    def _template_problem(self, value: str) -> str | None:
        if problem := _path_problem(value):
            return f"{problem}: {quoted(value)}; it is a directory below schemas/"
        return _missing(value, self._schemas, "schemas/", directory=True)

    def _tenants_problem(self, value: str) -> str | None:
        if problem := _path_problem(value):
            return f"{problem}: {quoted(value)}; it is a file of the project"
        project = self._schemas.parent if self._schemas is not None else None
        return _missing(value, project, "the project's directory")


def _unknown(pair: Pair, known: dict[str, FieldSpec]) -> str:
    if isinstance(pair.value.value, Invalid) and not pair.key.isidentifier():
        return pair.value.value.reason
    if isinstance(pair.value.value, Object):
        # The usual cause of an object here is the brace of the entry above it.
        return "is not a field of an entry; is a closing `}` missing above it?"
    near = did_you_mean(pair.key, known)
    return f"is not a field{near or '; the fields are ' + ', '.join(known)}"


def _written(located: Located) -> str:
    return f" (YAML reads the unquoted {quoted(located.written)} so)" if located.written else ""


def _wrong_type(wanted: str, located: Located) -> str:
    value = located.value
    message = f"must be {wanted}, not {_describe(value)}"
    if wanted == "a string" and located.written:
        return f"{message}: YAML reads the unquoted {located.written[:20]} so, put it in quotes"
    if isinstance(value, str) and wanted in {"true or false", "a whole number"}:
        return f"{message}; leave the quotes out"
    return message


def _describe(value: Value) -> str:  # noqa: PLR0911 - one return per type
    match value:
        case bool():
            return f"the boolean {str(value).lower()}"
        case str():
            return f"the string {quoted(value)}"
        case int() | Decimal():
            return f"the number {plain(str(value), 30)}"
        case tuple():
            return "a list"
        case Object():
            return "an object"
        case None:
            return "null"
        case Invalid():
            return "this"


def _range_problem(spec: FieldSpec, value: int) -> str | None:
    if spec.minimum is not None and value < spec.minimum:
        hint = "; leave it out for no limit" if spec.name == "connection_limit" else ""
        return f"must be {spec.minimum} or more, not {plain(str(value), 30)}{hint}"
    if spec.maximum is not None and value > spec.maximum:
        return f"must be {spec.maximum} or less, not {plain(str(value), 30)}"
    return None


def _choice_problem(spec: FieldSpec, value: str) -> str | None:
    if value in spec.choices:
        return None
    near = did_you_mean(value, spec.choices)
    return f"must be one of {_list(spec.choices)}, not {quoted(value)}{near}"


def _text_problem(value: str, limit: int) -> str | None:
    if len(value) > limit:
        return f"is {len(value)} characters long, at most {limit} are allowed: {quoted(value)}"
    hidden = next((char for char in value if not char.isprintable()), None)
    return None if hidden is None else f"contains {character(hidden)}: {quoted(value)}"


def _secret_problem(value: str, pattern: str) -> str | None:
    if not re.fullmatch(pattern, value):
        return f"is not a secret's name: {quoted(value)}; the rule is {pattern}"
    return f'must not contain "..": {quoted(value)}' if ".." in value else None


def _setting_problem(value: str, pattern: str) -> str | None:
    if not re.fullmatch(pattern, value):
        named = "is not a custom setting such as app.current_tenant"
        return f"{named}: {quoted(value)}; the rule is {pattern}"
    if len(value) > MAX_BYTES:
        return f"is longer than {MAX_BYTES} characters: {quoted(value)}"
    return None


def _path_problem(value: str) -> str | None:
    if not value:
        return "is empty"
    odd = next((char for char in value if not char.isprintable() or char == "\\"), None)
    if odd is not None:
        return f"contains {character(odd)}"
    if len(value) > 200:
        return f"is {len(value)} characters long"
    parts = value.split("/")
    if PurePosixPath(value).is_absolute() or any(part in {"", ".", ".."} for part in parts):
        return "is not a plain relative path"
    return None


def _missing(
    value: str,
    base: Path | None,
    named: str,
    *,
    directory: bool = False,
    words: tuple[str, ...] = (),
) -> str | None:
    """Return what is wrong with a plain relative path as a file, or a directory, below `base`.

    Args:
        value: the path.
        base: None leaves its existence unchecked.
        named: what `base` is called.
        directory: whether it is to be a directory.
        words: what else may have been meant.
    """
    if base is None:
        return None
    what = "directory" if directory else "file"
    path = base / value
    try:
        inside = path.resolve(strict=True).is_relative_to(base.resolve())
        found = path.is_dir() if directory else path.is_file()
    except (OSError, RuntimeError):
        return f"names no {what} below {named}: {quoted(value)}{did_you_mean(value, words)}"
    if not inside:
        return f"is a link that leaves {named}: {quoted(value)}"
    where = f"{named}{plain(value)}" if named.endswith("/") else plain(value)
    return None if found else f"is not a {what}: {where}"


def _meet(prefix: str, other: str) -> bool:
    """Return whether a name can start with both."""
    return prefix.startswith(other) or other.startswith(prefix)


def is_schema_path(value: str) -> bool:
    """Tell whether `initial_schema` can name a file of this path, if it is there."""
    return _path_problem(value) is None


def _list(choices: tuple[str, ...]) -> str:
    return ", ".join(choices)
