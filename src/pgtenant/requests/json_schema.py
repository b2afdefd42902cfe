"""The form as JSON Schema: what a value may be, as far as that language can say it.

It says what `request add` says of a value by itself; what depends on other entries or on an
instance is found out there. Patterns are ECMAScript's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from pgtenant.catalog.model import FIELDS, INITIAL_SCHEMAS, Kind
from pgtenant.catalog.naming import MAX_BYTES, RESERVED, RESERVED_PREFIXES, NamingPolicy
from pgtenant.requests.form import FORM, OWNER, FormField

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

# What a regular expression may consist of to mean the same in Python and in ECMAScript.
_PORTABLE: Final = re.compile(
    r"""(?: (?: [A-Za-z0-9_ \-/:@,;<>=!#%&'"~`] | \. | \)
              | \[ \^? (?: [A-Za-z0-9_ \-/:@,;<>=!#%&'"~`.+*?$|(){}] | \\[\\\]\[^] )+ \]
              | \\ [\\.^$|()\[\]{}*+?/] )
            (?: (?: [*+?] | \{ [0-9]+ (?: ,[0-9]* )? \} ) \?? )?
          | \( (?: \?: )? | [|^$] )*""",
    re.VERBOSE,
)
_CAPITALS: Final = re.compile(r"[A-Z.\\]|\[\^")
_WORDS: Final = re.compile(r"\^\[a-z\]\[a-z0-9(_?)(-?)\]\{([0-9]+),([0-9]+)\}\$")
# What Python calls printable: no control, format, private or unassigned characters, and of
# white space the plain one only.
_PRINTABLE: Final = r"^(?:[^\p{C}\p{Z}]| )*$"
_NAMES: Final = frozenset({"database_name", "username"})
_SPECS: Final = {spec.name: spec for spec in FIELDS}
_TYPES: Final = {
    Kind.STRING: "string",
    Kind.BOOL: "boolean",
    Kind.INTEGER: "integer",
    Kind.STRINGS: "array",
    Kind.OBJECT: "object",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What a project says of the values.

    Attributes:
        naming: the form of names.
        maintenance_database: refused as a name, when it is known.
        teams: those that may own a database; any when there is none.
        domains: those that a database may belong to, likewise.
        environments: those that can be chosen, likewise.
        schemas: the files below `schemas/`.
    """

    naming: NamingPolicy = field(default_factory=NamingPolicy)
    maintenance_database: str | None = None
    teams: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()


def json_schema(rules: Rules) -> dict[str, Any]:
    """Return the schema of a whole request, as `request add --from` reads it."""
    return {
        "$schema": DIALECT,
        "title": "A request for a database",
        "type": "object",
        "required": [field.name for field in FORM if field.required],
        "properties": {field.name: schema_of(field, rules) for field in FORM},
        "additionalProperties": False,
    }


def schema_of(field: FormField, rules: Rules) -> dict[str, Any]:
    """Return the schema of one field, with `errorMessage` for what ajv-errors replaces."""
    spec = _SPECS.get(field.name)
    schema: dict[str, Any] = {
        "title": field.name.replace("_", " ").capitalize(),
        "type": _TYPES[field.kind],
        "description": field.doc,
    }
    match field.kind:
        case Kind.STRING:
            schema |= _with_messages(_string(field, rules))
        case Kind.STRINGS:
            items = {"type": "string", **_pattern(field.pattern)}
            schema |= {"items": _with_messages(items), "uniqueItems": True}
        case Kind.INTEGER if spec is not None:
            schema |= {"minimum": spec.minimum, "maximum": spec.maximum}
        case _:
            pass
    if field.kind is Kind.STRING and field.default:
        schema["default"] = field.default
    if field.example:
        schema["examples"] = [field.example]
    return schema


def _string(field: FormField, rules: Rules) -> dict[str, Any]:
    chosen = {
        "owner": rules.teams,
        "domain": rules.domains,
        "environment": rules.environments,
        "initial_schema": (*INITIAL_SCHEMAS, *rules.schemas),
    }.get(field.name, field.choices)
    if chosen:
        # A team that the settings list under a name that none can have is refused all the same.
        odd = field.name == "owner" and not all(re.fullmatch(OWNER, one) for one in chosen)
        return {"enum": list(chosen), **(_pattern(OWNER) if odd else {})}
    if field.name in _NAMES or field.name == "key":
        return _name(field.name, rules)
    if field.name == "secret":
        return {**_pattern(field.pattern), **_refused(r"\.\.", 'must not contain ".."')}
    spec = _SPECS.get(field.name)
    if field.pattern or spec is None:
        return _pattern(field.pattern)
    return {"minLength": 1, "maxLength": spec.max_length, "pattern": _PRINTABLE}


def _name(field: str, rules: Rules) -> dict[str, Any]:
    pattern = getattr(rules.naming, field)
    rule: dict[str, Any] = {"pattern": _PRINTABLE} | _pattern(pattern)
    simple = _WORDS.fullmatch(pattern)
    if simple is None or int(simple[4]) >= MAX_BYTES:
        rule |= {"minLength": 1, "maxLength": MAX_BYTES}
    if field == "key":
        return {**rule, **_refused(r"\.\.|[/\\]", 'must not contain "..", "/" or "\\"')}
    exact = [rules.maintenance_database] if rules.maintenance_database else []
    folded = not _PORTABLE.fullmatch(pattern) or _CAPITALS.search(pattern) is not None
    whole = "|".join([*_escaped(RESERVED, folded=folded), *_escaped(exact, folded=False)])
    starts = "|".join(_escaped(RESERVED_PREFIXES, folded=folded))
    said = f"is reserved: {', '.join([*RESERVED, *exact])}, and what starts with"
    said += f" {', '.join(RESERVED_PREFIXES)}"
    return {**rule, **_refused(f"^(?:(?:{whole})$|{starts})", said)}


def _refused(pattern: str, message: str) -> dict[str, Any]:
    return {"not": {"pattern": pattern}, "errorMessage": {"not": message}}


def _escaped(words: Iterable[str], *, folded: bool) -> list[str]:
    return [
        "".join(
            f"[{char.upper()}{char}]"
            if folded and char.isalpha()
            else re.sub(r"[\\.^$|()\[\]{}*+?/]", r"\\\g<0>", char)
            for char in word
        )
        for word in words
    ]


def _pattern(python: str) -> dict[str, str]:
    """Return the rule that a whole value matches; none where only Python can tell."""
    if not _PORTABLE.fullmatch(python):
        return {}
    flat = re.sub(r"\\.|\[[^\]]*\]", "", python)
    while (less := re.sub(r"\([^()]*\)", "", flat)) != flat:
        flat = less
    anchored = python.startswith("^") and flat.endswith("$") and "|" not in flat
    return {"pattern": python if anchored else f"^(?:{python})$"}


def _with_messages(rule: dict[str, Any]) -> dict[str, Any]:
    match rule.get("pattern"):
        case None:
            return rule
        case str() as pattern if pattern == OWNER:
            said = "must be the name of a team, such as app-team"
        case str() as pattern if pattern == _PRINTABLE:
            said = "must not contain invisible characters"
        case pattern:
            said = f"must {_in_words(pattern)}"
    return {**rule, "errorMessage": {"pattern": said, **rule.get("errorMessage", {})}}


def _in_words(pattern: str) -> str:
    simple = _WORDS.fullmatch(pattern)
    if simple is None:
        return f"match the rule {pattern}"
    underscore, hyphen, least, most = simple.groups()
    more = [word for word, there in (("underscores", underscore), ("hyphens", hyphen)) if there]
    kinds = ["lower-case letters", "digits", *more]
    listed = f"{', '.join(kinds[:-1])} and {kinds[-1]}"
    return f"be {int(least) + 1} to {int(most) + 1} {listed}, with a letter first"
