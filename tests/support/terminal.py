"""Commands at a terminal of a given width: what it shows in the end."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from support.project import Project
from tools import terminal

ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_COLOURS = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a command printed on a terminal, standard error included.

    Attributes:
        raw: with its escapes and carriage returns.
    """

    code: int
    raw: str

    @property
    def lines(self) -> list[str]:
        """The lines that stay; a line that was drawn over is not among them."""
        plain = ESCAPE.sub("", self.raw).replace("\r\n", "\n")
        return [line.rpartition("\r")[2].rstrip() for line in plain.split("\n")]

    @property
    def drawn(self) -> list[str]:
        """Every line that was there for a moment."""
        return re.split("[\r\n]+", ESCAPE.sub("", self.raw))


def at_a_terminal(
    project: Project,
    arguments: Sequence[str],
    *,
    columns: int = 80,
    environ: dict[str, str] | None = None,
) -> Shown:
    """Run pgtenant at a terminal, in the project's directory."""
    chunks: list[bytes] = []
    kept = {name: value for name, value in os.environ.items() if name not in _COLOURS}
    kept |= {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | project.variables() | (environ or {})
    code = terminal.run(
        [sys.executable, "-m", "pgtenant", *arguments],
        chunks.append,
        columns=columns,
        rows=24,
        environ=kept,
        cwd=project.root,
    )
    return Shown(code, b"".join(chunks).decode())
