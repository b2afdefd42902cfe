"""Runs of pgtenant as processes of their own, quickly: each is forked from one that imported it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from support.faults import zygote
from support.project import Project, Result

_KEPT = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
_PATIENCE = 120.0  # seconds


class Runs:
    """One run at a time.

    Attributes:
        pid: of the run that is under way.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid: int | None = None
        self._process = process

    def run(self, project: Project, *arguments: str, file_size: int = 0) -> Result:
        """Run the command line to its end; a code below 0 is the signal that ended it.

        Args:
            project: where.
            arguments: of pgtenant.
            file_size: how many bytes a file may have, for this run; 0 for any number.
        """
        out, err = project.root / "stdout", project.root / "stderr"
        heard = _Pipes(out, err) if file_size else None  # pipes have no size
        request = {
            "argv": [*arguments, "--project", str(project.root)],
            "env": {name: os.environ[name] for name in _KEPT if name in os.environ}
            | project.variables(),
            "out": str(out),
            "err": str(err),
            "file_size": file_size,
        }
        given, taken = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        given.write(json.dumps(request) + "\n")
        given.flush()
        self.pid = int(taken.readline())
        watchdog = threading.Timer(_PATIENCE, self.kill)
        watchdog.start()
        try:
            code = int(taken.readline())
        finally:
            watchdog.cancel()
            self.pid = None
        if heard is not None:
            return Result(code, *heard.texts())
        return Result(code, out.read_text(), err.read_text())

    def kill(self) -> None:
        """End the run that is under way, as `kill -9` does."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)


class _Pipes:
    """Named pipes in place of files, which hold what is not much."""

    def __init__(self, *paths: Path) -> None:
        for path in paths:
            path.unlink(missing_ok=True)
            os.mkfifo(path)
        self._ends = [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in paths]
        self._paths = paths

    def texts(self) -> list[str]:
        """Return what was written, and remove them."""
        texts = []
        for end, path in zip(self._ends, self._paths, strict=True):
            with os.fdopen(end, "rb") as file:
                texts.append((file.read() or b"").decode())
            path.unlink()
        return texts


@contextlib.contextmanager
def forked() -> Iterator[Runs]:
    """Start the process that forks."""
    with subprocess.Popen(
        [sys.executable, str(Path(zygote.__file__))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Runs(process)
        cast("IO[str]", process.stdin).close()
