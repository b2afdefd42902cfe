"""Start a tool, wait for it, and watch how much memory all its processes take."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.world import Command

_SAMPLE_EVERY = 0.02
_TAIL, _LINES = 600, 3


class FailedError(Exception):
    """A tool failed; the text says how."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a tool.

    Attributes:
        seconds: from the start of the first process to the end of the last.
        cpu_seconds: of all its processes, in user and system mode.
        peak_bytes: of all its processes together, pages that they share counted once; None
            when nobody looked.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int | None


def run(commands: Sequence[Command], *, timeout: float, watch_memory: bool = False) -> Ran:
    """Start all commands at once and wait for the last.

    Raises:
        FailedError: one ended with another status than 0, or they took longer than `timeout`
            seconds; then all are killed.
    """
    with tempfile.TemporaryFile() as output, contextlib.ExitStack() as stack:
        before, began = os.times(), time.perf_counter()
        processes = [_start(command, output) for command in commands]
        stack.callback(_end, processes)
        sampler = stack.enter_context(_sampling(processes)) if watch_memory else None
        for process in processes:
            left = timeout - (time.perf_counter() - began)
            try:
                process.wait(max(0.0, left))
            except subprocess.TimeoutExpired:
                raise FailedError(f"still running after {timeout:g} s") from None
        seconds, after = time.perf_counter() - began, os.times()
        worst = max((process.returncode for process in processes), key=abs)
        if worst != 0:
            raise FailedError(f"exit status {worst}: {_last_words(output)}")
    cpu = (
        after.children_user - before.children_user + after.children_system - before.children_system
    )
    return Ran(seconds, cpu, sampler.peak if sampler else None)


def clean_environment() -> dict[str, str]:
    """This process's environment without what libpq, pgtenant, Python and Ansible would read.

    Python's above all: without its cache of compiled modules every start takes seconds.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "ANSIBLE", "ALLOW_DB", "PYTHON"))
    }


def published(text: str) -> str:
    """Take out of a message what tells one machine from another: paths and addresses."""
    text = re.sub(r"(/[\w.@-]+){2,}", "…", " ".join(text.split()))
    return re.sub(r"127\.0\.0\.1(:\d+)?|port \d+", "…", text)


def _start(command: Command, output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command.argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=clean_environment() | dict(command.env),
        start_new_session=True,
    )


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _last_words(output: IO[bytes]) -> str:
    output.seek(0)
    text = output.read().decode(errors="replace").strip()
    lines = [line.strip() for line in text[-_TAIL:].splitlines() if line.strip()]
    return " | ".join(lines[-_LINES:])


class _Sampler:
    def __init__(self, pids: Sequence[int]) -> None:
        self.peak = 0
        self._pids = tuple(pids)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.peak = max(self.peak, sum(_memory(pid) for pid in _trees(self._pids)))
            if self._over.wait(_SAMPLE_EVERY):
                return


@contextlib.contextmanager
def _sampling(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[_Sampler]:
    sampler = _Sampler([process.pid for process in processes])
    sampler.start()
    try:
        yield sampler
    finally:
        sampler.stop()


def _trees(pids: Sequence[int]) -> Iterator[int]:
    for pid in pids:
        yield pid
        children: list[int] = []
        with contextlib.suppress(OSError):
            for listed in Path(f"/proc/{pid}/task").glob("*/children"):
                children += [int(child) for child in listed.read_text("ascii").split()]
        yield from _trees(children)


def _memory(pid: int) -> int:
    # Proportional: processes that fork or run the same program share most of their pages.
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except (OSError, ValueError):
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
