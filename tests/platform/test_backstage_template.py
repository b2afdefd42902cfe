"""The form for a database, in Backstage's own scaffolder and by the libraries of its page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from pgtenant import settings
from pgtenant.cli import main
from pgtenant.errors import PgtenantError
from pgtenant.requests.form import DISPATCHED, FORM
from pgtenant.requests.request import Value
from pgtenant.usecases.request.add import add
from pgtenant.usecases.request.form import request_schema
from support import github_api, node

TEMPLATE = "backstage/templates/rds-database/template.yaml"
DOCUMENTED: dict[str, Value] = {
    "database_name": "inventory_service",
    "username": "inventory_user",
    "owner": "app-team",
    "requester": "daniel-deans",
    "environment": "dev",
    "domain": "application",
    "risk": "medium",
}


@pytest.fixture(scope="module")
def scaffolder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Backstage's scaffolder with its GitHub actions: from a template and values to its answer."""
    kit = node.kit()
    scaffold, action = node.packages(kit), node.packages(node.ACTION)
    assert kit is not None
    script = node.beside(action, node.ACTION / "with_github.cjs")
    place = tmp_path_factory.mktemp("values")

    def run(template: Path, values: dict[str, Any]) -> Any:
        file = place / "values.json"
        file.write_text(json.dumps(values))
        said = node.run(
            scaffold,
            kit / "dry-run.cjs",
            str(template),
            str(file),
            NODE_OPTIONS=f"--require {script}",
            KIT=str(scaffold),
        )
        return json.loads(said)

    return run


def test_the_documents_example_starts_the_workflow(
    repository: Path, scaffolder: Any, tmp_path: Path
) -> None:
    done = scaffolder(repository / TEMPLATE, DOCUMENTED)
    assert (done["ok"], done["errors"], done["steps"]) == (True, [], ["request"])
    links = [link["url"] for link in done["output"]["links"]]
    assert links[0].endswith("/pulls?q=is%3Apr+head%3Adatabase/create-dev-inventory_service")
    assert links[1].endswith("/actions/workflows/create-rds-database.yml")
    given = _input(done["log"])
    assert given["workflowInputs"] == DOCUMENTED | {
        "initial_schema": "none",
        "size": "small",
        "base": "development",
    }
    # What the scaffolder made of the step goes to the action that it would have run.
    given["repoUrl"] = "github.com?owner=example-org&repo=platform"
    with github_api.serve() as api:
        schema = json.loads(
            node.run(
                node.packages(node.ACTION),
                node.ACTION / "dispatch.cjs",
                api.url,
                given=json.dumps(given),
            )
        )
        body = {"ref": "development", "inputs": given["workflowInputs"]}
        assert api.dispatches == [("create-rds-database.yml", body)]
    jsonschema.validate(given, schema)
    # And what the workflow is started with is a request that pgtenant takes.
    shutil.copytree(repository, tmp_path / "repository")
    request = tmp_path / "request.json"
    fields = {name: one for name, one in given["workflowInputs"].items() if name != "base"}
    request.write_text(json.dumps(fields))
    project = ["--project", str(tmp_path / "repository")]
    assert main(["request", "add", "--from", str(request), *project]) == 0
    catalog = tmp_path / "repository" / "envs" / "dev-rds" / "terraform.tfvars"
    assert 'requester      = "daniel-deans"' in catalog.read_text()


def test_a_value_is_data_and_no_template(repository: Path, scaffolder: Any) -> None:
    hostile = "${{ parameters.risk }} '\"}, $(id) `id` {{ 7 * 7 }} \\ é"
    done = scaffolder(repository / TEMPLATE, DOCUMENTED | {"requester": hostile, "domain": "null"})
    assert done["ok"], done["errors"]
    inputs = _input(done["log"])["workflowInputs"]
    assert (inputs["requester"], inputs["domain"]) == (hostile, "null")


def test_bad_values_are_refused_before_a_step_runs(repository: Path, scaffolder: Any) -> None:
    bad = {
        "database_name": "pg_inventory",
        "username": "Inventory-User",
        "owner": "app team",
        "requester": "daniel\u200bdeans",
        "environment": "qa",
        "domain": "",
        "risk": "huge",
        "initial_schema": "../none.sql",
    }
    done = scaffolder(repository / TEMPLATE, bad)
    assert (done["ok"], done["status"], done["steps"]) == (False, 400, [])
    assert {error["path"] for error in done["errors"]} == set(bad)


def test_the_workflow_takes_what_the_template_sends(repository: Path) -> None:
    [step] = yaml.safe_load((repository / TEMPLATE).read_text())["spec"]["steps"]
    workflow = repository / ".github" / "workflows" / step["input"]["workflowId"]
    # YAML 1.1 reads the key `on` as true.
    inputs = yaml.safe_load(workflow.read_text())[True]["workflow_dispatch"]["inputs"]
    sent = step["input"]["workflowInputs"]
    assert list(sent) == list(inputs)
    pages = yaml.safe_load((repository / TEMPLATE).read_text())["spec"]["parameters"]
    offered = {name: one for page in pages for name, one in page["properties"].items()}
    assert tuple(offered) == DISPATCHED
    for name, one in offered.items():
        if "options" in inputs[name]:
            assert inputs[name]["options"] == one["enum"]


NAMES = [
    *("a" * size for size in (0, 1, 2, 3, 30, 31, 32, 62, 63, 64)),
    *("_abc", "1abc", "-abc", "a_b", "a-b", "a--b", "a1b", "abC", "ABC", "abc\n", " abc", "a b"),
    *("a.b", "a/b", "a..b", "a\\b", "é" * 3, "a\u0301bc", "abc\u200b", "a\x00b", "\uff41bc", "a$b"),
    *("postgres", "template0", "template1", "template2", "rdsadmin", "streaming_replica", "public"),
    *("none", "platform", "pg_", "pg_x", "pgx", "pg", "rds_a", "rdsa", "cnpg_a", "PG_a", "Public"),
]
TEXTS = [
    *(
        "",
        " ",
        "  ",
        "x" * 200,
        "x" * 201,
        "\U0001f600" * 200,
        "\U0001f600" * 201,
        "daniel-deans",
        "Daniel Deans",
    ),
    *(
        "tab\there",
        "line\n",
        "\u200b",
        "a\u00a0b",
        "\ue000",
        "\x7f",
        "日本",
        "é",
        "\U000e0001",
        "'",
    ),
    *("${{ x }}", '"; drop role y; --'),
]
OWNERS = [
    *("app-team", "App.Team_1", "a", "-a", "a-", "a" * 63, "a" * 64, "group:app-team", "user:x"),
    *("group:default/app-team", "default/app-team", "team:x", "/x", "a/b/c", "group:", "data"),
    *("a" * 63 + "/" + "b" * 63, "a" * 64 + "/b", "Default/x"),
]
WORDS = [
    *("none", "low", "medium", "high", "access", "small", "large", "xlarge", "owner", "editor"),
    *("reader", "password", "iam", "LOW", "basic-app", "event-sourcing", "seed.sql"),
    *("more/deep.sql", "missing.sql", "../seed.sql", "/seed.sql", "more", "application", "billing"),
    *("dev", "test", "prod", "e" * 31, "e" * 32, "1dev", "DEV", "dev-1", "dev_1"),
]
SECRETS = ["a/b", "/a", "a..b", "a" * 512, "a" * 513, "a b", "a+b=c.d@e-f_g"]
OTHERS: list[Value] = [5, 0, -1, 1, 2**31 - 1, 2**31, True, False, [], ["pgcrypto"], ["a", "a"]]
OTHERS += [["A"], ["uuid-ossp", "citext"], [""], ["a" * 63], ["a" * 64], ["a\n"], ["1"]]
TOGETHER: Sequence[Value] = [*NAMES, *TEXTS, *OWNERS, *WORDS, *SECRETS, *OTHERS]
VALUES = list({repr(one): one for one in TOGETHER}.values())
STRICTER = """
[server]
maintenance_database = "platform"
[naming]
key           = "[a-zA-Z][a-zA-Z0-9-]*|x"
database_name = "^(?:[a-z][a-z0-9-]{1,60}[a-z0-9]|Data[.]Base)$"
username      = '^\\w+$'
[requests]
teams   = ["app-team", "data"]
domains = ["application", "billing"]
"""


@pytest.mark.parametrize("toml", ["", STRICTER], ids=["defaults", "stricter"])
def test_the_form_refuses_what_a_request_refuses(
    tmp_path: Path, toml: str, record_property: Any
) -> None:
    """Every value in every field, each time with the rest of the documents' example."""
    (tmp_path / "pgtenant.toml").write_text(toml)
    (tmp_path / "schemas" / "more").mkdir(parents=True)
    for name in ("seed.sql", "more/deep.sql"):
        (tmp_path / "schemas" / name).write_text("SELECT 1")
    (tmp_path / "link.sql").write_text("SELECT 1")
    (tmp_path / "schemas" / "link.sql").symlink_to(tmp_path / "link.sql")
    loaded = settings.load(tmp_path, environ={})
    base = DOCUMENTED | {"database_name": "inventory", "key": "inventory"}
    cases = [(field.name, base | {field.name: one}) for field in FORM for one in VALUES]
    # The pages of a template say nothing of their dialect either.
    schema = {name: one for name, one in request_schema(loaded).items() if name != "$schema"}
    given = json.dumps({"schema": schema, "values": [case for _, case in cases]})
    judges = [node.run(node.packages(node.FORM), node.FORM / "judge.cjs", given=given)]
    if node.kit() is not None:
        judges.append(
            node.run(node.packages(node.kit()), node.SCAFFOLDER / "judge.cjs", given=given)
        )
    refusals = [_refused(loaded, name, case) for name, case in cases]
    for judged in judges:
        different = []
        for (name, case), said, refused in zip(cases, json.loads(judged), refusals, strict=True):
            assert set(said) <= {name}
            # The one rule that ECMAScript would read in another way is not in the form.
            left_out = bool(toml) and name == "username" and "the rule is" in refused
            if bool(said) != bool(refused) and not left_out:
                different.append((name, case[name], said, refused))
        assert different == []
    assert len(cases) / 3 < sum(map(bool, refusals)) < len(cases)
    record_property("values that the form and the tool judge alike", len(cases))


def test_the_form_is_made_again_from_the_settings(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["request", "form", "--project", str(repository)]) == 0
    assert capsys.readouterr().out == (repository / TEMPLATE).read_text()


def _input(log: list[str]) -> dict[str, Any]:
    [line] = [one for one in log if "in dry-run mode with inputs" in one]
    found: dict[str, Any] = json.loads(line[line.index("{") :])
    return found


def _refused(loaded: settings.Settings, field: str, given: dict[str, Value]) -> str:
    """Return what the tool has against a field; nothing when it has nothing."""
    try:
        add(loaded, given, moment="2026-11-21", dry_run=True)
    except PgtenantError as error:
        if field in {"environment", "key"}:  # they are not fields of an entry
            return error.message
        about_it = [line for line in error.message.splitlines() if line.startswith(f"  {field}:")]
        return "\n".join(about_it)
    return ""
