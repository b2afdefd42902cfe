"""A stdout that is closed, full, gone or ASCII: no traceback, and no run ends over it."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import subprocess
from typing import Any

import pytest
from psycopg import sql

import pgtenant.cli.plan
import pgtenant.usecases.adopt
import pgtenant.usecases.apply
import pgtenant.usecases.bootstrap
import pgtenant.usecases.plan
from pgtenant.cli import main
from support.project import Project, Result, password_of

ENTRIES = {"orders": {"database_name": "orders", "username": "orders_user"}}


def _shell(project: Project, redirection: str, *arguments: str, **environ: str) -> Result:
    command = shlex.join(project.command(*arguments))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} {redirection}"],
        capture_output=True,
        check=False,
        env=os.environ | project.variables() | environ,
        timeout=120,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def _lines(result: Result) -> list[str]:
    """Return what is on stderr besides the logs, which are JSON."""
    assert "Traceback" not in result.err
    return [line for line in result.err.splitlines() if not line.startswith("{")]


@pytest.mark.parametrize("style", ["text", "json", "sql", "markdown"])
@pytest.mark.parametrize(
    ("redirection", "says"),
    [(">&-", "closed"), (">/dev/full", "No space left on device")],
)
def test_plan_that_nobody_can_read(
    project: Project, redirection: str, says: str, style: str
) -> None:
    project.write(ENTRIES)
    result = _shell(project, redirection, "plan", "-e", "dev", "--format", style)
    assert result.code == 1
    line, more = _lines(result)
    assert line.startswith("error: the output could not be written")
    assert more.startswith("help: pgtenant explain PGT-0106 ")
    assert says in line


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("redirection", [">&-", ">/dev/full", "| true", "2>&-"])
def test_apply_that_nobody_reads(project: Project, redirection: str, style: str) -> None:
    project.write(ENTRIES)
    result = _shell(project, redirection, "apply", "-e", "dev", "--format", style)
    assert result.code == 0, result.err
    if "2>" not in redirection:
        [line] = _lines(result)
        assert "the audit file has all of it" in line
    assert {row["status"] for row in project.audit_rows()} == {"success"}
    with project.tenant("orders_user", "orders"):
        pass


def _hand_made(project: Project) -> None:
    """A role and a database for `adopt` and `import` to find."""
    project.write(ENTRIES)
    made = sql.SQL("CREATE ROLE orders_user LOGIN CREATEDB PASSWORD {}")
    with project.instance.connect(*dataclasses.astuple(project.instance.admin)) as admin:
        admin.execute(made.format(password_of("orders_user")))
        admin.execute("GRANT orders_user TO CURRENT_USER")
        admin.execute("CREATE DATABASE orders OWNER orders_user")


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full", "| true", "2>&-"])
@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("command", [("adopt", "--all"), ("bootstrap",)], ids=" ".join)
def test_adopt_and_bootstrap_that_nobody_reads(
    project: Project, command: tuple[str, ...], style: str, redirection: str
) -> None:
    _hand_made(project)
    result = _shell(project, redirection, *command, "-e", "dev", "--format", style)
    assert result.code == 0, result.err
    if "2>" not in redirection:
        [line] = _lines(result)
        assert "the audit file has all of it" in line
    assert {row["status"] for row in project.audit_rows()} == {"success"}


@pytest.mark.parametrize("command", ["adopt --all", "bootstrap"])
def test_a_dry_run_that_nobody_can_read(project: Project, command: str) -> None:
    """Its output is all that it is for."""
    _hand_made(project)
    result = _shell(project, ">/dev/full", *command.split(), "-e", "dev", "--dry-run")
    assert result.code == 1
    assert _lines(result)[-2].startswith("error: the output could not be written")


@pytest.mark.parametrize(
    ("redirection", "says"), [(">&-", "closed"), (">/dev/full", "No space left on device")]
)
def test_import_that_nobody_can_read(project: Project, redirection: str, says: str) -> None:
    _hand_made(project)
    result = _shell(project, redirection, "import", "-e", "dev")
    assert result.code == 1
    said = _lines(result)[-2]
    assert said.startswith("error: the output could not be written")
    assert says in said


def test_import_to_a_file_needs_no_output(project: Project) -> None:
    _hand_made(project)
    out = project.root / "imported.tfvars"
    assert _shell(project, ">&-", "import", "-e", "dev", "--out", str(out)).code == 0
    assert "orders_user" in out.read_text()


@pytest.mark.parametrize("style", ["text", "json", "sql", "markdown"])
def test_ascii_only(project: Project, style: str) -> None:
    project.write(ENTRIES)
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"}
    result = _shell(project, "", "plan", "-e", "dev", "--format", style, **ascii_only)
    assert (result.code, _lines(result)) == (0, [])
    assert "orders_user" in result.out


@pytest.mark.parametrize("level", ["info", "debug"])
def test_what_nobody_thought_of(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    level: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ExceptionGroup("several", [KeyError("a\nb"), OSError("c")])

    monkeypatch.setattr(pgtenant.cli.plan, "load_settings", fail)
    monkeypatch.setenv("PGTENANT_LOG_LEVEL", level)
    assert main(["plan", "-e", "dev", "--project", str(project.root)]) == 1
    said = capsys.readouterr().err
    *before, line, more = said.splitlines()
    assert more.startswith("help: pgtenant explain PGT-0100 ")
    assert line.startswith("internal error: KeyError: 'a\\nb'; please report it")
    assert ("Traceback" in said) is (level == "debug")
    assert bool(before) is (level == "debug")


def _break(*_: object, **__: object) -> None:
    raise KeyError("nobody thought of it")


@pytest.mark.parametrize(
    ("command", "of", "required"),
    [
        ("plan", pgtenant.usecases.plan, {"environment", "changes", "drift", "summary"}),
        ("apply", pgtenant.usecases.apply, {"environment", "run_id", "records", "summary"}),
        ("adopt --all", pgtenant.usecases.adopt, {"environment", "run_id", "records"}),
        ("bootstrap", pgtenant.usecases.bootstrap, {"environment", "run_id", "role"}),
    ],
)
def test_an_internal_error_is_in_the_document(
    project: Project, monkeypatch: pytest.MonkeyPatch, command: str, of: object, required: set[str]
) -> None:
    project.write(ENTRIES)
    monkeypatch.setattr(of, "connected", _break)
    result = project.run(*command.split(), "-e", "dev", "--format", "json")
    assert result.code == 1
    assert required <= result.json.keys()
    assert result.json["error"]["message"] == "internal error: KeyError: 'nobody thought of it'"
    assert "please report it" in result.json["error"]["hint"]
    assert "internal error: KeyError" in result.err


def test_an_internal_error_before_the_command_could_begin(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is known yet that the command's schema asks for: there is the error alone."""
    monkeypatch.setattr(pgtenant.cli.plan, "load_settings", _break)
    arguments = ["plan", "-e", "dev", "--project", str(project.root)]
    assert main([*arguments, "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["message"].startswith("internal error: KeyError")
    assert main(arguments) == 1
    assert capsys.readouterr().out == ""


def test_an_internal_error_spoils_no_document(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was printed already stays the only document there is."""
    project.write(ENTRIES)
    print_ = pgtenant.cli.plan._print

    def print_and_break(*arguments: Any, **options: Any) -> None:
        print_(*arguments, **options)
        raise KeyError("nobody thought of it")

    monkeypatch.setattr(pgtenant.cli.plan, "_print", print_and_break)
    result = project.plan()
    assert result.code == 1
    assert "error" not in result.json
