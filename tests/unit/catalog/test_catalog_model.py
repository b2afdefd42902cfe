"""The one model of fields: that it, `Entry` and the naming policy say the same."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import MISSING, fields

import pytest

from pgtenant.catalog.model import FIELDS, TENANCY_FIELDS, Entry, FieldSpec, Kind, Tenancy
from pgtenant.catalog.naming import NamingPolicy, name_problem, reserved_reason


@pytest.mark.parametrize(
    ("model", "specs", "besides"),
    [(Entry, FIELDS, {"key", "line", "made_by"}), (Tenancy, TENANCY_FIELDS, set())],
)
def test_the_fields_are_those_of_the_dataclass(
    model: type[Entry | Tenancy], specs: tuple[FieldSpec, ...], besides: set[str]
) -> None:
    attributes = {item.name: item.default for item in fields(model) if item.name not in besides}
    described = {spec.name: MISSING if spec.required else spec.default for spec in specs}
    assert described == attributes


def test_every_field_has_a_sentence_and_every_pattern_is_whole() -> None:
    for spec in (*FIELDS, *TENANCY_FIELDS):
        assert spec.doc.endswith(".")
        if spec.pattern:
            assert (spec.pattern[0], spec.pattern[-1]) == ("^", "$")
            assert "(?" not in spec.pattern
            re.compile(spec.pattern)
        assert not (spec.choices and spec.pattern)
        assert bool(spec.fields) == (spec.kind is Kind.OBJECT)


def test_the_default_policy_is_the_one_the_model_documents() -> None:
    patterns = {spec.name: spec.pattern for spec in FIELDS}
    policy = NamingPolicy()
    assert patterns["database_name"] == policy.database_name == "^[a-z][a-z0-9_]{2,62}$"
    assert patterns["username"] == policy.username == "^[a-z][a-z0-9_]{2,30}$"


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("abc", True),
        ("a" * 63, True),
        ("a" * 64, False),
        ("ab", False),
        ("abc\n", False),
        ("\nabc", False),
        ("_abc", False),
        ("ab\u0441", False),
        ("ABC", False),
        ("a b", False),
    ],
)
def test_names_match_as_a_whole(name: str, good: bool) -> None:
    assert (name_problem(name, NamingPolicy().database_name) is None) is good


def test_reserved_names() -> None:
    for name in ("postgres", "template0", "template1", "rdsadmin", "rds_x", "pg_x", "cnpg_x"):
        assert reserved_reason(name, admin=None, maintenance_database=None)
    for name in ("streaming_replica", "public", "none", "the_admin", "the_database"):
        assert reserved_reason(name, admin="the_admin", maintenance_database="the_database")
    for name in ("postgres2", "pgx", "rdsx", "nonesuch", "template2"):
        assert reserved_reason(name, admin="a", maintenance_database="b") is None


def test_importing_the_model_imports_no_parser() -> None:
    code = (
        "import sys; import pgtenant.catalog.model; "
        "print([m for m in ('tree_sitter', 'yaml', 'json', 'difflib') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
