"""A stdout that is closed, full, gone or ASCII: no traceback, and no run ends over it."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest

import pgtenant.cli.plan
from pgtenant.cli import main
from support.project import Project, Result

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
    [line] = _lines(result)
    assert line.startswith("error: the output could not be written")
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
    *before, line = said.splitlines()
    assert line.startswith("internal error: KeyError: 'a\\nb'; please report it")
    assert ("Traceback" in said) is (level == "debug")
    assert bool(before) is (level == "debug")
