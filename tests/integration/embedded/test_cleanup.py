"""However the parent ends, neither a process nor a file of the server is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.fleet import fast_directory

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgtenant.embedded import Distribution

_CHILD = """
import sys, time
from pathlib import Path
from pgtenant.embedded import Distribution, Keeper, Server
root, parent, how = sys.argv[1:]
with (
    Keeper(Path(parent) if parent else None) as keeper,
    Server(Distribution("0", Path(root)), durable=False, keeper=keeper) as server,
):
    print(server.pid, keeper._process.pid, server.data_directory.parent, flush=True)
    if how == "raise":
        raise RuntimeError
    time.sleep(60)
"""


def _start(distribution: Distribution, how: str = "sleep") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(distribution.root), str(fast_directory() or ""), how],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _read(child: subprocess.Popen[str]) -> tuple[int, int, Path]:
    assert child.stdout is not None
    postmaster, supervisor, directory = child.stdout.readline().split()
    return int(postmaster), int(supervisor), Path(directory)


def _eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def _ended(pid: int) -> bool:
    # A container whose first process does not reap leaves orphans as zombies.
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split(") ")[1][0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("signum", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_nothing_is_left_after_a_signal(distribution: Distribution, signum: str) -> None:
    with _start(distribution) as child:
        postmaster, supervisor, directory = _read(child)
        assert directory.is_dir()
        assert not _ended(postmaster)
        child.send_signal(getattr(signal, signum))
        child.wait(20)
        assert _eventually(lambda: not directory.exists())
        assert _eventually(lambda: _ended(postmaster) and _ended(supervisor))


def test_nothing_is_left_after_an_exception(distribution: Distribution) -> None:
    with _start(distribution, "raise") as child:
        postmaster, supervisor, directory = _read(child)
        child.wait(20)
        assert _ended(postmaster)
        assert _ended(supervisor)
        assert not directory.exists()


def test_no_server_outlives_its_supervisor(distribution: Distribution) -> None:
    with _start(distribution) as child:
        postmaster, supervisor, directory = _read(child)
        os.kill(supervisor, signal.SIGKILL)
        assert _eventually(lambda: _ended(postmaster))
        child.send_signal(signal.SIGINT)
        assert child.wait(20) != 0
        assert not directory.exists()
