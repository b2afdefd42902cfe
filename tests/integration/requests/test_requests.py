"""`pgtenant request`, run as a user runs it, in a project that is only files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pgtenant.catalog.load import load
from support.requests import CATALOG, DOCUMENTED, ENTITY, RECORDS, Requests, flags

MESSY = """\
account_id = "123456789012"

# Every application's database.
application_databases = {
  backstage = {
    database_name = "backstage"
    username      = "backstage_user" # its plugins make more
  }
  # ... additional applications
}
"""


def test_the_documents_example_makes_all_files(requests: Requests) -> None:
    result = requests.add("dev", "--format", "json")
    assert result.code == 0, result.err
    assert set(requests.files()) == {
        CATALOG.format("dev"),
        RECORDS,
        ENTITY.format("dev", "inventory_service"),
    }
    assert set(result.json["files"]) == set(requests.files())
    assert result.json["branch"] == "database/create-dev-inventory_service"
    assert result.json["labels"] == ["rds-database", "dev", "medium-risk"]
    assert result.json["routing"]["self_serve"] is True
    entries = load(requests.root / CATALOG.format("dev"), display="x.tfvars").entries
    assert [(one.key, one.username) for one in entries] == [("inventory_service", "inventory_user")]
    assert requests.record("dev", "inventory_service")["metadata"]["status"] == "pending"


def test_the_same_again_changes_nothing(requests: Requests) -> None:
    requests.write(CATALOG.format("dev"), MESSY)
    assert requests.add().code == 0
    before = requests.files()
    text = before[CATALOG.format("dev")].decode()
    assert set(MESSY.splitlines()) <= set(text.splitlines())
    assert text.endswith("  # ... additional applications\n}\n")
    result = requests.add("dev", "--format", "json")
    assert result.code == 0
    assert result.json["changed"] is False
    assert requests.files() == before


def test_what_an_earlier_request_lacked_is_made(requests: Requests) -> None:
    requests.add()
    whole = requests.files()
    (requests.root / RECORDS).unlink()
    (requests.root / ENTITY.format("dev", "inventory_service")).unlink()
    assert requests.add().code == 0
    assert requests.files() == whole


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"risk": "high"}, 'risk: "medium" there, "high" in the request'),
        ({"key": "other", "username": "other_user"}, "already has an owner"),
        ({"database_name": "other"}, '"inventory_user" is already used by entry'),
        ({"database_name": "rds_x", "username": "some_user"}, "is reserved"),
        ({"database_name": "Upper", "username": "some_user"}, "must be written as"),
        ({"database_name": "other", "username": "u" * 32}, "at most 31"),
        ({"database_name": "new_one", "username": "u_new", "risk": "extreme"}, "must be one of"),
        ({"database_name": "new_one", "username": "u_new", "owner": "The Team"}, "name of a team"),
        ({"database_name": "new_one", "username": "u_new", "owner": ""}, "owner: is empty"),
        (
            {"database_name": "new_one", "username": "u_new", "initial_schema": "no.sql"},
            "names no file below schemas/",
        ),
        ({"database_name": "new_one", "username": "u_new", "access_level": "reader"}, "no entry"),
    ],
)
def test_what_is_refused_changes_nothing(
    changed: dict[str, str], said: str, requests: Requests
) -> None:
    requests.add()
    before = requests.files()
    result = requests.add("dev", **changed)
    assert result.code == 64
    assert said in result.err
    assert "Traceback" not in result.err
    assert requests.files() == before


def test_everything_wrong_is_said_at_once(requests: Requests) -> None:
    result = requests.run("add", "-e", "dev", "--database-name", "x")
    assert result.code == 64
    for field in ("username", "owner", "requester", "domain", "risk"):
        assert f"{field}: is missing; give --{field}" in result.err
    assert result.err.count("username") == 2
    assert "database_name: has 1 characters" in result.err


def test_what_the_catalog_has_against_it_is_said_at_once_too(requests: Requests) -> None:
    requests.add()
    before = requests.files()
    result = requests.add("dev", database_name="x_db", risk="extreme", owner="The Team")
    assert result.code == 64
    for said in ("owner: must be the name", "risk: must be one of", "is already used by entry"):
        assert said in result.err
    asked = ("--owner", "The Team", "--risk", "extreme", "--size", "huge")
    result = requests.run("change", "-e", "dev", "inventory_service", *asked)
    assert result.code == 64
    for said in ("owner: must be the name", "risk: must be one of", "size: must be one of"):
        assert said in result.err
    result = requests.add("nowhere at all", owner="The Team")
    assert result.code == 64
    assert "Traceback" not in result.err
    assert requests.files() == before


def test_a_byte_order_mark_stays_in_all_files(requests: Requests) -> None:
    requests.add()
    mark = b"\xef\xbb\xbf"
    for path, data in requests.files().items():
        (requests.root / path).write_bytes(mark + data)
    assert requests.run("change", "-e", "dev", "inventory_service", "--risk", "low").code == 0
    assert requests.run("status", "-e", "dev", "inventory_service", "approved").code == 0
    assert requests.add("dev", database_name="other", username="other_user").code == 0
    files = requests.files()
    del files[ENTITY.format("dev", "other")]
    assert all(data.startswith(mark) and data.count(mark) == 1 for data in files.values())
    assert all(b"low" in data for data in files.values())


def test_a_catalog_that_is_wrong_already_is_shown_as_it_is(requests: Requests) -> None:
    requests.write(CATALOG.format("dev"), "application_databases = {\n  A = {}\n}\n")
    result = requests.add()
    assert result.code == 64
    assert f"{CATALOG.format('dev')}:2" in result.err


def test_substring_names_are_names_of_their_own(requests: Requests) -> None:
    requests.write(CATALOG.format("dev"), MESSY)
    for name in ("stage", "backstage_x", "back"):
        result = requests.add("dev", database_name=name, username=f"{name}_user")
        assert result.code == 0, result.err
    keys = {
        one.key for one in load(requests.root / CATALOG.format("dev"), display="x.tfvars").entries
    }
    assert keys == {"backstage", "stage", "backstage_x", "back"}
    assert (requests.root / CATALOG.format("dev")).read_text().startswith(MESSY[:150])
    assert requests.run("show", "-e", "dev", "stage", "--format", "json").json["key"] == "stage"


def test_the_same_database_in_two_environments(requests: Requests) -> None:
    assert requests.add("dev").code == 0
    result = requests.add("prod", "--format", "json", owner="web-team")
    assert result.code == 0
    assert result.json["routing"]["approvers"] == ["platform-team"]
    assert any("another owner" in note for note in result.json["notes"])
    assert requests.record("dev", "inventory_service")["metadata"]["owner"] == "app-team"
    assert requests.record("prod", "inventory_service")["metadata"]["owner"] == "web-team"
    assert requests.run("status", "-e", "prod", "inventory_service", "approved").code == 0
    assert requests.record("dev", "inventory_service")["metadata"]["status"] == "pending"


def test_two_environments_never_share_a_secret(requests: Requests) -> None:
    requests.write("pgtenant.toml", '[secrets]\napp = "shared/{entry}"\n')
    assert requests.add("dev").code == 0
    result = requests.add("prod")
    assert result.code == 64
    assert "is that of inventory_service in dev already" in result.err


def test_teams_and_domains_may_be_lists(requests: Requests) -> None:
    requests.write("pgtenant.toml", '[requests]\nteams = ["web-team"]\ndomains = ["data"]\n')
    result = requests.add()
    assert result.code == 64
    assert "owner: must be one of web-team" in result.err
    assert "domain: must be one of data" in result.err


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_from_a_file(suffix: str, requests: Requests) -> None:
    fields = DOCUMENTED | {"environment": "test", "connection_limit": 20, "extensions": ["citext"]}
    requests.write(f"request.{suffix}", json.dumps(fields))
    source = str(requests.root / f"request.{suffix}")
    assert requests.run("add", "--from", source, "--size", "large").code == 0
    (entry,) = load(requests.root / CATALOG.format("test"), display="x.tfvars").entries
    assert (entry.connection_limit, entry.extensions, entry.size) == (20, ("citext",), "large")
    result = requests.run("add", "--from", source, "-e", "dev")
    assert result.code == 64
    assert "-e says dev" in result.err


def test_a_file_with_something_else_in_it(requests: Requests) -> None:
    requests.write("r.yaml", "database_nam: x\ntenancy: {}\nusername: [1]\n")
    result = requests.run("add", "-e", "dev", "--from", str(requests.root / "r.yaml"))
    assert result.code == 64
    assert "tenancy: can't be set by a request" in result.err
    assert "username: must be a list of strings" in result.err


@pytest.mark.parametrize("name", ["terraform.tfvars.json", "terraform.yaml"])
def test_other_languages(name: str, requests: Requests) -> None:
    requests.write(f"envs/dev-rds/{name}", '{"application_databases": {}}\n')
    assert requests.add().code == 0
    path = requests.root / "envs/dev-rds" / name
    assert [one.key for one in load(path, display=name).entries] == ["inventory_service"]
    assert not (requests.root / CATALOG.format("dev")).exists()


def test_a_dry_run_shows_and_writes_nothing(requests: Requests) -> None:
    requests.write(CATALOG.format("dev"), MESSY)
    before = requests.files()
    result = requests.add("dev", "--dry-run")
    assert result.code == 0
    assert '+    database_name  = "inventory_service"' in result.out
    assert requests.files() == before


def test_a_change(requests: Requests) -> None:
    requests.add()
    result = requests.run("change", "-e", "dev", "inventory_service", "--size", "xlarge")
    assert result.code == 0
    assert "platform-team, database-team" in result.out
    assert requests.record("dev", "inventory_service")["configuration"]["size"] == "xlarge"
    before = requests.files()
    assert requests.run("change", "-e", "dev", "inventory_service", "--size", "xlarge").code == 0
    for wrong in (["--size", "huge"], ["--access-level", "reader"], []):
        assert requests.run("change", "-e", "dev", "inventory_service", *wrong).code == 64
    assert requests.run("change", "-e", "dev", "nobody", "--size", "small").code == 64
    assert requests.files() == before


def test_who_reads_half_of_a_change_is_told(requests: Requests) -> None:
    requests.add()
    for asked in (["list"], ["show", "-e", "dev", "inventory_service"]):
        requests.write(".pgtenant-request/journal.json", '{"undo": false, "steps": []}')
        found = requests.run(*asked)
        assert (found.code, "was interrupted" in found.err) == (0, True)
        assert requests.add("dev").code == 0
        assert requests.run(*asked).err == ""


def test_list_and_route(requests: Requests) -> None:
    requests.write(CATALOG.format("dev"), MESSY)
    requests.add()
    requests.add("prod")
    found = requests.run("list", "--format", "json").json["databases"]
    assert [(one["environment"], one["key"], one["status"]) for one in found] == [
        ("dev", "backstage", "unrecorded"),
        ("dev", "inventory_service", "pending"),
        ("prod", "inventory_service", "pending"),
    ]
    assert "risk high or access: security-team" in requests.run("route").out
    route = requests.run("route", "-e", "prod", "--risk", "access", "--format", "json").json
    assert route["approvers"] == ["platform-team", "security-team"]
    assert "self-serve" in requests.run("route", "-e", "dev", "inventory_service").out


def start(root: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pgtenant", "request", *arguments, "--project", str(root)]
    return subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_requests_at_the_same_time_all_survive(requests: Requests) -> None:
    requests.write(CATALOG.format("dev"), MESSY)
    names = [f"service_{letter}" for letter in "abc"]
    fields = [DOCUMENTED | {"database_name": name, "username": f"{name}_u"} for name in names]
    runs = [start(requests.root, ["add", "-e", "dev", *flags(one)]) for one in fields]
    errors = [run.communicate(timeout=120)[1] for run in runs]
    assert [run.returncode for run in runs] == [0] * len(runs), errors
    keys = {
        one.key for one in load(requests.root / CATALOG.format("dev"), display="x.tfvars").entries
    }
    assert keys == {"backstage", *names}
    assert set(requests.yaml(RECORDS)["databases"]["dev"]) == set(names)
