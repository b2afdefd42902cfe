"""The form that Backstage shows, from the model that validates requests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pgtenant.catalog.naming import NamingPolicy
from pgtenant.cli import main
from pgtenant.platform.layout import layout
from pgtenant.platform.options import check_options
from pgtenant.requests.backstage import PATH, Target, template
from pgtenant.requests.form import FORM
from pgtenant.requests.json_schema import Rules, json_schema

TARGET = Target("example-org/platform", "development", "platform-team")
EIGHT = [
    *("database_name", "username", "owner", "requester"),
    *("environment", "domain", "risk", "initial_schema"),
]


def properties(**rules: Any) -> dict[str, Any]:
    found: dict[str, Any] = json_schema(Rules(**rules))["properties"]
    return found


def test_the_documents_eight_fields_in_their_order_and_the_size_apart() -> None:
    first, second = template(Rules(), TARGET)["spec"]["parameters"]
    assert list(first["properties"]) == EIGHT
    assert first["required"] == EIGHT[:-1]
    assert list(second["properties"]) == ["size"]
    assert "required" not in second


def test_every_input_of_the_workflow_is_a_string() -> None:
    [step] = template(Rules(), TARGET)["spec"]["steps"]
    assert step["action"] == "github:actions:dispatch"
    assert step["input"]["repoUrl"] == "github.com?owner=example-org&repo=platform"
    inputs = step["input"]["workflowInputs"]
    assert list(inputs) == [*EIGHT, "size", "base"]
    # An older GitHub Enterprise Server takes no more.
    assert len(inputs) == 10
    assert all(isinstance(value, str) for value in inputs.values())


def test_lists_of_the_settings_are_lists_to_choose_from() -> None:
    found = properties(
        teams=("app-team", "data"),
        domains=("billing",),
        environments=("dev", "prod"),
        schemas=("seed.sql",),
    )
    assert found["owner"]["enum"] == ["app-team", "data"]
    assert found["domain"]["enum"] == ["billing"]
    assert found["environment"]["enum"] == ["dev", "prod"]
    assert found["initial_schema"]["enum"] == ["none", "basic-app", "event-sourcing", "seed.sql"]
    assert "enum" not in properties()["owner"]
    assert "pattern" not in found["owner"]
    assert "pattern" in properties(teams=("app-team", "\u00e9quipe"))["owner"]


@pytest.mark.parametrize(
    ("policy", "pattern"),
    [
        ("^[a-z][a-z0-9_]{2,62}$", "^[a-z][a-z0-9_]{2,62}$"),
        ("[a-z]+", "^(?:[a-z]+)$"),
        ("^a|b$", "^(?:^a|b$)$"),
        ("^(a|b)$", "^(a|b)$"),
        (r"^\w+$", None),
        ("(?i)abc", None),
        ("(?P<a>x)", None),
        ("a++", None),
        ("a{,3}", None),
        ("[]a]", None),
        (r"a\Z", None),
    ],
)
def test_a_rule_that_only_python_reads_is_left_out(policy: str, pattern: str | None) -> None:
    found = properties(naming=NamingPolicy(username=policy))["username"]
    invisible = properties()["requester"]["pattern"]
    assert found["pattern"] == (invisible if pattern is None else pattern)


def test_reserved_names_are_refused_in_capitals_where_the_policy_has_capitals() -> None:
    plain = properties(maintenance_database="Main.db")["database_name"]["not"]["pattern"]
    assert re.search(plain, "postgres")
    assert re.search(plain, "rds_x")
    assert re.search(plain, "Main.db")
    assert not re.search(plain, "Main-db")
    assert not re.search(plain, "postgresql")
    folded = properties(naming=NamingPolicy(username="[a-zA-Z_]+"))["username"]["not"]["pattern"]
    assert re.search(folded, "PostGres")
    assert re.search(folded, "PG_x")


def test_the_schema_has_every_field_and_no_other() -> None:
    schema = json_schema(Rules())
    assert list(schema["properties"]) == [field.name for field in FORM]
    assert schema["additionalProperties"] is False


def test_it_is_laid_out_as_the_command_prints_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"repository": "acme/databases", "prefix": "acme"}
    files = {str(file.path): file.content for file in layout(check_options(options))}
    (tmp_path / "pgtenant.toml").write_bytes(files["pgtenant.toml"])
    assert main(["request", "form", "--project", str(tmp_path)]) == 0
    assert capsys.readouterr().out.encode() == files[PATH]
    assert yaml.safe_load(files[PATH])["spec"]["owner"] == "platform-team"


def test_a_host_and_a_branch_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = '[requests]\nrepository = "git.example.org/acme/databases"\nbase = "main"\n'
    (tmp_path / "pgtenant.toml").write_text(settings)
    assert main(["request", "form", "--project", str(tmp_path)]) == 0
    made = yaml.safe_load(capsys.readouterr().out)["spec"]
    given = made["steps"][0]["input"]
    assert given["repoUrl"] == "git.example.org?owner=acme&repo=databases"
    assert (given["branchOrTagName"], given["workflowInputs"]["base"]) == ("main", "main")
    assert made["output"]["links"][0]["url"].startswith("https://git.example.org/acme/databases/")


def test_without_a_repository_it_says_which_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["request", "form", "--project", str(tmp_path)]) == 64
    assert 'put `repository = "owner/name"` into [requests]' in capsys.readouterr().err
    assert main(["request", "form", "--format", "json-schema", "--project", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["type"] == "object"


@pytest.mark.parametrize(
    "line",
    [
        'repository = "platform"',
        'repository = "a/b/c/d"',
        'repository = "acme/x?y"',
        'repository = "acme/${{ x }}"',
        'base = "a..b"',
        'base = "-x"',
        'base = ""',
    ],
)
def test_what_can_be_no_repository_or_branch(
    tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pgtenant.toml").write_text(f"[requests]\n{line}\n")
    assert main(["request", "form", "--project", str(tmp_path)]) == 64
    assert line.partition(" ")[0] in capsys.readouterr().err


@pytest.mark.parametrize("value", [0, False, [], 5])
def test_a_key_is_a_text(tmp_path: Path, value: object, capsys: pytest.CaptureFixture[str]) -> None:
    """A key of 0 would be no key, and so the database's name."""
    request = tmp_path / "request.json"
    given = {"database_name": "inventory", "environment": "dev", "key": value}
    request.write_text(json.dumps(given))
    assert main(["request", "add", "--from", str(request), "--project", str(tmp_path)]) == 64
    assert "  key: must be a string, not" in capsys.readouterr().err
