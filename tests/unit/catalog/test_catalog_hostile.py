"""Every kind of hostile text and of wrong type, in every field, in every language."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from pgtenant.catalog.load import parse
from pgtenant.catalog.model import FIELDS, FieldSpec, Kind
from pgtenant.errors import CatalogError, Problem

GOOD: dict[str, Any] = {"database_name": "shop", "username": "shop_user"}
TENANCY = next(spec for spec in FIELDS if spec.kind is Kind.OBJECT)
EVERY = (
    *((spec.name, spec) for spec in FIELDS),
    *((f"{TENANCY.name}.{spec.name}", spec) for spec in TENANCY.fields),
)
HOSTILE = {
    "option smuggling": "pwn SUPERUSER --",
    "double quote": 'x"; drop role y; --',
    "single quote": "x'; drop role y; --",
    "dollar quotes": "$$; drop role y; $$",
    "comment": "x/*",
    "NUL": "shop\0user",
    "terminal escape": "\x1b]0;owned\x07",
    "cyrillic look-alike": "sh\u043ep_user",
    "full width": "\uff53\uff48\uff4f\uff50",
    "dotless i": "adm\u0131n",
    "combining": "shop\u0301_user",
    "zero width": "shop\u200buser",
    "bidi override": "shop\u202eresu",
    "other line break": "shop\u2028user",
    "trailing line break": "shop_user\n",
    "no-break space": "shop\u00a0user",
    "capitals": "MyUser",
    "64 bytes": "n" * 64,
    "long": "n" * 10_000,
    "empty": "",
    "space": " ",
    "climbing": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "percent": "%s%n%(x)s",
    "braces": "{0}{x}",
    "postgres": "postgres",
    "pg_": "pg_read_all_data",
    "the maintenance database": "platform",
}
FREE_TEXT = {"owner", "requester", "domain"}
PATHS = {
    *("option smuggling", "double quote", "single quote", "dollar quotes", "comment"),
    *("cyrillic look-alike", "full width", "dotless i", "combining", "capitals"),
    *("64 bytes", "percent", "braces", "postgres", "pg_", "the maintenance database", "space"),
}
"""Without a directory to look into, every plain name may be that of a file."""
NAMES_OF_FILES = {"initial_schema", "template", "tenants_file"}
ALLOWED = {
    # Where one of them is as good as any other text.
    "secret": {"capitals", "64 bytes", "postgres", "pg_", "the maintenance database"},
    "column": {"postgres", "pg_", "the maintenance database"},
    **dict.fromkeys(NAMES_OF_FILES, PATHS),
    "extensions": {"postgres", "pg_", "the maintenance database"},
}


def files(fields: dict[str, Any]) -> dict[str, str]:
    """Return a catalog of one entry in each language."""
    body = ", ".join(f"{name} = {_hcl(value)}" for name, value in fields.items())
    document = {"application_databases": {"shop": fields}}
    return {
        "a.tfvars": f"application_databases = {{ shop = {{ {body} }} }}\n",
        "a.json": json.dumps(document),
        "a.yaml": yaml.safe_dump(document),
    }


def _hcl(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_hcl(key)} = {_hcl(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_hcl, value)) + "]"
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")


def with_field(name: str, value: object) -> dict[str, Any]:
    if "." in name:
        parent, child = name.split(".")
        return GOOD | {parent: {child: value}}
    return GOOD | {name: value}


def refused(display: str, text: str) -> tuple[Problem, ...]:
    with pytest.raises(CatalogError) as caught:
        parse(text.encode(), display=display, maintenance_database="platform")
    for problem in caught.value.problems:
        shown = problem.entry + problem.field + problem.message.replace("\n    ", "")
        assert shown.isascii()
        assert shown.isprintable()
        assert len(problem.message) < 600
    return caught.value.problems


@pytest.mark.parametrize(("name", "spec"), EVERY, ids=[name for name, _ in EVERY])
def test_hostile_text(name: str, spec: FieldSpec) -> None:
    for kind in HOSTILE:
        _hostile_text(name, spec, kind)


def _hostile_text(name: str, spec: FieldSpec, kind: str) -> None:
    text = HOSTILE[kind]
    value = [text] if spec.kind is Kind.STRINGS else text
    fine = kind in ALLOWED.get(spec.name, ())
    if spec.name in FREE_TEXT:
        fine = text.isprintable() and len(text) <= 200
    for display, written in files(with_field(name, value)).items():
        if fine:
            catalog = parse(written.encode(), display=display, maintenance_database="platform")
            found: object = catalog.entries[0]
            for part in name.split("."):
                found = getattr(found, part)
            assert found == ((text,) if spec.kind is Kind.STRINGS else text)
        else:
            assert name in {problem.field for problem in refused(display, written)}, (kind, display)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_keys(kind: str) -> None:
    key = HOSTILE[kind]
    if kind in {"postgres", "pg_", "the maintenance database"}:
        return  # a key names a secret, nothing on the server
    document = {"application_databases": {key: GOOD}}
    refused("a.tfvars", f"application_databases = {{ {_hcl(key)} = {_hcl(GOOD)} }}\n")
    refused("a.json", json.dumps(document))
    refused("a.yaml", yaml.safe_dump(document))


@pytest.mark.parametrize("key", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_of_fields(key: str) -> None:
    for display, written in files(GOOD | {key: "x"}).items():
        refused(display, written)


WRONG: dict[str, object] = {
    "a boolean": True,
    "a number": 17,
    "a fraction": 1.5,
    "a string": "nonsense here",
    "a list": [],
    "a list of lists": [["citext"]],
    "a list of numbers": [1],
    "a list of null": [None],
    "an object": {"x": "y"},
    "nested objects": {"x": {"y": {"z": [1, {}]}}},
}
RIGHT = {
    Kind.BOOL: {"a boolean"},
    Kind.INTEGER: {"a number"},
    Kind.STRINGS: {"a list"},
    Kind.STRING: set[str](),
    Kind.OBJECT: set[str](),
}


@pytest.mark.parametrize(("name", "spec"), EVERY, ids=[name for name, _ in EVERY])
def test_wrong_types(name: str, spec: FieldSpec) -> None:
    for kind in WRONG:
        _wrong_type(name, spec, kind)


def _wrong_type(name: str, spec: FieldSpec, kind: str) -> None:
    if kind in RIGHT[spec.kind] or (kind == "a string" and spec.name in FREE_TEXT):
        return
    if kind == "a string" and spec.name in NAMES_OF_FILES:
        return  # a file may be called so
    for display, written in files(with_field(name, WRONG[kind])).items():
        fields = {problem.field for problem in refused(display, written)}
        assert any(field.startswith(name) for field in fields), (kind, display, fields)


@pytest.mark.parametrize("value", [*WRONG.values(), None], ids=[*WRONG, "null"])
def test_what_is_no_entry_and_no_catalog(value: object) -> None:
    entry = {"application_databases": {"shop": value}}
    refused("a.tfvars", f"application_databases = {{ shop = {_hcl(value)} }}\n")
    refused("a.json", json.dumps(entry))
    refused("a.yaml", yaml.safe_dump(entry))
    whole = {"application_databases": value}
    refused("a.tfvars", f"application_databases = {_hcl(value)}\n")
    refused("a.json", json.dumps(whole))
    refused("a.yaml", yaml.safe_dump(whole))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037"])
def test_other_encodings(encoding: str) -> None:
    for display, written in files(GOOD).items():
        with pytest.raises(CatalogError):
            parse(written.encode(encoding), display=display)


def test_a_byte_order_mark_is_no_mistake() -> None:
    for display, written in files(GOOD).items():
        assert len(parse(written.encode("utf-8-sig"), display=display).entries) == 1
