"""What follows from the directory that a command is run in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pgtenant.cli import main
from pgtenant.cli.working import project_here

CATALOG = 'application_databases = { orders = { database_name = "orders", username = "orders_u" } }'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "repository" / "platform"
    for env in ("dev", "prod"):
        (root / "envs" / f"{env}-rds").mkdir(parents=True)
        (root / "envs" / f"{env}-rds" / "terraform.tfvars").write_text(CATALOG)
    (root / "docs" / "deep").mkdir(parents=True)
    (root / "pgtenant.toml").touch()
    return root


@pytest.mark.parametrize(
    ("inside", "found"),
    [(".", "."), ("docs", ".."), ("docs/deep", "../.."), ("envs/dev-rds", "../.."), ("..", ".")],
)
def test_the_project_is_found_upwards(
    project: Path, monkeypatch: pytest.MonkeyPatch, inside: str, found: str
) -> None:
    monkeypatch.chdir(project / inside)
    assert project_here() == Path(found)


def test_not_beyond_the_repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "docs" / "deep")
    (project / "docs" / "deep" / ".git").touch()  # a submodule has a file of that name
    assert project_here() == Path()


def test_not_beyond_catalogs_without_settings(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "docs" / "envs").mkdir()
    monkeypatch.chdir(project / "docs")
    assert project_here() == Path()


def test_not_what_somebody_else_has_put_there(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "docs")
    mine = (project / "pgtenant.toml").stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    assert project_here() == (Path("..") if mine == 0 else Path())


def test_a_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert project_here() == Path()


def render(*arguments: str) -> int:
    return main(["render", "sql", *arguments, "orders"])


def test_the_environment_of_the_directory(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project / "envs" / "prod-rds")
    assert render() == 0
    assert capsys.readouterr().err == "environment: prod, by the directory\n"
    assert render("-e", "dev") == 0
    assert capsys.readouterr().err == ""


def test_the_only_environment(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project / "docs")
    assert render() == 64
    assert "Missing option '-e' / '--env'. One of: dev, prod." in capsys.readouterr().err
    (project / "envs" / "prod-rds" / "terraform.tfvars").unlink()
    assert render() == 0
    assert capsys.readouterr().err == "environment: dev, the only one\n"


TAKING = (
    "retire orders --stage disable",
    "rotate orders",
    "adopt orders",
    "bootstrap",
    "tenant retire orders acme",
    "verify --terminate",
)


@pytest.mark.parametrize("command", TAKING)
def test_what_takes_something_away_has_it_named(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    (project / "envs" / "prod-rds" / "terraform.tfvars").unlink()
    monkeypatch.chdir(project)
    assert main(command.split()) == 64
    assert "Missing option '-e' / '--env'. One of: dev." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        ("plna -e dev", "Did you mean 'plan'?"),
        ("audit rnus -e dev", "Did you mean 'runs'?"),
        ("plan --detailed-exit-code -e dev", "Did you mean '--detailed-exitcode'?"),
        ("plan dev", "Did you mean -e dev?"),
        ("apply prod", "Did you mean -e prod?"),
        ("plan -e dve", "did you mean dev?"),
        ("render sql -e dev order", "has no entry order; did you mean orders?"),
        ("request change -e dev ordres --risk high", "has no entry ordres; did you mean orders?"),
    ],
)
def test_what_was_meant(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    meant: str,
) -> None:
    monkeypatch.chdir(project)
    assert main(command.split()) == 64
    assert meant in capsys.readouterr().err
