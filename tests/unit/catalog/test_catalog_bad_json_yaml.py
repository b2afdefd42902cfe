"""Bad JSON and YAML catalogs: the same rules, and what only these languages can get wrong."""

from __future__ import annotations

import json

import pytest

from pgtenant.catalog.load import parse
from pgtenant.errors import CatalogError, Problem


def problem_of(text: str, display: str) -> Problem:
    with pytest.raises(CatalogError) as caught:
        parse(text.encode(), display=display)
    (problem,) = caught.value.problems
    assert (problem.message.replace("\n    ", "") + problem.entry + problem.field).isprintable()
    assert len(problem.message) < 600
    return problem


def json_entry(*members: str) -> str:
    """Entry `shop`; its first member is on line 4."""
    return '{\n"application_databases": {\n"shop": {\n' + ",\n".join(members) + "\n}}}\n"


JD = '"database_name": "shop"'
JU = '"username": "shop_user"'

JSON = {
    "empty": ("", 0, "", "", "empty"),
    "only null": ("null", 0, "", "", "empty"),
    "no mapping": ("\n[]", 2, "", "", "must be a mapping that has application_databases"),
    "missing": ('{"application_database": {}}', 0, "", "", 'did you mean "application_database"'),
    "null": ('{\n"application_databases":\nnull}', 2, "", "application_databases", "is null"),
    "broken": (json_entry(JD + ",", JU), 4, "", "", "this is not valid JSON"),
    "trailing comma": (json_entry(JD, JU + ","), 5, "", "", "Illegal trailing comma"),
    "trailing comma of a list": (
        '{"extensions": [1,\n\n]}',
        1,
        "",
        "",
        "comma before end of array",
    ),
    "comment": ('{ // note\n"application_databases": {}}', 1, "", "", "not valid JSON"),
    "control character": (json_entry(JD, '"username": "a\x01b"'), 5, "", "", "Invalid control"),
    "deep": ("[" * 200_000, 0, "", "", "nested more than 32 levels"),
    "somewhat deep": ("\n" + "[" * 100 + "]" * 100, 2, "", "", "nested more than 32 levels"),
    "field twice": (json_entry(JD, JU, JU), 6, "shop", "username", "the first is on line 5"),
    "variable twice": (
        '{"application_databases": {},\n"application_databases": {}}',
        2,
        "",
        "application_databases",
        "set twice",
    ),
    "entry twice": (
        '{"application_databases": {\n"shop": {},\n"shop": {}}}'.replace(
            "{}", '{"database_name": "shop", "username": "u_a"}'
        ),
        3,
        "shop",
        "",
        "declared twice; the first is on line 2",
    ),
    "string for a boolean": (
        json_entry(JD, JU, '"createdb": "true"'),
        6,
        "shop",
        "createdb",
        "quotes",
    ),
    "fraction": (
        json_entry(JD, JU, '"connection_limit": 1.5'),
        6,
        "shop",
        "connection_limit",
        "1.5",
    ),
    "boolean for a number": (
        json_entry(JD, JU, '"connection_limit": true'),
        6,
        "shop",
        "connection_limit",
        "must be a whole number, not the boolean true",
    ),
    "5,000 digits": (
        json_entry(JD, JU, f'"connection_limit": {"9" * 5000}'),
        6,
        "shop",
        "connection_limit",
        "is a number of 5000 digits",
    ),
    "enormous exponent": (
        json_entry(JD, JU, '"connection_limit": 1e99999999'),
        6,
        "shop",
        "connection_limit",
        "whole number",
    ),
    "NaN": (
        json_entry(JD, JU, '"connection_limit": NaN'),
        6,
        "shop",
        "connection_limit",
        "not JSON",
    ),
    "half a surrogate pair": (
        json_entry(JD, '"username": "a\\ud800b"'),
        5,
        "shop",
        "username",
        "contains '\\ud800'",
    ),
    "item after a string with brackets": (
        json_entry(JD, JU, '"owner": "a]}\\"{[,"', '"extensions": [\n"citext",\n7]'),
        9,
        "shop",
        "extensions",
        "the number 7",
    ),
    "reader without an owner": (
        json_entry(JD, JU, '"access_level": "reader"'),
        4,
        "shop",
        "database_name",
        '"shop_owner": {"database_name": "shop", "username": "shop_owner"}',
    ),
}


@pytest.mark.parametrize(("text", "line", "entry", "field", "message"), JSON.values(), ids=JSON)
def test_bad_json(text: str, line: int, entry: str, field: str, message: str) -> None:
    problem = problem_of(text, "terraform.tfvars.json")
    assert (problem.line, problem.entry, problem.field) == (line, entry, field)
    assert message in problem.message


def yaml_entry(*lines: str) -> str:
    """Entry `shop`; its first field is on line 3."""
    return "\n".join(["application_databases:", "  shop:", *(f"    {line}" for line in lines), ""])


YD = "database_name: shop"
YU = "username: shop_user"
LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n"
    for a, b in zip("abcdefghijklmn", "bcdefghijklmno", strict=True)
)

YAML = {
    "empty": ("", 0, "", "", "empty"),
    "only a comment": ("# application_databases: {}\n", 0, "", "", "empty"),
    "no mapping": ("- a\n", 1, "", "", "must be a mapping"),
    "missing": ("databases: {}\n", 0, "", "", "application_databases is missing"),
    "null": ("application_databases:\n", 1, "", "application_databases", "is null"),
    "broken": ("application_databases:\n  a: b: c\n", 2, "", "", "not valid YAML"),
    "tab": ("application_databases:\n\tshop: 1\n", 2, "", "", "not valid YAML"),
    "control character": ("a: 1\nb: \x01\n", 2, "", "", "not valid YAML"),
    "second document": (
        "application_databases: {}\n---\na: 1\n",
        2,
        "",
        "",
        "second YAML document",
    ),
    "deep": ("[" * 100_000, 1, "", "", "nested more than 32 levels"),
    "field twice": (yaml_entry(YD, YU, YU), 5, "shop", "username", "set twice"),
    "user that is a boolean": (
        yaml_entry(YD, "username: on"),
        4,
        "shop",
        "username",
        "must be a string, not the boolean true: YAML reads the unquoted on so, put it in quotes",
    ),
    "user that is null": (yaml_entry(YD, "username: ~"), 4, "shop", "username", "is null"),
    "user that is a number": (yaml_entry(YD, "username: 123"), 4, "shop", "username", "in quotes"),
    "owner that is a date": (
        yaml_entry(YD, YU, "owner: 2024-01-02"),
        5,
        "shop",
        "owner",
        "which YAML reads as a date: put it in quotes",
    ),
    "octal": (
        yaml_entry(YD, YU, "connection_limit: 010"),
        5,
        "shop",
        "connection_limit",
        "its own",
    ),
    "sixties": (yaml_entry(YD, YU, "connection_limit: 1:30"), 5, "shop", "connection_limit", "own"),
    "infinite": (
        yaml_entry(YD, YU, "connection_limit: .inf"),
        5,
        "shop",
        "connection_limit",
        "own",
    ),
    "string for a boolean": (
        yaml_entry(YD, YU, 'createdb: "yes"'),
        5,
        "shop",
        "createdb",
        "quotes",
    ),
    "key that is a boolean": (
        "application_databases:\n  on: {database_name: shop, username: shop_user}\n",
        2,
        "on",
        "",
        'put "on" in quotes',
    ),
    "python object": (
        yaml_entry(YD, "username: !!python/object/apply:os.getcwd []"),
        4,
        "shop",
        "username",
        "has the YAML tag",
    ),
    "own tag": (yaml_entry(YD, "username: !secret x"), 4, "shop", "username", "has the YAML tag"),
    "alias": (
        "a: &a shop_user\n" + yaml_entry(YD, "username: *a"),
        5,
        "shop",
        "username",
        "is an alias",
    ),
    "undefined alias": (
        yaml_entry(YD, "username: *a"),
        4,
        "shop",
        "username",
        "is an alias",
    ),
    "merge": ("a: &a {}\n" + yaml_entry("<<: *a", YD, YU), 4, "shop", "<<", "a merge"),
    "itself": ("application_databases: &a\n  shop: *a\n", 2, "shop", "", "is an alias"),
    "a billion laughs": (
        f"{LAUGHS}application_databases: *o\n",
        16,
        "",
        "application_databases",
        "is an alias",
    ),
    "trailing line break": (
        yaml_entry(YD, "username: |", "  shop_user"),
        4,
        "shop",
        "username",
        "a line break",
    ),
    "item": (
        yaml_entry(YD, YU, "extensions:", "  - citext", "  - on"),
        7,
        "shop",
        "extensions",
        "on",
    ),
    "reader without an owner": (
        yaml_entry(YD, YU, "access_level: reader"),
        3,
        "shop",
        "database_name",
        '"shop_owner": {"database_name": "shop", "username": "shop_owner"}',
    ),
}


@pytest.mark.parametrize(("text", "line", "entry", "field", "message"), YAML.values(), ids=YAML)
def test_bad_yaml(text: str, line: int, entry: str, field: str, message: str) -> None:
    problem = problem_of(text, "databases.yaml")
    assert (problem.line, problem.entry, problem.field) == (line, entry, field)
    assert message in problem.message


def test_the_owner_that_json_proposes_mends_the_file() -> None:
    text = json_entry(JD, JU, '"access_level": "reader"')
    example = problem_of(text, "a.json").message.splitlines()[1]
    declared = json.loads(text)
    declared["application_databases"] |= json.loads("{" + example + "}")
    assert len(parse(json.dumps(declared).encode(), display="a.json").entries) == 2
