"""Every kind of bad tfvars file: one clear message, at the right place."""

from __future__ import annotations

import pytest

from pgtenant.catalog.load import parse
from pgtenant.errors import CatalogError, ExitCode
from unit.catalog.bad import Bad, U, entry
from unit.catalog.bad_fields import FIELD_RULES
from unit.catalog.bad_files import ENTRY_RULES, FILE_RULES

FILE = "envs/dev-rds/terraform.tfvars"

CASES = {**FIELD_RULES, **ENTRY_RULES, **FILE_RULES}


@pytest.mark.parametrize("bad", CASES.values(), ids=CASES.keys())
def test_one_mistake_is_one_problem_at_its_place(bad: Bad) -> None:
    with pytest.raises(CatalogError) as caught:
        parse(bad.text.encode(), display=FILE, maintenance_database="platform")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.entry, problem.field) == (
        FILE,
        bad.line,
        bad.entry,
        bad.field,
    )
    assert bad.message in problem.message
    assert len(problem.message) < 600
    shown = problem.entry + problem.field + problem.message.replace("\n    ", "")
    assert shown.isascii()
    assert shown.isprintable()
    assert caught.value.exit_code is ExitCode.USAGE


def test_all_mistakes_of_a_file_are_reported_together() -> None:
    text = (
        entry('    database_name = "Shop"', '    username = "pg_x"', "    createdb = 1")
        + "x {\n}\n"
    )
    with pytest.raises(CatalogError) as caught:
        parse(text.encode(), display=FILE)
    assert [(p.line, p.field) for p in caught.value.problems] == [
        (3, "database_name"),
        (4, "username"),
        (5, "createdb"),
        (8, "x"),
    ]


def test_a_bad_owner_entry_does_not_make_its_readers_wrong() -> None:
    reader = '  r = { database_name = "shop", username = "rea_der", access_level = "reader" }\n'
    for owner in (
        '  shop = { username = "shop_user" }\n',
        '  x = { database_name = "Shop", username = "shop_user" }\n',
        '  x = { database_name = "shop", username = "shop_user", access_level = "ownr" }\n',
        "  shop = 1\n",
    ):
        text = f"application_databases = {{\n{owner}{reader}}}\n"
        with pytest.raises(CatalogError) as caught:
            parse(text.encode(), display=FILE)
        assert [p.line for p in caught.value.problems] == [2], owner


def test_the_owner_to_add_takes_names_that_are_free() -> None:
    text = (
        "application_databases = {\n"
        '  analytics = { database_name = "analytics", username = "analytics_user"'
        ', access_level = "editor" }\n'
        "}\n"
    )
    with pytest.raises(CatalogError) as caught:
        parse(text.encode(), display=FILE)
    example = caught.value.problems[0].message.splitlines()[1].strip()
    assert (
        example == 'analytics_owner = { database_name = "analytics", username = "analytics_owner" }'
    )
    mended = text.replace("{\n", "{\n" + example + "\n", 1)
    assert len(parse(mended.encode(), display=FILE).entries) == 2


def test_names_that_differ_only_after_byte_63_are_all_refused() -> None:
    stem = "d" * 63
    text = (
        "application_databases = {\n"
        + "".join(
            f'  k{i} = {{ database_name = "{stem}{i}", username = "user_{i}" }}\n' for i in range(3)
        )
        + "}\n"
    )
    with pytest.raises(CatalogError) as caught:
        parse(text.encode(), display=FILE)
    assert [(p.entry, p.field) for p in caught.value.problems] == [
        (f"k{i}", "database_name") for i in range(3)
    ]


def test_a_huge_value_makes_a_short_message() -> None:
    text = entry(
        '    database_name = "' + "\\u0430" * 100_000 + '"', "    " + "x" * 100_000 + " = 1", U
    )
    with pytest.raises(CatalogError) as caught:
        parse(text.encode(), display=FILE)
    assert sum(len(p.message) + len(p.field) for p in caught.value.problems) < 1500


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b'a = 1\nb = "\xff"\n', 2, "not UTF-8: byte 0xff"),
        ("application_databases = {}".encode("utf-16"), 1, "UTF-16"),
        (b"\xef\xbb\xbf", 0, "empty"),
    ],
)
def test_other_encodings_are_named(data: bytes, line: int, message: str) -> None:
    with pytest.raises(CatalogError) as caught:
        parse(data, display=FILE)
    (problem,) = caught.value.problems
    assert problem.line == line
    assert message in problem.message
