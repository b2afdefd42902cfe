"""`load`: files that cannot be read, and initial schemas that must exist."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pgtenant.catalog.load import MAX_BYTES, load, parse
from pgtenant.errors import CatalogError

GOOD = b'application_databases = { a = { database_name = "a_db", username = "a_user" } }\n'


def problem(path: Path, display: str = "envs/dev-rds/terraform.tfvars") -> str:
    with pytest.raises(CatalogError) as caught:
        load(path, display=display)
    (found,) = caught.value.problems
    assert (found.file, found.line) == (display, 0)
    return found.message


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfvars"
    path.write_bytes(GOOD)
    catalog = load(path, display="shown.tfvars")
    assert catalog.path == "shown.tfvars"
    assert [entry.key for entry in catalog.entries] == ["a"]


def test_the_files_own_suffix_counts(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfvars.json"
    path.write_text('{"application_databases": {}}')
    assert load(path, display="terraform.tfvars").entries == ()


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as caught:
        load(tmp_path / "terraform.tfvars", display="envs/dev-rds/terraform.tfvars")
    (found,) = caught.value.problems
    assert found.message == "there is no catalog at envs/dev-rds/terraform.tfvars"
    assert "[project] catalog" in caught.value.hint


def test_a_file_in_place_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "dev").write_text("")
    assert "cannot be read: Not a directory" in problem(tmp_path / "dev" / "a.tfvars")


def test_a_directory(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfvars"
    path.mkdir()
    assert "is a directory" in problem(path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfvars"
    os.mkfifo(path)
    assert "not a regular file" in problem(path)


def test_links_that_go_round(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfvars"
    path.symlink_to(path)
    assert "cannot be read" in problem(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_nobody_may_read(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfvars"
    path.write_bytes(GOOD)
    path.chmod(0)
    assert "cannot be read: Permission denied" in problem(path)


def test_a_nul_in_the_path(tmp_path: Path) -> None:
    assert "cannot be read" in problem(tmp_path / "a\0.tfvars")


def test_an_unknown_suffix(tmp_path: Path) -> None:
    path = tmp_path / "terraform.toml"
    path.write_bytes(GOOD)
    assert "no known suffix: .tfvars" in problem(path)


def test_a_file_that_is_no_catalog_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfvars"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert "larger than 16 MiB" in problem(path)


def schema_problem(value: str, schemas: Path | None) -> str | None:
    text = GOOD.replace(b"} }", f', initial_schema = "{value}" }} }}'.encode())
    try:
        (entry,) = parse(text, display="a.tfvars", schemas=schemas).entries
    except CatalogError as error:
        (found,) = error.problems
        assert (found.line, found.entry, found.field) == (1, "a", "initial_schema")
        return found.message
    assert entry.initial_schema == value
    return None


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    directory = tmp_path / "schemas"
    (directory / "teams").mkdir(parents=True)
    (directory / "teams" / "orders.sql").write_text("SELECT 1;")
    (tmp_path / "outside.sql").write_text("SELECT 1;")
    (directory / "link.sql").symlink_to(tmp_path / "outside.sql")
    (directory / "up").symlink_to(tmp_path)
    (directory / "inner.sql").symlink_to(directory / "teams" / "orders.sql")
    (directory / "round.sql").symlink_to(directory / "round.sql")
    return directory


@pytest.mark.parametrize(
    "value", ["none", "basic-app", "event-sourcing", "teams/orders.sql", "inner.sql"]
)
def test_good_initial_schemas(value: str, schemas: Path) -> None:
    assert schema_problem(value, schemas) is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "is empty"),
        ("basicapp", 'names no file below schemas/: "basicapp"; did you mean "basic-app"?'),
        ("nothing.sql", "names no file"),
        ("round.sql", "names no file"),
        ("teams", "is not a file"),
        ("teams/orders.sql/x", "names no file"),
        ("../outside.sql", "plain relative"),
        ("teams/../teams/orders.sql", "plain relative"),
        ("./teams/orders.sql", "plain relative"),
        ("teams//orders.sql", "plain relative"),
        ("/etc/passwd", "plain relative"),
        ("link.sql", "leaves schemas/"),
        ("up/outside.sql", "leaves schemas/"),
        ("teams\\\\orders.sql", "contains"),
        ("a\\u0000.sql", "contains '\\x00'"),
        ("x" * 300, "300 characters long"),
    ],
)
def test_bad_initial_schemas(value: str, message: str, schemas: Path) -> None:
    found = schema_problem(value, schemas)
    assert found is not None
    assert message in found


def test_without_the_directory_only_the_form_is_checked() -> None:
    assert schema_problem("anything.sql", None) is None
    assert "plain relative" in (schema_problem("../x", None) or "")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("template", "teams", None),
        ("template", "teams/orders.sql", "is not a directory: schemas/teams/orders.sql"),
        ("template", "nothing", "names no directory below schemas/"),
        ("template", "up", "is a link that leaves schemas/"),
        ("template", "../x", "is not a plain relative path"),
        ("tenants_file", "outside.sql", None),
        ("tenants_file", "schemas/teams", "is not a file: schemas/teams"),
        ("tenants_file", "nothing", "names no file below the project's directory"),
        ("tenants_file", "/etc/passwd", "is not a plain relative path"),
    ],
)
def test_what_a_tenancy_names(field: str, value: str, message: str | None, schemas: Path) -> None:
    text = GOOD.replace(b"} }", f', tenancy = {{ {field} = "{value}" }} }} }}'.encode())
    if message is None:
        (entry,) = parse(text, display="a.tfvars", schemas=schemas).entries
        assert entry.tenancy is not None
        assert getattr(entry.tenancy, field) == value
        return
    with pytest.raises(CatalogError) as refused:
        parse(text, display="a.tfvars", schemas=schemas)
    (found,) = refused.value.problems
    assert found.field == f"tenancy.{field}"
    assert message in found.message
