"""Tab in a real bash, on a terminal, and what other shells are told."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from pgtenant.cli import main
from pgtenant.cli.completion import SHELLS, VARIABLE

CATALOG = """\
application_databases = {
  invoices = { database_name = "invoices", username = "invoices_user" }
  orders   = { database_name = "orders", username = "orders_user", half-edited = }
}
"""
# Asked by the shell it is pgtenant; called by the user it says what it was given.
PROGRAM = f"""\
#!/bin/bash
[ -n "${{{VARIABLE}-}}" ] && exec {sys.executable} -m pgtenant
printf '<%s>' "$@"; echo '<end>'
"""
PATIENCE = 60  # seconds, for a machine with much else to do


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for environment in ("dev", "staging"):
        catalog = root / "envs" / f"{environment}-rds" / "terraform.tfvars"
        catalog.parent.mkdir(parents=True)
        catalog.write_text(CATALOG.replace(", half-edited =", ""))
    (root / "elsewhere").mkdir()
    return root


class Terminal:
    """A bash on a terminal of its own that has read the script of `pgtenant completion`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def type(self, keys: str) -> str:
        """Press keys and Enter; return what the program was then called with."""
        os.write(self._descriptor, f"{keys}\n".encode())
        seen, end = "", time.monotonic() + PATIENCE
        while "<end>" not in seen:
            assert time.monotonic() < end, seen
            if select.select([self._descriptor], [], [], 1)[0]:
                seen += os.read(self._descriptor, 4096).decode()
        return seen[seen.index("<") : seen.index("<end>")]


@contextmanager
def bash(root: Path, environ: Mapping[str, str]) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        cwd=root,
        env=dict(environ),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(ours)
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)


def test_tab_in_bash(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    program = tmp_path / "bin" / "pgtenant"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    environ = {
        "HOME": str(tmp_path),
        "INPUTRC": os.devnull,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "TERM": "dumb",
    }
    with bash(project, environ) as terminal:
        terminal.type("source ../script; pgtenant read")
        assert terminal.type("pgtenant pl\t") == "<plan>"
        assert terminal.type("pgtenant apply --onl\t") == "<apply><--only>"
        assert terminal.type("pgtenant plan -e st\t") == "<plan><-e><staging>"
        assert terminal.type("pgtenant plan --env=st\t") == "<plan><--env=staging>"
        assert terminal.type("pgtenant plan --project else\t") == "<plan><--project><elsewhere/>"
        assert terminal.type("pgtenant rotate -e dev or\t") == "<rotate><-e><dev><orders>"
        # What is there already is not offered again.
        assert terminal.type("pgtenant adopt invoices \t") == "<adopt><invoices><orders>"
        terminal.type("cd /; pgtenant outside")
        assert terminal.type("pgtenant plan -e st\t") == "<plan><-e><st>"


def answers(words: str, *, shell: str = "zsh", cwd: Path) -> list[str]:
    """Return what a shell is told at the end of `words`."""
    *before, last = words.split()
    done = subprocess.run(
        [sys.executable, "-m", "pgtenant"],
        cwd=cwd,
        env=os.environ
        | {
            VARIABLE: f"{shell}_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": last if shell == "fish" else str(len(before)),
        },
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_what_zsh_and_fish_are_told(project: Path) -> None:
    assert answers("pgtenant plan -e d", cwd=project) == ["plain", "dev", "_"]
    assert answers("pgtenant plan -e d", shell="fish", cwd=project) == ["plain,dev"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("terraform.tfvars", CATALOG), ("terraform.tfvars", "\0"), ("terraform.tfvars.json", "{")],
)
def test_what_is_half_edited_tears_up_no_prompt(name: str, text: str, project: Path) -> None:
    catalog = project / "envs" / "dev-rds" / "terraform.tfvars"
    catalog.unlink()
    catalog.with_name(name).write_text(text)
    assert answers("pgtenant rotate -e dev x", cwd=project) == []


def test_bad_settings_offer_nothing(project: Path) -> None:
    (project / "pgtenant.toml").write_text("[nonsense")
    assert answers("pgtenant plan -e d", cwd=project) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_are_of_their_shells(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"{VARIABLE}={shell}_complete" in script
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} on this machine to read it")
    subprocess.run([shell, "-n"], input=script, text=True, check=True)
